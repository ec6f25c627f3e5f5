/** Shapes of presentation states, shutters and segmentations on an image. Pure: pixels of the image, their edges at whole numbers. */
import type { Graphic, ImageReference, Presentation, Segmentation, SegmentFrame, Shutter } from './types';

export type Point = readonly [x: number, y: number];
/** x' = a·x + c·y + e, y' = b·x + d·y + f. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
export type Vector = readonly [number, number, number];

export const apply = ([a, b, c, d, e, f]: Matrix, [x, y]: Point): Point => [a * x + c * y + e, b * x + d * y + f];

/** `outer` after `inner`. */
export const compose = (outer: Matrix, inner: Matrix): Matrix => {
  const [a, b, c, d, e, f] = inner;
  const [A, B, C, D, E, F] = outer;
  return [A * a + C * b, B * a + D * b, A * c + C * d, B * c + D * d, A * e + C * f + E, B * e + D * f + F];
};

export const concerns = (images: readonly ImageReference[], sop: string, frame: number) =>
  images.length === 0 ||
  images.some((one) => one.sop === sop && (one.frames.length === 0 || one.frames.includes(frame)));

const ROUND = 72;

/** The corners of a graphic object (PS3.3 C.10.5.1.2), round ones in small steps; `closed`: the last is joined to the first. */
export function outlineOf({ type, points, filled }: Graphic): { points: Point[]; closed: boolean } {
  const given = points.filter((one) => one.length === 2).map(([x, y]) => [x!, y!] as const);
  if (type === 'CIRCLE' && given.length >= 2) {
    const [center, rim] = [given[0]!, given[1]!];
    const radius = Math.hypot(rim[0] - center[0], rim[1] - center[1]);
    return { points: ring(center, [radius, 0], [0, radius]), closed: true };
  }
  if (type === 'ELLIPSE' && given.length >= 4) {
    const [from, to, up, down] = given as [Point, Point, Point, Point];
    const center: Point = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const long: Point = [(to[0] - from[0]) / 2, (to[1] - from[1]) / 2];
    const short: Point = [(down[0] - up[0]) / 2, (down[1] - up[1]) / 2];
    return { points: ring(center, long, short), closed: true };
  }
  if (type === 'INTERPOLATED' && given.length > 2) return { points: smooth(given), closed: filled };
  const [first, last] = [given[0], given.at(-1)];
  const meets = first !== undefined && last !== undefined && first[0] === last[0] && first[1] === last[1];
  return { points: given, closed: filled || (given.length > 2 && meets) };
}

function ring(center: Point, long: Point, short: Point): Point[] {
  return Array.from({ length: ROUND }, (_, step) => {
    const turn = (2 * Math.PI * step) / ROUND;
    const [u, v] = [Math.cos(turn), Math.sin(turn)];
    return [center[0] + u * long[0] + v * short[0], center[1] + u * long[1] + v * short[1]] as const;
  });
}

/** A curve through the points (Catmull-Rom). */
function smooth(given: readonly Point[]): Point[] {
  const made: Point[] = [];
  const at = (index: number) => given[Math.min(given.length - 1, Math.max(0, index))]!;
  for (let i = 0; i < given.length - 1; i += 1) {
    const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let step = 0; step < 8; step += 1) {
      const t = step / 8;
      const mix = (axis: 0 | 1) =>
        0.5 *
        (2 * p1[axis] +
          (p2[axis] - p0[axis]) * t +
          (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t * t +
          (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t * t * t);
      made.push([mix(0), mix(1)]);
    }
  }
  made.push(at(given.length - 1));
  return made;
}

/** The part of the image that a state shows: left, top, right, bottom edges. The whole image without one. */
export function areaOf(state: Presentation, sop: string, frame: number, columns: number, rows: number) {
  const found = state.areas.find((one) => concerns(one.images, sop, frame));
  const [x = 1, y = 1] = found?.top_left ?? [];
  const [right = columns, bottom = rows] = found?.bottom_right ?? [];
  return {
    left: x - 1,
    top: y - 1,
    right,
    bottom,
    mode: found?.mode ?? 'SCALE TO FIT',
    ratio: found?.magnification ?? null,
  };
}

/** From the units of an annotation to pixels of the image (PS3.3 C.10.5.1.1). */
export function unitsOf(units: string, area: { left: number; top: number; right: number; bottom: number }): Matrix {
  if (units !== 'DISPLAY') return [1, 0, 0, 1, 0, 0];
  return [area.right - area.left, 0, 0, area.bottom - area.top, area.left, area.top];
}

/** What each shape of a shutter leaves open; all that lies outside of any of them is covered. */
export function openings({ rectangle, circle, polygon }: Shutter): Point[][] {
  const made: Point[][] = [];
  if (rectangle) {
    const [left, right, upper, lower] = rectangle as [number, number, number, number];
    made.push([
      [left - 1, upper - 1],
      [right, upper - 1],
      [right, lower],
      [left - 1, lower],
    ]);
  }
  if (circle) {
    const [row, column, radius] = circle as [number, number, number];
    made.push(ring([column - 0.5, row - 0.5], [radius, 0], [0, radius]));
  }
  if (polygon && polygon.length > 2) made.push(polygon.map(([row, column]) => [column! - 0.5, row! - 0.5] as const));
  return made;
}

/** Where an image lies: the outer corner of its first pixel, unit directions, mm from pixel to pixel. */
export interface Plane {
  origin: Vector;
  row: Vector;
  column: Vector;
  normal: Vector;
  across: number;
  down: number;
}

const dot = (a: readonly number[], b: readonly number[]) => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
const minus = (a: readonly number[], b: readonly number[]): Vector => [a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!];

/** From a place in the patient to pixels of the image, and how far in front of it, mm. */
export function onPlane(plane: Plane, place: readonly number[]): { at: Point; distance: number } {
  const from = minus(place, plane.origin);
  return {
    at: [dot(from, plane.row) / plane.across, dot(from, plane.column) / plane.down],
    distance: dot(from, plane.normal),
  };
}

/** From pixels of a segmentation's frame to pixels of the image; null where one of them has no place. */
export function segmentMatrix(frame: SegmentFrame, plane: Plane): Matrix | null {
  const { position, orientation, spacing } = frame;
  if (position.length !== 3 || orientation.length !== 6 || spacing.length !== 2) return null;
  const [down, across] = spacing as [number, number];
  const [right, below] = [orientation.slice(0, 3), orientation.slice(3)];
  const step = (times: number, along: readonly number[]) => along.map((value) => value * times);
  const add = (a: readonly number[], b: readonly number[]) => a.map((value, axis) => value + b[axis]!);
  const corner = add(position, add(step(-0.5 * across, right), step(-0.5 * down, below)));
  const zero = onPlane(plane, corner).at;
  const x = onPlane(plane, add(corner, step(across, right))).at;
  const y = onPlane(plane, add(corner, step(down, below))).at;
  return [x[0] - zero[0], x[1] - zero[1], y[0] - zero[0], y[1] - zero[1], zero[0], zero[1]];
}

/** Whether a frame of a segmentation belongs on an image: by name where it says from which it was made, else by its place. */
export function liesOn(frame: SegmentFrame, sop: string, number: number, plane: Plane | null): boolean {
  if (frame.source.length) {
    const named = frame.source.includes(sop) && (!frame.source_frames.length || frame.source_frames.includes(number));
    if (named || !plane || frame.position.length !== 3) return named;
  }
  if (!plane || frame.position.length !== 3) return false;
  const reach = Math.max(0.1, (frame.thickness ?? 1) / 2 - 1e-3);
  const facing = frame.orientation.length !== 6 || isParallel(frame.orientation, plane);
  return facing && Math.abs(onPlane(plane, frame.position).distance) <= reach;
}

/** The segments of which something lies on an image; a frame of labels (segment 0) may have any of them. */
export function segmentsOn(one: Segmentation, { sop, number }: { sop: string; number: number }, plane: Plane | null) {
  const here = one.frames.filter((part) => liesOn(part, sop, number, plane)).map((part) => part.segment);
  return one.segments.filter((segment) => here.includes(segment.number) || here.includes(0));
}

/** Within so many mm a contour lies on a slice. */
const NEAR = 0.6;

/** Whether a contour belongs on an image: by its place, or because it names it. */
export const isAt = (
  { points, source }: { points: readonly (readonly number[])[]; source: readonly string[] },
  plane: Plane,
  sop: string,
) => source.includes(sop) || points.every((point) => Math.abs(onPlane(plane, point).distance) < NEAR);

function isParallel(orientation: readonly number[], plane: Plane): boolean {
  const [r, c] = [orientation.slice(0, 3), orientation.slice(3)] as [number[], number[]];
  const normal = [r[1]! * c[2]! - r[2]! * c[1]!, r[2]! * c[0]! - r[0]! * c[2]!, r[0]! * c[1]! - r[1]! * c[0]!];
  return Math.abs(dot(normal, plane.normal)) > 0.99;
}
