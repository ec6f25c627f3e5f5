/** Draws shapes over an image: on a canvas over the viewport, by the image's own place on the screen. */
import { apply, areaOf, compose, concerns, type Matrix, openings, outlineOf, type Point, unitsOf } from './shapes';
import type { Graphic, OverlayPlane, Presentation, Shutter, TextObject } from './types';

export type Pen = CanvasRenderingContext2D;

const ANNOTATION = [240, 204, 92];
const FONT = '13px system-ui, "Segoe UI", "Noto Sans", sans-serif';

export const css = (colour: readonly number[], opacity = 1) =>
  `rgb(${colour[0]} ${colour[1]} ${colour[2]} / ${opacity})`;

function trace(pen: Pen, matrix: Matrix, points: readonly Point[], closed: boolean): void {
  points.forEach((point, index) => {
    const [x, y] = apply(matrix, point);
    if (index === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  });
  if (closed) pen.closePath();
}

/** Covers what lies outside the shutter's openings. */
export function paintShutter(pen: Pen, matrix: Matrix, shutter: Shutter, columns: number, rows: number): void {
  pen.fillStyle = css([shutter.grey, shutter.grey, shutter.grey]);
  // a little more than the image: half a pixel of the screen at its edge would shine through
  const image: Point[] = [
    [-1, -1],
    [columns + 1, -1],
    [columns + 1, rows + 1],
    [-1, rows + 1],
  ];
  for (const opening of openings(shutter)) {
    pen.beginPath();
    trace(pen, matrix, image, true);
    trace(pen, matrix, opening, true);
    pen.fill('evenodd');
  }
}

/** Draws a picture whose pixels `matrix` puts on the screen; with `sharp`, its own pixels stay square. */
export function paintPicture(pen: Pen, matrix: Matrix, picture: CanvasImageSource, opacity = 1, sharp = true): void {
  pen.save();
  pen.globalAlpha = opacity;
  pen.imageSmoothingEnabled = !sharp;
  pen.transform(...matrix);
  pen.drawImage(picture, 0, 0);
  pen.restore();
}

/** The place of an overlay plane on the image. */
export const planeMatrix = (matrix: Matrix, plane: OverlayPlane): Matrix =>
  compose(matrix, [1, 0, 0, 1, plane.left - 1, plane.top - 1]);

/** The annotations of a state that are about this frame. */
export function paintAnnotations(
  pen: Pen,
  matrix: Matrix,
  state: Presentation,
  where: { sop: string; frame: number; columns: number; rows: number },
): void {
  const area = areaOf(state, where.sop, where.frame, where.columns, where.rows);
  const order = new Map(state.layers.map((layer) => [layer.name, layer]));
  const drawn = state.annotations
    .filter((one) => concerns(one.images, where.sop, where.frame))
    .sort((a, b) => (order.get(a.layer)?.order ?? 0) - (order.get(b.layer)?.order ?? 0));
  for (const { layer, graphics, texts } of drawn) {
    const colour = order.get(layer)?.colour ?? ANNOTATION;
    for (const graphic of graphics) paintGraphic(pen, compose(matrix, unitsOf(graphic.units, area)), graphic, colour);
    for (const text of texts) {
      const units = (name: string) => compose(matrix, unitsOf(name, area));
      paintText(pen, units(text.units), units(text.anchor_units), text, colour);
    }
  }
}

function paintGraphic(pen: Pen, matrix: Matrix, graphic: Graphic, colour: readonly number[]): void {
  const { points, closed } = outlineOf(graphic);
  for (const [style, width] of [
    ['rgb(0 0 0 / 0.7)', 3],
    [css(colour), 1.5],
  ] as const) {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.beginPath();
    if (points.length === 1) pen.arc(...(apply(matrix, points[0]!) as [number, number]), 3, 0, 2 * Math.PI);
    else trace(pen, matrix, points, closed);
    if (graphic.filled) {
      pen.fillStyle = css(colour, 0.5);
      pen.fill();
    }
    pen.stroke();
  }
}

function paintText(pen: Pen, box: Matrix, anchor: Matrix, object: TextObject, colour: readonly number[]): void {
  const pointed = object.anchor ? apply(anchor, object.anchor as unknown as Point) : null;
  const corner = object.top_left ? apply(box, object.top_left as unknown as Point) : pointed;
  if (!corner) return;
  const other = object.bottom_right ? apply(box, object.bottom_right as unknown as Point) : corner;
  const [left, right] = [Math.min(corner[0], other[0]), Math.max(corner[0], other[0])];
  const top = Math.min(corner[1], other[1]);
  pen.font = FONT;
  pen.textBaseline = 'top';
  const align = object.align === 'RIGHT' ? 'right' : object.align === 'CENTER' ? 'center' : 'left';
  pen.textAlign = align;
  const x = align === 'right' ? right : align === 'center' ? (left + right) / 2 : left;
  if (object.anchor_visible && pointed && object.top_left) {
    pen.strokeStyle = css(colour, 0.9);
    pen.lineWidth = 1;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(...(pointed as [number, number]));
    pen.lineTo((left + right) / 2, (corner[1] + other[1]) / 2);
    pen.stroke();
    pen.setLineDash([]);
  }
  object.text.split(/\r\n|\r|\n/).forEach((line, index) => {
    const y = top + index * 17;
    pen.lineWidth = 3;
    pen.strokeStyle = 'rgb(0 0 0 / 0.8)';
    pen.strokeText(line, x, y);
    pen.fillStyle = css(colour);
    pen.fillText(line, x, y);
  });
}

/** Outlines in the image's pixels. */
export function paintContour(
  pen: Pen,
  matrix: Matrix,
  points: readonly Point[],
  closed: boolean,
  colour: readonly number[],
): void {
  pen.strokeStyle = css(colour);
  pen.lineWidth = 1.75;
  pen.beginPath();
  if (points.length === 1) pen.arc(...(apply(matrix, points[0]!) as [number, number]), 3, 0, 2 * Math.PI);
  else trace(pen, matrix, points, closed);
  pen.stroke();
}
