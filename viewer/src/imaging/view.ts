/** One viewport: shows a stack, scrolls, windows, plays; tells React what it shows. The only user of the toolkit's viewport API. */

import { cache, Enums, imageLoader, type PlanarViewport, RenderingEngine, utilities } from '@cornerstonejs/core';
import { ApiError } from '../api/problem';
import { edgesOn } from './edges';
import { bring } from './frames';
import { fullRange } from './fullrange';
import { measurementsOn, removeOne, whenMeasured } from './measures';
import { Mouse } from './mouse';
import type { EdgeLetters } from './orientation';
import { type Preset, type Range, rangeOf } from './presets';
import { FrameScheduler } from './scheduler';
import { datasetAt, openingIndex, type Stack, startsInverted } from './stack';
import { CACHE_BYTES, startToolkit } from './toolkit';
import { EMPTY, type ToolName, type ViewState } from './viewstate';
import { Wheel } from './wheel';

const REQUESTS = 4;
/** The part of the cache that one stack may fill by itself. */
const STACK_SHARE = 0.6;

interface Kept {
  scheduler: FrameScheduler;
  index: number;
  range: Range | undefined;
  inverted: boolean;
}

let serial = 0;

export class ImageView {
  private state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private readonly id: string;
  private readonly element: HTMLDivElement;
  private engine: RenderingEngine | undefined;
  private viewport: PlanarViewport | undefined;
  private mouse: Mouse | undefined;
  private readonly kept = new Map<string, Kept>();
  private displaySet = '';
  private opened = 0;
  private wanted = 0;
  private arrived = 0;
  private readonly wheel = new Wheel();
  private playTimer: ReturnType<typeof setTimeout> | undefined;
  private resizing: ResizeObserver | undefined;
  private unlisten: (() => void) | undefined;
  private closed = false;
  /** Stops what is still being fetched when the study is left. */
  private readonly leaving = new AbortController();
  private notifying = false;
  private readonly ready: Promise<void>;

  constructor(element: HTMLDivElement) {
    serial += 1;
    this.id = `view-${serial}`;
    this.element = element;
    this.ready = this.mount();
    this.ready.catch((error: unknown) => this.update({ status: 'ready', error }));
  }

  /* --- for React ------------------------------------------------------------------------------------------------- */

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): ViewState => this.state;

  private update(patch: Partial<ViewState>): void {
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
    await startToolkit();
    if (this.closed) return;
    this.engine = new RenderingEngine(this.id);
    this.engine.enableElement({
      viewportId: this.id,
      element: this.element,
      type: Enums.ViewportType.PLANAR_NEXT,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.engine.getViewport(this.id) as unknown as PlanarViewport;
    this.mouse = new Mouse(this.id, this.state.tool);
    this.listen();
  }

  private listen(): void {
    const on = (event: string, handler: (event: Event) => void) => this.element.addEventListener(event, handler);
    on(Enums.Events.STACK_NEW_IMAGE, (event) => {
      const { imageIdIndex } = (event as CustomEvent<{ imageIdIndex?: number }>).detail;
      if (typeof imageIdIndex === 'number') this.update({ shown: imageIdIndex, edges: this.edges(imageIdIndex) });
    });
    on(Enums.Events.VOI_MODIFIED, (event) => {
      const { range } = (event as CustomEvent<{ range?: Range }>).detail;
      if (range) this.update({ range: { lower: range.lower, upper: range.upper } });
    });
    on(Enums.Events.CAMERA_MODIFIED, () => this.readCamera());
    on(Enums.Events.IMAGE_RENDERED, () => this.readCamera());
    this.unlisten = whenMeasured(() => this.update({ measurements: this.measurements().length }));
    on('contextmenu', (event) => event.preventDefault());
    // the toolkit would swallow every key, Tab and F5 too; the application has its own shortcuts
    this.element.addEventListener('keydown', (event) => event.stopImmediatePropagation(), { capture: true });
    this.element.addEventListener('wheel', this.onWheel, { passive: false });
    this.resizing = new ResizeObserver(() => this.engine?.resize(true, true));
    this.resizing.observe(this.element);
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
    this.closed = true;
    clearTimeout(this.playTimer);
    this.resizing?.disconnect();
    this.unlisten?.();
    this.element.removeEventListener('wheel', this.onWheel);
    for (const { scheduler } of this.kept.values()) scheduler.stop();
    this.leaving.abort();
    this.mouse?.close();
    this.engine?.destroy();
    if (this.displaySet) utilities.genericViewportDisplaySetMetadataProvider.remove(this.displaySet);
    cache.purgeCache(); // one study at a time: reading PCs have little memory
    this.listeners.clear();
  }

  /* --- stacks ---------------------------------------------------------------------------------------------------- */

  /** Shows a stack: where it was left, or at its opening frame, or at `at`. */
  async open(stack: Stack, at?: number): Promise<void> {
    this.opened += 1;
    const turn = this.opened;
    this.remember();
    this.pause();
    const kept = this.keep(stack);
    const index = Math.min(Math.max(0, at ?? kept.index), stack.frames.length - 1);
    kept.index = index;
    this.update({
      status: 'loading',
      stack,
      target: index,
      shown: -1,
      error: null,
      frames: [...kept.scheduler.states],
      range: kept.range ?? null,
      inverted: kept.inverted,
      rate: stack.rate,
      edges: null,
    });
    try {
      await this.ready;
      await kept.scheduler.want(index);
      if (turn !== this.opened || this.closed) return;
      await this.present(stack, kept);
      this.update({ status: 'ready', shown: index, edges: this.edges(index) });
      kept.scheduler.prefetch();
    } catch (error) {
      if (!(error instanceof ApiError)) console.error('the image could not be shown', error);
      if (turn === this.opened) this.update({ status: 'ready', error });
    }
  }

  private keep(stack: Stack): Kept {
    const known = this.kept.get(stack.series);
    if (known?.scheduler.states.length === stack.frames.length) return known;
    known?.scheduler.stop(); // more images have come since
    const budget = Math.max(8, Math.floor((CACHE_BYTES * STACK_SHARE) / Math.max(1, stack.frameBytes)));
    const scheduler = new FrameScheduler({
      count: stack.frames.length,
      limit: REQUESTS,
      budget,
      load: async (index) => {
        const { imageId } = stack.frames[index]!;
        if (cache.getImage(imageId)) return;
        await bring(imageId, this.leaving.signal);
        await imageLoader.loadAndCacheImage(imageId, { requestType: Enums.RequestType.Prefetch, priority: 0 });
      },
      changed: () => {
        if (this.state.stack?.series === stack.series) this.update({ frames: [...scheduler.states] });
      },
    });
    const kept: Kept = {
      scheduler,
      index: known?.index ?? openingIndex(stack),
      range: known?.range,
      inverted: known?.inverted ?? false,
    };
    this.kept.set(stack.series, kept);
    return kept;
  }

  private remember(): void {
    const { stack, target, inverted } = this.state;
    const kept = stack && this.kept.get(stack.series);
    if (!stack || !kept) return;
    kept.index = target;
    kept.inverted = inverted;
    kept.range = this.viewport?.getDisplaySetPresentation(this.displaySet)?.voiRange as Range | undefined;
  }

  private async present(stack: Stack, kept: Kept): Promise<void> {
    const viewport = this.viewport!;
    const provider = utilities.genericViewportDisplaySetMetadataProvider;
    const previous = this.displaySet;
    this.displaySet = `${this.id}:${this.opened}`;
    provider.add(this.displaySet, {
      imageIds: stack.frames.map((frame) => frame.imageId),
      kind: 'planar',
      initialImageIdIndex: kept.index,
    });
    await viewport.setDisplaySets({ displaySetId: this.displaySet });
    if (previous) provider.remove(previous);
    viewport.resetViewState();
    viewport.setDisplaySetPresentation(this.displaySet, {
      invert: this.drawnInverted(kept.index),
      ...(kept.range ? { voiRange: kept.range } : {}),
    });
    viewport.render();
    this.readRange();
  }

  /** Wants frame `index` on the screen. What is shown stays until its pixels are there. */
  goTo(index: number): void {
    const { stack } = this.state;
    const kept = stack && this.kept.get(stack.series);
    if (!stack || !kept) return;
    const target = Math.min(Math.max(0, index), stack.frames.length - 1);
    if (target === this.state.target && !this.state.error) return;
    this.wanted += 1;
    const ticket = this.wanted;
    const turn = this.opened;
    this.update({ target, error: null });
    kept.index = target;
    if (this.state.shown < 0) {
      void this.open(stack, target);
      return;
    }
    kept.scheduler.want(target).then(
      () => {
        if (turn !== this.opened || ticket < this.arrived || this.closed) return;
        this.arrived = ticket;
        void this.viewport?.setImageIdIndex(target);
        this.viewport?.setDisplaySetPresentation(this.displaySet, { invert: this.drawnInverted(target) });
      },
      (error: unknown) => {
        if (turn === this.opened && this.state.target === target) this.update({ error });
      },
    );
  }

  /** Whether low values are to be drawn bright: by the image's nature, or by the user's wish, not by both. */
  private drawnInverted(index: number): boolean {
    const { stack, inverted } = this.state;
    return stack !== null && startsInverted(stack, index) !== inverted;
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

  private readRange(): void {
    const range = (this.viewport?.getDisplaySetPresentation(this.displaySet)?.voiRange ??
      this.viewport?.getDefaultVOIRange(this.displaySet)) as Range | undefined;
    if (range) this.update({ range: { lower: range.lower, upper: range.upper } });
  }

  private readCamera(): void {
    if (!this.viewport || this.state.shown < 0) return;
    const zoom = this.viewport.getZoom();
    const patch: Partial<ViewState> = {};
    if (Math.abs(zoom - this.state.zoom) > 0.001) patch.zoom = zoom;
    const measurements = this.measurements().length;
    if (measurements !== this.state.measurements) patch.measurements = measurements;
    const edges = this.edges(this.state.shown);
    if (JSON.stringify(edges) !== JSON.stringify(this.state.edges)) patch.edges = edges;
    if (Object.keys(patch).length) this.update(patch);
    if (!this.viewport.getDisplaySetPresentation(this.displaySet)?.voiRange) this.readDefaultRange();
  }

  private readDefaultRange(): void {
    const range = this.viewport?.getDefaultVOIRange(this.displaySet);
    const { range: known } = this.state;
    if (range && (range.lower !== known?.lower || range.upper !== known.upper)) {
      this.update({ range: { lower: range.lower, upper: range.upper } });
    }
  }

  private edges(index: number): EdgeLetters | null {
    const { stack } = this.state;
    const ds = stack && datasetAt(stack, index);
    return ds && this.viewport ? edgesOn(this.viewport, ds) : null;
  }

  private setRange(range: Range): void {
    this.viewport?.setDisplaySetPresentation(this.displaySet, { voiRange: range });
    this.viewport?.render();
    this.readRange();
  }

  applyPreset(preset: Preset): void {
    if (this.state.shown < 0) return;
    if (preset.window) this.setRange(rangeOf(preset.window.width, preset.window.center));
    else if (preset.name === 'full') {
      const frame = this.state.stack?.frames[this.state.shown];
      const range = frame && fullRange(frame.imageId);
      if (range) this.setRange(range);
    } else this.resetWindow();
  }

  private resetWindow(): void {
    this.viewport?.resetDisplaySetPresentation(this.displaySet);
    this.viewport?.setDisplaySetPresentation(this.displaySet, {
      visible: true,
      invert: this.drawnInverted(this.state.shown),
    });
    this.viewport?.render();
    this.readRange();
  }

  private setInverted(inverted: boolean): void {
    this.update({ inverted });
    this.viewport?.setDisplaySetPresentation(this.displaySet, { invert: this.drawnInverted(this.state.shown) });
    this.viewport?.render();
  }

  invert(): void {
    if (this.state.shown >= 0) this.setInverted(!this.state.inverted);
  }

  flip(): void {
    const { flipHorizontal = false } = this.viewport?.getViewState() ?? {};
    this.viewport?.setViewState({ flipHorizontal: !flipHorizontal });
  }

  rotate(): void {
    const { rotation = 0 } = this.viewport?.getViewState() ?? {};
    this.viewport?.setViewState({ rotation: (rotation + 90) % 360 });
  }

  zoomBy(factor: number): void {
    if (this.state.shown < 0 || !this.viewport) return;
    this.viewport.setZoom(Math.min(40, Math.max(0.1, this.viewport.getZoom() * factor)));
  }

  /** Position, zoom, turns, window and inversion as at the start. */
  reset(): void {
    const { stack, shown } = this.state;
    if (!stack || shown < 0) return;
    this.viewport?.resetViewState();
    this.update({ inverted: false });
    this.resetWindow();
  }

  setTool(tool: ToolName): void {
    this.update({ tool });
    this.mouse?.use(tool);
  }

  /* --- measurements ---------------------------------------------------------------------------------------------- */

  private measurements() {
    return measurementsOn(this.state.stack);
  }

  /** Removes the selected measurements of this stack; with none selected, the last one. */
  removeMeasurement(): void {
    removeOne(this.measurements());
    this.viewport?.render();
    this.update({ measurements: this.measurements().length });
  }

  /* --- playing --------------------------------------------------------------------------------------------------- */

  togglePlay(): void {
    if (this.state.playing) this.pause();
    else this.play();
  }

  private play(): void {
    const { stack } = this.state;
    if (!stack || stack.frames.length < 2 || this.state.shown < 0) return;
    this.update({ playing: true });
    const step = () => {
      if (!this.state.playing) return;
      const next = (this.state.target + 1) % stack.frames.length;
      // waits for what is still on its way rather than skipping it
      if (this.state.shown === this.state.target || this.state.error) this.goTo(next);
      this.playTimer = setTimeout(step, 1000 / this.state.rate);
    };
    step();
  }

  pause(): void {
    clearTimeout(this.playTimer);
    if (this.state.playing) this.update({ playing: false });
  }

  setRate(rate: number): void {
    this.update({ rate: Math.min(60, Math.max(1, rate)) });
  }
}
