/** Shows a view as a presentation state says on the images that the state names, and as it was before on all others. */
import { chooseCurve, chosenCurve } from '../imaging/drawing';
import type { Curve, Voi } from '../imaging/luts';
import type { Range } from '../imaging/presets';
import { datasetAt, type Frame, type Stack, startsInverted } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import { projectionOf } from '../tools/projection';
import { type GreyNote, type Greys, greysOf } from './greys';
import { apply, areaOf, concerns } from './shapes';
import type { Presentation } from './types';

/** Whether a state is about a frame (PS3.3 C.11.11): what it does not name it does not change. */
export const governs = (state: Presentation, { sop, number }: Pick<Frame, 'sop' | 'number'>) =>
  concerns(state.images, sop, number);

/** What of a state's greys is not as the reader may expect it on a frame. */
export function notesOn(state: Presentation, stack: Stack, index: number): readonly GreyNote[] {
  const [frame, ds] = [stack.frames[index], datasetAt(stack, index)];
  return frame && ds && governs(state, frame) ? greysOf(state, ds, frame.sop, frame.number).notes : [];
}

export function showVoi(view: ImageView, voi: Voi): void {
  chooseCurve(view.element, voi.curve);
  view.setRange(voi.range);
}

/** How the reader had a view. */
interface Look {
  /** Undefined: each image's own. */
  readonly range: Range | undefined;
  readonly curve: Curve | null;
  readonly inverted: boolean;
  readonly turned: { flipHorizontal: boolean; flipVertical: boolean; rotation: number };
  readonly zoom: number;
  readonly pan: readonly [number, number];
}

function lookOf(view: ImageView): Look | null {
  const { viewport } = view;
  if (!viewport) return null;
  const { flipHorizontal = false, flipVertical = false, rotation = 0 } = viewport.getViewState();
  const [x, y] = viewport.getPan();
  return {
    range: view.chosenRange && { ...view.chosenRange },
    curve: chosenCurve(view.element),
    inverted: view.getState().inverted,
    turned: { flipHorizontal, flipVertical, rotation },
    zoom: viewport.getZoom(),
    pan: [x, y],
  };
}

function lookAgain(view: ImageView, { range, curve, inverted, turned, zoom, pan }: Look): void {
  if (!view.viewport) return;
  view.viewport.setViewState(turned);
  view.viewport.setZoom(zoom);
  view.viewport.setPan([...pan]);
  if (view.getState().inverted !== inverted) view.invert();
  view.applyPreset({ name: 'default' });
  chooseCurve(view.element, curve);
  if (range) view.setRange(range);
}

interface Applied {
  readonly state: Presentation;
  readonly place: string;
  readonly greys: string;
}

/** The state of one view: follows what is shown there. */
export class Seen {
  private readonly view: ImageView;
  /** How the view was before the state. */
  private before: Look | null = null;
  private applied: Applied | null = null;
  /** What waits for the view to be put on anew, or was shown last. */
  private wanted: Presentation | null = null;
  private known: { state: Presentation; stack: Stack; greys: Map<number, Greys> } | null = null;

  constructor(view: ImageView) {
    this.view = view;
  }

  /** Frame `index` of `stack` is on the screen, and is to be seen by `state`. */
  follow(state: Presentation | null, stack: Stack, index: number): void {
    const frame = stack.frames[index];
    if (!frame || !this.view.viewport) return;
    if (!state || !governs(state, frame)) {
      this.leave();
      return;
    }
    const greys = this.greysOf(state, stack, index);
    const next = { state, place: placeKey(state, frame), greys: greyKey(greys, startsInverted(stack, index)) };
    const last = this.applied?.state === state ? this.applied : null;
    if (last?.place === next.place && last.greys === next.greys) return; // the reader may have turned and windowed it since
    this.before ??= lookOf(this.view);
    this.view.lends = this.before;
    const isCurved = greys.voi !== null && greys.voi.curve.kind !== 'linear';
    this.wanted = state;
    if (isCurved && this.view.drawsCurves(() => this.again(state))) return;
    if (last?.place !== next.place) this.place(state, frame);
    if (last?.greys !== next.greys || last.place !== next.place) this.paint(state, greys, startsInverted(stack, index));
    this.applied = next;
  }

  /** The view was put on anew for a state. */
  private again(state: Presentation): void {
    const { stack, shown } = this.view.getState();
    this.applied = null;
    if (this.wanted === state && stack && shown >= 0) this.follow(state, stack, shown);
  }

  /** An image that the state does not name: as the reader had it. */
  private leave(): void {
    this.wanted = null;
    if (this.before) lookAgain(this.view, this.before);
    this.before = null;
    this.applied = null;
    this.view.lends = null;
  }

  private greysOf(state: Presentation, stack: Stack, index: number): Greys {
    if (this.known?.state !== state || this.known.stack !== stack) this.known = { state, stack, greys: new Map() };
    let found = this.known.greys.get(index);
    if (!found) {
      const { sop, number } = stack.frames[index]!;
      found = greysOf(state, datasetAt(stack, index) ?? {}, sop, number);
      this.known.greys.set(index, found);
    }
    return found;
  }

  /** A state mirrors after it turns; the toolkit turns after it mirrors, so that a mirrored image is turned the other way. */
  private place(state: Presentation, { sop, number }: Frame): void {
    const { rotation, flipped } = state;
    this.view.reset();
    this.view.viewport?.setViewState({
      flipHorizontal: flipped,
      flipVertical: false,
      rotation: (flipped ? 360 - rotation : rotation) % 360,
    });
    fitArea(this.view, state, sop, number);
  }

  /** The state's own inversion stands in the place of the image's. */
  private paint(state: Presentation, { voi }: Greys, isInverse: boolean): void {
    if (voi) showVoi(this.view, voi);
    if (this.view.getState().inverted !== (state.inverse !== isInverse)) this.view.invert();
  }
}

const placeKey = (state: Presentation, { sop, number }: Frame) =>
  String(state.areas.findIndex((one) => concerns(one.images, sop, number)));

function greyKey({ voi }: Greys, isInverse: boolean): string {
  if (!voi) return `colour ${isInverse}`;
  const { range, curve } = voi;
  const shape = curve.kind === 'table' ? fingerprint(curve.levels) : curve.kind;
  return [range.lower.toFixed(6), range.upper.toFixed(6), shape, isInverse].join(' ');
}

function fingerprint(levels: Float32Array): string {
  let sum = 0;
  for (let i = 0; i < levels.length; i += 1) sum = (sum * 31 + Math.round(levels[i]! * 256)) % 2_147_483_647;
  return `${levels.length}:${sum}`;
}

function fitArea(view: ImageView, state: Presentation, sop: string, frame: number): void {
  const { viewport, element } = view;
  const whole = projectionOf(view);
  if (!viewport || !whole) return;
  const area = areaOf(state, sop, frame, whole.columns, whole.rows);
  const corners = () => {
    const projection = projectionOf(view) ?? whole;
    const [a, b] = [
      apply(projection.matrix, [area.left, area.top]),
      apply(projection.matrix, [area.right, area.bottom]),
    ];
    return {
      width: Math.abs(b[0] - a[0]),
      height: Math.abs(b[1] - a[1]),
      middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const,
    };
  };
  const { width, height } = corners();
  if (!width || !height) return;
  const pixel = width / Math.max(1, Math.abs(area.right - area.left));
  const fit = Math.min(element.clientWidth / width, element.clientHeight / height);
  const factor = area.mode === 'MAGNIFY' && area.ratio ? area.ratio / (pixel * window.devicePixelRatio) : fit;
  viewport.setZoom(viewport.getZoom() * factor);
  const { middle } = corners();
  const [x, y] = viewport.getPan();
  viewport.setPan([x + element.clientWidth / 2 - middle[0], y + element.clientHeight / 2 - middle[1]]);
}
