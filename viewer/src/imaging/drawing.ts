/**
 * How the toolkit's CPU renderer draws our images: exactly, by `luts`.
 *
 * Its own renderer knows neither sigmoids nor padding, and tables only by their greatest entry. An image may bring a `render` of its own;
 * ours has one. Everything else (transform, size, redrawing) stays the toolkit's.
 */
import { Enums, getShouldUseCPURendering, metaData, type Types } from '@cornerstonejs/core';
import { wadors } from '@cornerstonejs/dicom-image-loader';
import { type Dataset, forToolkit, text } from './dicom';
import {
  type Curve,
  drawColor,
  drawGrey,
  LINEAR,
  measuredRange,
  nominalRange,
  paddingOf,
  type Voi,
  voisOf,
} from './luts';
import { type Range, rangeOf } from './presets';
import type { Stack } from './stack';

interface Known {
  readonly ds: Dataset;
  readonly frame: number;
}

const known = new Map<string, Known>();

/** Tells what is known of a frame before its pixels come. */
export function describeFrame(imageId: string, ds: Dataset, frame: number): void {
  known.set(imageId, { ds, frame });
}

/** Forgets a frame: its study is left. */
export function forgetFrame(imageId: string): void {
  known.delete(imageId);
  wadors.metaDataManager.remove(imageId);
}

/** Gives a frame's attributes to the toolkit when it first asks for them: most frames of a large series it asks for late, or never. */
export function tellToolkit(): void {
  metaData.addProvider((_, imageId) => {
    const frame = typeof imageId === 'string' ? known.get(imageId) : undefined;
    if (frame && !wadors.metaDataManager.get(imageId as string)) {
      wadors.metaDataManager.add(
        imageId as string,
        forToolkit(frame.ds) as Parameters<typeof wadors.metaDataManager.add>[1],
      );
    }
    return undefined; // the loader's own provider answers
  }, BEFORE_THE_LOADER);
}

const BEFORE_THE_LOADER = 10_000;

/** What a viewport was told to draw with instead of the curve that the image brings: by the viewport's element. */
const chosen = new WeakMap<Element, Curve>();

/** Draws with `curve` in this element from the next rendering on; null: with each image's own. */
export function chooseCurve(element: Element, curve: Curve | null): void {
  if (curve) chosen.set(element, curve);
  else chosen.delete(element);
}

/** What `chooseCurve` was told for this very element. */
export const chosenCurve = (element: Element): Curve | null => chosen.get(element) ?? null;

function curveFor(canvas: Element, own: Curve): Curve {
  for (let node: Element | null = canvas; node; node = node.parentElement) {
    const curve = chosen.get(node);
    if (curve) return curve;
  }
  return own;
}

/** The ways to see a frame that its object offers, the first one first; none: its values say everything. */
export function alternatives(imageId: string): Voi[] {
  const frame = known.get(imageId);
  return frame ? voisOf(frame.ds, frame.frame) : [];
}

/** Whether only our own drawing does justice to an object: a graphics processor knows straight windows alone. */
function needsOwnDrawing(ds: Dataset): boolean {
  const vois = voisOf(ds, 1);
  if (vois.some(({ curve }) => curve.kind !== 'linear')) return true; // whichever the reader chooses
  const first = vois[0];
  const padding = paddingOf(ds, 1);
  const inverted = text(ds, 'PhotometricInterpretation') === 'MONOCHROME1';
  return padding !== null && (inverted || first === undefined || padding.upper > first.range.lower);
}

/** Stacks for which somebody chose a curve that their objects do not have. */
const curved = new WeakSet<Stack>();

const isDrawnHere = (stack: Stack) => curved.has(stack) || [...stack.datasets.values()].some(needsOwnDrawing);

/** From now on the stack is drawn by our own hand. Returns whether it has to be put onto its viewport anew for that. */
export function drawHere(stack: Stack): boolean {
  if (getShouldUseCPURendering() || isDrawnHere(stack)) return false;
  curved.add(stack);
  return true;
}

/** What the toolkit is to be told when it shows a stack: which of its renderers is to draw it. */
export function howDrawn(stack: Stack): { options?: { renderBackend: RenderBackend } } {
  return isDrawnHere(stack) ? { options: { renderBackend: Enums.RenderBackends.CPU } } : {};
}

type RenderBackend = typeof Enums.RenderBackends.CPU;

interface Element2D {
  canvas: HTMLCanvasElement;
  image: Drawn;
  transform: { getMatrix(): number[] };
  viewport: {
    voi: { windowCenter: number; windowWidth: number };
    invert: boolean;
    pixelReplication: boolean;
    scale: number | number[];
    displayedArea: { tlhc: { x: number; y: number }; brhc: { x: number; y: number } };
  };
  renderingTools: { lientuyen?: Sheet };
}

type Drawn = Omit<Types.IImage, 'render'> & { render?: (element: Element2D) => void };

/** The previews that enlarged images are painted from. */
const smaller = new WeakMap<object, { small: Drawn; reduction: number }>();

/** Says that `image` is to be painted from a `small` one, which was halved `reduction` times. */
export function paintFrom(image: object, small: Types.IImage, reduction: number): void {
  smaller.set(image, { small: small as unknown as Drawn, reduction });
}

/** The picture of an image as it was last drawn, one screen pixel for each of its own. */
interface Sheet {
  canvas: HTMLCanvasElement;
  values: unknown;
  made: string;
  curve: Curve | null;
}

/** Gives an image that was just decoded its default window and our drawing. */
export function dress<T extends Types.IImage>(image: T): T {
  const drawn = image as unknown as Drawn;
  const frame = known.get(image.imageId);
  if (!frame) return image;
  if (image.color) {
    drawn.render = (element) => paint(element, LINEAR, null);
    return image;
  }
  const padding = paddingOf(frame.ds, frame.frame);
  const voi = voisOf(frame.ds, frame.frame)[0];
  const range = voi?.range ?? nominalRange(frame.ds, frame.frame) ?? measured(image, padding);
  image.windowWidth = range.upper - range.lower + 1;
  image.windowCenter = (range.lower + range.upper + 1) / 2;
  image.voiLUTFunction = 'LINEAR' as typeof image.voiLUTFunction; // the range is exact; the curve is ours
  drawn.render = (element) => paint(element, voi?.curve ?? LINEAR, padding);
  return image;
}

const measured = (image: Types.IImage, padding: Range | null) =>
  measuredRange(image.voxelManager?.getScalarData() ?? image.getPixelData(), padding);

function paint(element: Element2D, own: Curve, padding: Range | null): void {
  const { canvas, image, viewport } = element;
  const context = canvas.getContext('2d')!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = 'black';
  context.fillRect(0, 0, canvas.width, canvas.height);
  const matrix = element.transform.getMatrix();
  context.imageSmoothingEnabled = !viewport.pixelReplication;
  context.imageSmoothingQuality = Math.hypot(matrix[0]!, matrix[1]!) < 0.75 ? 'medium' : 'low';
  context.setTransform(matrix[0]!, matrix[1]!, matrix[2]!, matrix[3]!, matrix[4]!, matrix[5]!);
  const { tlhc, brhc } = viewport.displayedArea;
  const [x, y] = [tlhc.x - 1, tlhc.y - 1];
  const [width, height] = [Math.min(brhc.x - x, image.width), Math.min(brhc.y - y, image.height)];
  const preview = smaller.get(image);
  const sheet = sheetOf(element, preview?.small ?? image, curveFor(canvas, own), padding);
  if (!preview) {
    context.drawImage(sheet, x, y, width, height, 0, 0, width, height);
    return;
  }
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.imageSmoothingEnabled = true;
  context.drawImage(sheet, -x, -y, image.width, image.height); // what lies beyond the last samples
  // sample k of the reduced image stands at k * 2^reduction of the whole (see `enlarge`)
  const factor = 2 ** preview.reduction;
  const margin = (1 - factor) / 2;
  context.drawImage(sheet, margin - x, margin - y, sheet.width * factor, sheet.height * factor);
  context.restore();
}

function sheetOf(element: Element2D, image: Drawn, curve: Curve, padding: Range | null): HTMLCanvasElement {
  const { viewport, renderingTools } = element;
  const values = image.voxelManager?.getScalarData() ?? image.getPixelData();
  const { windowWidth, windowCenter } = viewport.voi;
  const made = `${image.imageId} ${image.width} ${windowWidth} ${windowCenter} ${viewport.invert}`;
  const last = renderingTools.lientuyen;
  if (last && last.values === values && last.made === made && last.curve === curve) return last.canvas;
  const canvas = last?.canvas ?? document.createElement('canvas');
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  const context = canvas.getContext('2d')!;
  const picture = context.createImageData(image.width, image.height);
  const pixels = new Uint32Array(picture.data.buffer);
  const range = rangeOf(windowWidth, windowCenter);
  if (image.color) drawColor(values, pixels, range, viewport.invert);
  else drawGrey(values, pixels, { range, curve, inverted: viewport.invert, padding });
  context.putImageData(picture, 0, 0);
  renderingTools.lientuyen = { canvas, values, made, curve };
  return canvas;
}
