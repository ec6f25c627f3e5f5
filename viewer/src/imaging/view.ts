/** One viewport: shows a stack, scrolls, windows, plays; tells React what it shows. Several of them share one rendering engine. */

import { Enums, type PlanarViewport, utilities } from '@cornerstonejs/core';
import { ApiError } from '../api/problem';
import { type Image, qualityOf } from './decode';
import { drawHere, howDrawn } from './drawing';
import { Drawn, drawAgain } from './drawn';
import { closeViewport, ENGINE, openViewport, resizeViewports } from './engine';
import type { Plane } from './geometry';
import { Mouse } from './mouse';
import { Player } from './player';
import { type FirstLook, Presentation } from './presentation';
import type { Preset, Range } from './presets';
import { type FrameSource, sourceOf } from './sources';
import { openingIndex, planeAt, type Stack } from './stack';
import { EMPTY, type ToolName, type ViewState } from './viewstate';
import { Wheel } from './wheel';

/** How a series was left in this viewport. */
interface Kept {
  index: number;
  range: Range | undefined;
  inverted: boolean;
  look: FirstLook;
}

let serial = 0;

export class ImageView {
  /** The toolkit's name of the viewport. */
  readonly id: string;
  readonly element: HTMLDivElement;
  private state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private readonly watchers = new Set<() => void>();
  private handle: PlanarViewport | undefined;
  private mouse: Mouse | undefined;
  private readonly look = new Presentation(this);
  private readonly kept = new Map<string, Kept>();
  /** What is to be remembered of the window instead of what is on the screen now: somebody shows the images as another saw them. */
  lends: { readonly range: Range | undefined; readonly inverted: boolean } | null = null;
  private readonly drawn = new Drawn();
  private feed: FrameSource | undefined;
  private unfollow: (() => void) | undefined;
  private shownSet = '';
  private opened = 0;
  private presenting: Promise<unknown> = Promise.resolve();
  private replacing = false;
  private wanted = 0;
  private arrived = 0;
  private readonly wheel = new Wheel();
  private readonly player: Player;
  private resizing: ResizeObserver | undefined;
  private closed = false;
  private notifying = false;
  private readonly ready: Promise<void>;

  constructor(element: HTMLDivElement) {
    serial += 1;
    this.id = `view-${serial}`;
    this.element = element;
    this.player = new Player({
      settled: () => this.state.shown === this.state.target || this.state.error !== null,
      place: () => ({ index: this.state.target, count: this.state.stack?.frames.length ?? 0 }),
      goTo: (index) => this.goTo(index),
      rate: () => this.state.rate,
      sweeps: () => this.state.sweeps,
    });
    this.ready = this.mount();
    this.ready.catch((error: unknown) => this.update({ status: 'ready', error }));
  }

  /* --- for those around it --------------------------------------------------------------------------------------- */

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): ViewState => this.state;

  /** The toolkit's viewport; absent until it is ready. */
  get viewport(): PlanarViewport | undefined {
    return this.handle;
  }

  /** The window that somebody chose; undefined: each image has its own. */
  get chosenRange(): Range | undefined {
    return this.look.chosenRange;
  }

  /** The toolkit's name of what the viewport shows now. */
  get displaySet(): string {
    return this.shownSet;
  }

  get stack(): Stack | null {
    return this.state.stack;
  }

  /** The toolkit's name of frame `index` (0-based). */
  imageIdAt(index: number): string | undefined {
    return this.state.stack?.frames[index]?.imageId;
  }

  /** Where the picture on the screen lies in the patient. */
  get plane(): Plane | null {
    const { stack, shown } = this.state;
    return stack && shown >= 0 ? planeAt(stack, shown) : null;
  }

  /** Calls `watcher` whenever the picture was drawn or moved: for what is drawn over it. Returns the way to stop. */
  whenDrawn(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Changes what is known of the view; its listeners hear of it once per turn of the event loop. */
  update(patch: Partial<ViewState>): void {
    if (this.closed) return;
    this.state = { ...this.state, ...patch };
    if (this.notifying) return;
    this.notifying = true;
    queueMicrotask(() => {
      this.notifying = false;
      for (const listener of this.listeners) listener();
    });
  }

  /* --- life ------------------------------------------------------------------------------------------------------ */

  private async mount(): Promise<void> {
    this.handle = await openViewport(this.id, this.element);
    if (!this.handle) return;
    this.mouse = new Mouse(this.id, ENGINE, this.state.tool);
    this.listen();
  }

  private listen(): void {
    const on = (event: string, handler: (event: Event) => void) => this.element.addEventListener(event, handler);
    on(Enums.Events.STACK_NEW_IMAGE, (event) => {
      const { imageIdIndex, image } = (event as CustomEvent<{ imageIdIndex?: number; image?: Image }>).detail;
      if (typeof imageIdIndex !== 'number') return;
      const quality = image ? qualityOf(image) : this.state.quality;
      this.drawn.expect(imageIdIndex, quality);
      // `open` and `replace` say when it can be handled
      if (this.state.status === 'loading' || this.replacing) return this.update({ quality });
      this.update({ shown: imageIdIndex, quality, edges: this.look.edges(imageIdIndex) });
      this.sharpen();
    });
    on(Enums.Events.VOI_MODIFIED, (event) => {
      const { range } = (event as CustomEvent<{ range?: Range }>).detail;
      if (range) this.update({ range: { lower: range.lower, upper: range.upper } });
    });
    on(Enums.Events.CAMERA_MODIFIED, () => this.readViewport());
    on(Enums.Events.IMAGE_RENDERED, () => {
      this.drawn.now();
      this.readViewport();
    });
    on('contextmenu', (event) => event.preventDefault());
    // the toolkit would swallow every key, Tab and F5 too; the application has its own shortcuts
    this.element.addEventListener('keydown', (event) => event.stopImmediatePropagation(), { capture: true });
    this.element.addEventListener('wheel', this.onWheel, { passive: false });
    this.resizing = new ResizeObserver(() => resizeViewports(() => this.closed || this.look.lean()));
    this.resizing.observe(this.element);
  }

  private readViewport(): void {
    if (this.state.shown < 0) return;
    this.look.readCamera();
    for (const watcher of this.watchers) watcher();
  }

  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (event.ctrlKey) {
      this.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
      return;
    }
    const steps = this.wheel.steps(event);
    if (steps) this.scrollBy(steps);
  };

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.player.pause();
    this.resizing?.disconnect();
    this.unfollow?.();
    this.element.removeEventListener('wheel', this.onWheel);
    this.mouse?.close();
    closeViewport(this.id);
    if (this.shownSet) utilities.genericViewportDisplaySetMetadataProvider.remove(this.shownSet);
    this.listeners.clear();
    this.watchers.clear();
  }

  /* --- stacks ---------------------------------------------------------------------------------------------------- */

  /** Shows a stack: where it was left, or at its opening frame, or at `at`; for the first time with `look`. */
  async open(stack: Stack, at?: number, look: FirstLook = {}): Promise<void> {
    this.opened += 1;
    const turn = this.opened;
    this.replacing = false;
    this.remember();
    this.lends = null;
    this.pause();
    const feed = this.attach(stack);
    const kept = this.kept.get(stack.series) ?? {
      index: openingIndex(stack),
      range: look.range,
      inverted: look.inverted ?? false,
      look,
    };
    this.kept.set(stack.series, kept);
    const index = Math.min(Math.max(0, at ?? kept.index), stack.frames.length - 1);
    kept.index = index;
    this.drawn.begin();
    this.update({
      status: 'loading',
      stack,
      target: index,
      shown: -1,
      error: null,
      frames: [...feed.states],
      range: kept.range ?? null,
      inverted: kept.inverted,
      rate: stack.rate,
      edges: null,
    });
    try {
      await this.ready;
      await feed.want(index);
      if (!(await this.present(stack, kept, turn))) return;
      this.update({ status: 'ready', shown: index, edges: this.look.edges(index) });
      this.sharpen();
      feed.prefetch();
    } catch (error) {
      if (!(error instanceof ApiError)) console.error('the image could not be shown', error);
      if (turn === this.opened) this.update({ status: 'ready', error });
    }
  }

  /** Shows another stack of the same things in the same way: zoom, place, window stay. What is shown stays until it is there. */
  async replace(stack: Stack, at: number): Promise<void> {
    const { handle } = this;
    if (!handle || this.state.shown < 0) return this.open(stack, at);
    this.opened += 1;
    const turn = this.opened;
    this.remember();
    this.pause();
    const kept = this.kept.get(this.state.stack?.series ?? '') ?? { range: undefined, inverted: false, look: {} };
    try {
      await sourceOf(stack).want(at);
      if (turn !== this.opened || this.closed) return;
      const [zoom, pan] = [handle.getZoom(), handle.getPan()];
      this.kept.set(stack.series, { ...kept, index: at });
      this.replacing = true; // until it is there, the old stack is what is shown
      const put = () => {
        if (turn !== this.opened || this.closed) return;
        const feed = this.attach(stack);
        this.update({ stack, target: at, shown: at, error: null, frames: [...feed.states] });
      };
      if (!(await this.present(stack, this.kept.get(stack.series)!, turn, put))) return;
      handle.setZoom(zoom);
      handle.setPan(pan);
      handle.render();
      this.update({ status: 'ready', edges: this.look.edges(at) });
    } catch (error) {
      if (turn === this.opened) this.update({ status: 'ready', error });
    } finally {
      if (turn === this.opened) this.replacing = false;
    }
  }

  /**
   * Sees to it that curves other than a straight window are drawn: a graphics processor knows none. True: it was put on anew for that, at
   * rest, and follows curves when `then` is called.
   */
  drawsCurves(then: () => void): boolean {
    const { stack, shown } = this.state;
    if (!stack || shown < 0 || !drawHere(stack)) return false;
    void this.replace(stack, shown).then(then);
    return true;
  }

  private attach(stack: Stack): FrameSource {
    const feed = sourceOf(stack);
    if (feed === this.feed) return feed;
    this.unfollow?.();
    this.feed = feed;
    this.unfollow = feed.follow((exchanged) => {
      this.update({ frames: [...feed.states] });
      const { target, shown, error } = this.state;
      if (feed.states[target] === 'failed' && shown !== target && !error) this.update({ error: feed.errorOf(target) });
      if (exchanged === this.state.shown) this.sharpen(true);
    });
    return feed;
  }

  /** Draws the frame on the screen again when there is a better picture of it. */
  private sharpen(better = false): void {
    const { shown, quality } = this.state;
    if (!this.handle || shown < 0 || (!better && (quality === 'full' || this.feed?.states[shown] !== 'full'))) return;
    queueMicrotask(() => !this.closed && this.handle && this.state.shown === shown && drawAgain(this.handle));
  }

  private remember(): void {
    const { stack, target, inverted } = this.state;
    const kept = stack && this.kept.get(stack.series);
    if (!stack || !kept) return;
    kept.index = target;
    kept.inverted = this.lends ? this.lends.inverted : inverted;
    kept.range = this.lends ? this.lends.range : this.look.chosenRange;
  }

  /** Puts the stack onto the viewport, one after the other; false when another was opened in the meantime. */
  private async present(stack: Stack, kept: Kept, turn: number, put = () => {}): Promise<boolean> {
    const current = () => turn === this.opened && !this.closed;
    const mine = this.presenting.then(() => (current() ? this.mountStack(stack, kept, put) : undefined));
    this.presenting = mine.catch(() => undefined);
    await mine;
    return current();
  }

  /** `put` is called between the moment when the viewport has the stack and its drawing. */
  private async mountStack(stack: Stack, kept: Kept, put: () => void): Promise<void> {
    const provider = utilities.genericViewportDisplaySetMetadataProvider;
    const previous = this.shownSet;
    this.shownSet = `${this.id}:${this.opened}`;
    provider.add(this.shownSet, {
      imageIds: stack.frames.map((frame) => frame.imageId),
      kind: 'planar',
      initialImageIdIndex: kept.index,
    });
    try {
      await this.handle!.setDisplaySets({ displaySetId: this.shownSet, ...howDrawn(stack) });
    } catch (error) {
      provider.remove(this.shownSet);
      this.shownSet = previous;
      throw error;
    }
    if (previous) provider.remove(previous);
    put();
    this.look.begin(kept.index, kept.range, kept.look);
  }

  /** Wants frame `index` on the screen. What is shown stays until its pixels are there. */
  goTo(index: number): void {
    const { stack } = this.state;
    const kept = stack && this.kept.get(stack.series);
    if (!stack || !kept || !this.feed) return;
    const target = Math.min(Math.max(0, index), stack.frames.length - 1);
    if (target === this.state.target && !this.state.error) return;
    this.wanted += 1;
    const ticket = this.wanted;
    const turn = this.opened;
    this.update({ target, error: null });
    kept.index = target;
    if (this.state.shown < 0 || this.state.status === 'loading') {
      void this.open(stack, target);
      return;
    }
    this.feed.want(target).then(
      () => {
        if (turn !== this.opened || ticket < this.arrived || this.closed) return;
        this.arrived = ticket;
        void this.handle?.setImageIdIndex(target);
        this.look.follow(target);
      },
      (error: unknown) => {
        if (turn === this.opened && this.state.target === target) this.update({ error });
      },
    );
  }

  scrollBy(steps: number): void {
    this.pause();
    this.goTo(this.state.target + steps);
  }

  /** Tries the frame again that could not be shown. */
  retry(): void {
    const { stack, target, shown } = this.state;
    if (!stack) return;
    if (shown < 0) void this.open(stack, target);
    else {
      this.update({ error: this.state.error ?? true });
      this.goTo(target);
    }
  }

  /* --- presentation ---------------------------------------------------------------------------------------------- */

  setRange(range: Range): void {
    this.look.setRange(range);
  }

  applyPreset(preset: Preset): void {
    this.look.applyPreset(preset);
  }

  invert(): void {
    this.look.invert();
  }

  flip(): void {
    this.look.flip();
  }

  rotate(): void {
    this.look.rotate();
  }

  zoomBy(factor: number): void {
    this.look.zoomBy(factor);
  }

  reset(): void {
    this.look.reset();
  }

  setTool(tool: ToolName): void {
    this.update({ tool });
    this.mouse?.use(tool);
  }

  /* --- playing --------------------------------------------------------------------------------------------------- */

  togglePlay(): void {
    if (this.state.playing) {
      this.pause();
      return;
    }
    const { stack, shown } = this.state;
    if (!stack || stack.frames.length < 2 || shown < 0) return;
    this.update({ playing: true });
    this.player.play();
  }

  pause(): void {
    this.player.pause();
    if (this.state.playing) this.update({ playing: false });
  }

  /** Plays to and fro instead of round and round, or the other way. */
  toggleSweep(): void {
    this.update({ sweeps: !this.state.sweeps });
  }

  setRate(rate: number): void {
    this.update({ rate: Math.min(60, Math.max(1, rate)) });
  }
}
