/** Planes in the patient: which are parallel, which image lies where, where two of them cross. Pure; millimetres, LPS (PS3.3 C.7.6.2.1.1). */
import { type Dataset, numbers, numeric, text } from './dicom';

export type Vector = readonly [number, number, number];

export interface Plane {
  /** Frame of Reference UID; empty: none. */
  readonly frame: string;
  /** The centre of the first pixel. */
  readonly origin: Vector;
  /** Unit vectors along a row (columns grow) and down a column (rows grow), and what stands on both. */
  readonly row: Vector;
  readonly column: Vector;
  readonly normal: Vector;
  /** From edge to edge along a row and down a column, mm. */
  readonly width: number;
  readonly height: number;
}

/** Planes nearer than this to each other's direction count as parallel. */
const PARALLEL = Math.cos((10 * Math.PI) / 180);
/** Planes nearer than this to a right angle or at least this oblique have a useful line of intersection. */
const CROSSING = Math.cos((20 * Math.PI) / 180);

export const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const plus = (a: Vector, b: Vector, times = 1): Vector => [
  a[0] + b[0] * times,
  a[1] + b[1] * times,
  a[2] + b[2] * times,
];
export const minus = (a: Vector, b: Vector): Vector => plus(a, b, -1);
export const unit = (a: Vector): Vector => {
  const length = Math.hypot(...a);
  return length > 0 ? [a[0] / length, a[1] / length, a[2] / length] : [0, 0, 0];
};
const vector = (values: readonly number[], from: number): Vector => [
  values[from]!,
  values[from + 1]!,
  values[from + 2]!,
];

/** The plane of an image, or null where it has no place in the patient. */
export function planeOf(ds: Dataset): Plane | null {
  const position = numbers(ds, 'ImagePositionPatient');
  const orientation = numbers(ds, 'ImageOrientationPatient');
  if (position.length !== 3 || orientation.length !== 6) return null;
  const [row, column] = [unit(vector(orientation, 0)), unit(vector(orientation, 3))];
  const normal = unit(cross(row, column));
  if (Math.hypot(...normal) < 0.5) return null;
  const [down = 1, along = 1] = numbers(ds, 'PixelSpacing');
  return {
    frame: text(ds, 'FrameOfReferenceUID'),
    origin: vector(position, 0),
    row,
    column,
    normal,
    width: (numeric(ds, 'Columns') ?? 0) * along,
    height: (numeric(ds, 'Rows') ?? 0) * down,
  };
}

export const centreOf = (plane: Plane): Vector =>
  plus(plus(plane.origin, plane.row, plane.width / 2), plane.column, plane.height / 2);

export const parallel = (a: Plane, b: Plane) => Math.abs(dot(a.normal, b.normal)) >= PARALLEL;

/** Which way a plane lies, by its normal's largest part; null: oblique. */
export function nameOf(plane: Plane): 'axial' | 'coronal' | 'sagittal' | null {
  const parts = plane.normal.map(Math.abs);
  const largest = Math.max(...parts);
  if (largest < 0.8) return null;
  return (['sagittal', 'coronal', 'axial'] as const)[parts.indexOf(largest)]!;
}

/** Places of a stack's images along the normal of its first, mm; null where they do not lie parallel. */
export function placesAlong(planes: readonly (Plane | null)[]): { normal: Vector; at: number[] } | null {
  const first = planes[0];
  if (!first) return null;
  const at: number[] = [];
  for (const plane of planes) {
    if (!plane || plane.frame !== first.frame || !parallel(first, plane)) return null;
    at.push(dot(first.normal, plane.origin));
  }
  return { normal: first.normal, at };
}

/**
 * The image of a stack that lies where `source` lies: the nearest one by position in the patient, moved by `shift` mm along the stack's
 * normal. Null where the two cannot be compared: other frames of reference (unless `registered`), or planes that are not parallel.
 */
export function partner(
  source: Plane,
  stack: readonly (Plane | null)[],
  { shift = 0, registered = false }: { shift?: number; registered?: boolean } = {},
): number | null {
  const places = placesAlong(stack);
  const first = stack[0];
  if (!places || !first || !parallel(source, first)) return null;
  if (!registered && (!source.frame || source.frame !== first.frame)) return null;
  const wanted = dot(places.normal, centreOf(source)) + shift;
  // the centre of the stack's own images: a tilt must not move it
  const own = dot(places.normal, centreOf(first)) - places.at[0]!;
  let best = 0;
  places.at.forEach((place, index) => {
    if (Math.abs(place + own - wanted) < Math.abs(places.at[best]! + own - wanted)) best = index;
  });
  const spacing = places.at.length > 1 ? Math.abs(places.at[1]! - places.at[0]!) : 5;
  const off = Math.abs(places.at[best]! + own - wanted);
  return off <= Math.max(spacing, 5) * 1.5 ? best : null;
}

/** How far, along the stack's normal, image `index` of `stack` lies from `source`: the shift that `partner` needs to bring them together. */
export function shiftBetween(source: Plane, target: Plane): number | null {
  if (!parallel(source, target)) return null;
  return dot(target.normal, centreOf(target)) - dot(target.normal, centreOf(source));
}

/** Where `other` cuts `plane`, as the ends of a line within `other`'s image, or null: parallel, or elsewhere. */
export function cutLine(plane: Plane, other: Plane): [Vector, Vector] | null {
  if (!plane.frame || plane.frame !== other.frame) return null;
  if (Math.abs(dot(plane.normal, other.normal)) > CROSSING) return null;
  // walk the edges of the other image and keep where they pass through the plane
  const corners = [
    other.origin,
    plus(other.origin, other.row, other.width),
    plus(plus(other.origin, other.row, other.width), other.column, other.height),
    plus(other.origin, other.column, other.height),
  ];
  const height = (point: Vector) => dot(plane.normal, minus(point, plane.origin));
  const found: Vector[] = [];
  corners.forEach((from, index) => {
    const to = corners[(index + 1) % 4]!;
    const [a, b] = [height(from), height(to)];
    if (a === b || a * b > 0) return;
    found.push(plus(from, minus(to, from), a / (a - b)));
  });
  const [start, end] = [found[0], found.find((point, index) => index > 0 && far(point, found[0]!))];
  return start && end ? [start, end] : null;
}

const far = (a: Vector, b: Vector) => Math.hypot(...minus(a, b)) > 1e-3;
