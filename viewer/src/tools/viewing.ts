/** Turns and sizes of the picture that the view itself does not offer. */
import type { ImageView } from '../imaging/view';
import { magnification, projectionOf } from './projection';

export function flipVertically(view: ImageView): void {
  const { flipVertical = false } = view.viewport?.getViewState() ?? {};
  view.viewport?.setViewState({ flipVertical: !flipVertical });
}

export function rotateBack(view: ImageView): void {
  const { rotation = 0 } = view.viewport?.getViewState() ?? {};
  view.viewport?.setViewState({ rotation: (rotation + 270) % 360 });
}

/** The whole image in the view; window and turns stay. */
export function fitToFrame(view: ImageView): void {
  const { flipHorizontal, flipVertical, rotation } = view.viewport?.getViewState() ?? {};
  view.viewport?.resetViewState();
  view.viewport?.setViewState({ flipHorizontal, flipVertical, rotation });
}

/** One pixel of the image to one of the screen. */
export function actualSize(view: ImageView): void {
  const projection = projectionOf(view);
  if (!projection || !view.viewport) return;
  view.viewport.setZoom(view.viewport.getZoom() / (magnification(projection) * window.devicePixelRatio));
}
