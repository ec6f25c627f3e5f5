/** Shows a view as a presentation state says, and as it was before. */
import { chooseCurve } from '../imaging/drawing';
import { LINEAR, tableOf, type Voi, windowCurve } from '../imaging/luts';
import { startsInverted } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import { projectionOf } from '../tools/projection';
import { apply, areaOf, concerns } from './shapes';
import type { Presentation } from './types';

/** The window of a state for an image, or null. */
export function windowOf(state: Presentation, sop: string, frame: number): Voi | null {
  const found = state.windows.find((one) => concerns(one.images, sop, frame));
  if (!found) return null;
  if (found.descriptor && found.entries) {
    return tableOf({ '00283002': { Value: found.descriptor }, '00283006': { Value: found.entries } }, true);
  }
  return found.center !== undefined && found.width !== undefined
    ? windowCurve(found.center, found.width, found.function ?? 'LINEAR')
    : null;
}

export function showVoi(view: ImageView, voi: Voi): void {
  chooseCurve(view.element, voi.curve);
  view.setRange(voi.range);
}

/** As the image was stored. */
export function showPlain(view: ImageView): void {
  chooseCurve(view.element, null);
  view.reset();
}

/**
 * As the state says (PS3.3 C.10.4 to C.10.6): turned, mirrored, the displayed area in the viewport, window, inversion.
 *
 * A state mirrors after it turns; the toolkit turns after it mirrors, so that a mirrored image is turned the other way.
 */
export function showAs(view: ImageView, state: Presentation): void {
  const { stack, shown } = view.getState();
  const frame = stack?.frames[shown];
  if (!stack || !frame || !view.viewport) return;
  showPlain(view);
  const { rotation, flipped } = state;
  view.viewport.setViewState({
    flipHorizontal: flipped,
    flipVertical: false,
    rotation: (flipped ? 360 - rotation : rotation) % 360,
  });
  fitArea(view, state, frame.sop, frame.number);
  const voi = windowOf(state, frame.sop, frame.number);
  if (voi) showVoi(view, voi);
  else if (state.windows.length) chooseCurve(view.element, LINEAR);
  // the state's own inversion stands in the place of the image's
  const wanted = state.inverse !== startsInverted(stack, shown);
  if (view.getState().inverted !== wanted) view.invert();
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
