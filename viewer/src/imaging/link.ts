/**
 * Views that move together: the others show where the active one is.
 *
 * Stacks follow by position in the patient, in millimetres, and only where that is safe: same frame of reference, near-parallel planes. Another
 * study, or pictures without a place, follow only after the reader said which images belong together ("link here").
 */
import { dot, type Plane, partner, plus, shiftBetween, type Vector } from './geometry';
import { planeAt, planesOf, type Stack } from './stack';
import type { ImageView } from './view';

export interface LinkState {
  /** Scrolling is linked. */
  readonly scroll: boolean;
  /** So are zoom, place and window. */
  readonly look: boolean;
  /** Something was linked by hand. */
  readonly byHand: boolean;
}

/** What the linker needs of the registry of views. */
interface Views {
  subscribe: (listener: () => void) => () => void;
  get: () => { readonly active: ImageView | null; readonly all: readonly ImageView[] };
}

interface Seen {
  stack: Stack | null;
  target: number;
  zoom: number;
  pan: readonly [number, number];
  lower: number;
  upper: number;
}

const frameOf = (stack: Stack, plane: Plane) => plane.frame || stack.series;

export class Linker {
  private readonly views: Views;
  private state: LinkState = { scroll: true, look: false, byHand: false };
  private readonly listeners = new Set<() => void>();
  /** From one frame of reference to another, mm in the patient. */
  private readonly moved = new Map<string, Vector>();
  /** From one series to another, images. */
  private readonly offsets = new Map<string, number>();
  private following: ImageView | null = null;
  private seen: Seen | undefined;
  private readonly unsubscribe: () => void;
  private unfollow: (() => void)[] = [];
  private waiting = 0;

  constructor(views: Views) {
    this.views = views;
    this.unsubscribe = views.subscribe(() => this.follow());
    this.follow();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): LinkState => this.state;

  private update(patch: Partial<LinkState>): void {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener();
  }

  close(): void {
    this.unsubscribe();
    cancelAnimationFrame(this.waiting);
    for (const stop of this.unfollow) stop();
    this.listeners.clear();
  }

  /** Links or unlinks scrolling; unlinking forgets what was linked by hand. */
  toggleScroll(): void {
    const scroll = !this.state.scroll;
    if (!scroll) {
      this.moved.clear();
      this.offsets.clear();
    }
    this.update({ scroll, byHand: scroll && this.state.byHand });
    if (scroll) this.align();
  }

  toggleLook(): void {
    this.update({ look: !this.state.look });
    if (this.state.look) this.alignLook();
  }

  /** The images that are on the screen now belong together, whatever their frames of reference say. Returns how many views were linked. */
  linkHere(): number {
    const { active, all } = this.views.get();
    const from = active && shownIn(active);
    if (!from) return 0;
    let linked = 0;
    for (const view of all) {
      const to = view === active ? null : shownIn(view);
      if (!to) continue;
      linked += 1;
      const shift = from.plane && to.plane && shiftBetween(from.plane, to.plane);
      if (typeof shift === 'number' && from.plane && to.plane) {
        const [a, b] = [frameOf(from.stack, from.plane), frameOf(to.stack, to.plane)];
        const vector = plus([0, 0, 0], to.plane.normal, shift);
        this.moved.set(`${a}>${b}`, vector);
        this.moved.set(`${b}>${a}`, plus([0, 0, 0], vector, -1));
      } else {
        const offset = to.index - from.index;
        this.offsets.set(`${from.stack.series}>${to.stack.series}`, offset);
        this.offsets.set(`${to.stack.series}>${from.stack.series}`, -offset);
      }
    }
    if (linked) this.update({ scroll: true, byHand: true });
    return linked;
  }

  /** Where another view would go to follow the active one; null: it does not follow. */
  private target(source: Stack, index: number, view: ImageView): number | null {
    const { stack } = view;
    if (!stack) return null;
    const offset = this.offsets.get(`${source.series}>${stack.series}`);
    if (offset !== undefined) return Math.min(stack.frames.length - 1, Math.max(0, index + offset));
    const plane = planeAt(source, index);
    const first = planeAt(stack, 0);
    if (!plane || !first || stack.frames.length < 2) return null;
    const moved = this.moved.get(`${frameOf(source, plane)}>${frameOf(stack, first)}`);
    const options = moved ? { shift: dot(first.normal, moved), registered: true } : {};
    return partner(plane, planesOf(stack), options);
  }

  /** A fast scroll passes many images between two pictures of the screen: the others go to the last. */
  private alignSoon(): void {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.align();
    });
  }

  /** Brings the other views to where the active one is. */
  align(): void {
    const { active, all } = this.views.get();
    if (!this.state.scroll || !active?.stack) return;
    const { target } = active.getState();
    for (const view of all) {
      if (view === active || view.getState().playing) continue;
      const index = this.target(active.stack, target, view);
      if (index !== null) view.goTo(index);
    }
  }

  /** Brings all views to where an image of another window lies. */
  alignWith(plane: Plane): void {
    if (!this.state.scroll) return;
    for (const view of this.views.get().all) {
      const index = view.stack && view.stack.frames.length > 1 ? partner(plane, planesOf(view.stack)) : null;
      if (index !== null && !view.getState().playing) view.goTo(index);
    }
  }

  private alignLook(): void {
    const { active, all } = this.views.get();
    if (!this.state.look || !active?.viewport || active.getState().shown < 0) return;
    const [zoom, pan] = [active.viewport.getZoom(), active.viewport.getPan()];
    const { range, stack } = active.getState();
    for (const view of all) {
      if (view === active || !view.viewport || view.getState().shown < 0) continue;
      view.viewport.setZoom(zoom);
      view.viewport.setPan(pan);
      if (range && stack && !stack.color && view.stack?.modality === stack.modality) view.setRange(range);
      view.viewport.render();
    }
  }

  private follow(): void {
    const { active } = this.views.get();
    if (active === this.following) return;
    for (const stop of this.unfollow) stop();
    this.following = active;
    this.seen = active ? look(active) : undefined;
    this.unfollow = active
      ? [active.subscribe(() => this.changed(active)), active.whenDrawn(() => this.changed(active))]
      : [];
  }

  private changed(view: ImageView): void {
    if (view !== this.following) return;
    const [before, now] = [this.seen, look(view)];
    this.seen = now;
    if (!before || !now || before.stack !== now.stack) return;
    if (before.target !== now.target) this.alignSoon();
    const moved =
      Math.abs(before.zoom - now.zoom) > 1e-3 ||
      before.pan.some((value, axis) => Math.abs(value - now.pan[axis]!) > 0.5) ||
      before.lower !== now.lower ||
      before.upper !== now.upper;
    if (moved) this.alignLook();
  }
}

function shownIn(view: ImageView): { stack: Stack; index: number; plane: Plane | null } | null {
  const { stack, shown } = view.getState();
  return stack && shown >= 0 ? { stack, index: shown, plane: planeAt(stack, shown) } : null;
}

function look(view: ImageView): Seen | undefined {
  const { stack, target, shown, range } = view.getState();
  if (!view.viewport || shown < 0) return { stack, target, zoom: 1, pan: [0, 0], lower: 0, upper: 0 };
  const [x = 0, y = 0] = view.viewport.getPan();
  return {
    stack,
    target,
    zoom: view.viewport.getZoom(),
    pan: [x, y],
    lower: range?.lower ?? 0,
    upper: range?.upper ?? 0,
  };
}
