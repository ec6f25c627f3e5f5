/** Where places of the image are on the screen, in CSS pixels of the viewport's element. */
import { Enums } from '@cornerstonejs/core';
import { useEffect, useState } from 'react';
import { numeric } from '../imaging/dicom';
import { datasetAt } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import type { Point } from './mark';

/** x = a·column + c·row + e, y = b·column + d·row + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Projection {
  readonly matrix: Affine;
  /** The frame that is on the screen (0-based). */
  readonly shown: number;
  readonly columns: number;
  readonly rows: number;
}

export const toScreen = ({ matrix: [a, b, c, d, e, f] }: Projection, [x, y]: Point): Point => [
  a * x + c * y + e,
  b * x + d * y + f,
];

export function toImage({ matrix: [a, b, c, d, e, f] }: Projection, [x, y]: Point): Point {
  const area = a * d - b * c;
  const [px, py] = [x - e, y - f];
  return [(d * px - c * py) / area, (a * py - b * px) / area];
}

/** Screen pixels to one image pixel. */
export const magnification = ({ matrix: [a, b, c, d] }: Projection) => Math.sqrt(Math.abs(a * d - b * c));

interface ImageData3 {
  dimensions: readonly number[];
  spacing: readonly number[];
  origin: readonly number[];
  direction: ArrayLike<number>;
}

/** By the toolkit's own geometry of what it draws; null while there is no picture. */
export function projectionOf(view: ImageView): Projection | null {
  const { stack, shown } = view.getState();
  const ds = stack && shown >= 0 ? datasetAt(stack, shown) : undefined;
  const data = view.viewport?.getImageData() as ImageData3 | undefined;
  if (!view.viewport || !ds || !data) return null;
  const [columns, rows] = [numeric(ds, 'Columns') ?? 0, numeric(ds, 'Rows') ?? 0];
  if (!columns || !rows) return null;
  const { dimensions, spacing, origin, direction } = data;
  // a preview has fewer pixels of the same image
  const [fx, fy] = [dimensions[0]! / columns, dimensions[1]! / rows];
  const place = (column: number, row: number): Point => {
    const [i, j] = [(column * fx - 0.5) * spacing[0]!, (row * fy - 0.5) * spacing[1]!];
    const world = [0, 1, 2].map((axis) => origin[axis]! + i * direction[axis]! + j * direction[3 + axis]!);
    const [x, y] = view.viewport!.worldToCanvas(world as [number, number, number]);
    return [x, y];
  };
  const [zero, right, down] = [place(0, 0), place(columns, 0), place(0, rows)];
  const matrix: Affine = [
    (right[0] - zero[0]) / columns,
    (right[1] - zero[1]) / columns,
    (down[0] - zero[0]) / rows,
    (down[1] - zero[1]) / rows,
    zero[0],
    zero[1],
  ];
  const area = matrix[0] * matrix[3] - matrix[1] * matrix[2];
  return matrix.every(Number.isFinite) && Math.abs(area) > 1e-9 ? { matrix, shown, columns, rows } : null;
}

const same = (a: Projection | null, b: Projection | null) =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.shown === b.shown &&
    a.columns === b.columns &&
    a.matrix.every((n, i) => n === b.matrix[i]));

/** The projection of what the view shows, kept up to date. */
export function useProjection(view: ImageView | null): Projection | null {
  const [projection, setProjection] = useState<Projection | null>(null);
  useEffect(() => {
    if (!view) return setProjection(null);
    const read = () => {
      const next = projectionOf(view);
      setProjection((known) => (same(known, next) ? known : next));
    };
    const { element } = view;
    const events = [Enums.Events.CAMERA_MODIFIED, Enums.Events.IMAGE_RENDERED, Enums.Events.STACK_NEW_IMAGE];
    for (const event of events) element.addEventListener(event, read);
    const unfollow = view.subscribe(read);
    read();
    return () => {
      for (const event of events) element.removeEventListener(event, read);
      unfollow();
    };
  }, [view]);
  return projection;
}
