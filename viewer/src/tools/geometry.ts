/** Geometry of marks in image coordinates; `Scale` is the size of a pixel where shapes must be right in millimetres. Pure. */
import type { Kind, Point } from './mark';

/** Size of a pixel: between columns, between rows. */
export interface Scale {
  readonly x: number;
  readonly y: number;
}

export const SQUARE: Scale = { x: 1, y: 1 };

const degrees = (radians: number) => (radians * 180) / Math.PI;

export const distance = (a: Point, b: Point, { x, y }: Scale = SQUARE) =>
  Math.hypot((b[0] - a[0]) * x, (b[1] - a[1]) * y);

const middle = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** The angle at `vertex`, 0 to 180 degrees. */
export function angleAt(end: Point, vertex: Point, other: Point, { x, y }: Scale = SQUARE): number {
  const [ax, ay] = [(end[0] - vertex[0]) * x, (end[1] - vertex[1]) * y];
  const [bx, by] = [(other[0] - vertex[0]) * x, (other[1] - vertex[1]) * y];
  return degrees(Math.abs(Math.atan2(ax * by - ay * bx, ax * bx + ay * by)));
}

/** The acute angle between two lines, whichever way they were drawn: 0 to 90 degrees (Cobb's method). */
export function angleBetween([a, b, c, d]: readonly Point[], { x, y }: Scale = SQUARE): number {
  const [ux, uy] = [(b![0] - a![0]) * x, (b![1] - a![1]) * y];
  const [vx, vy] = [(d![0] - c![0]) * x, (d![1] - c![1]) * y];
  return degrees(Math.atan2(Math.abs(ux * vy - uy * vx), Math.abs(ux * vx + uy * vy)));
}

/** The corners of the rectangle between two opposite ones, in order around. */
export const corners = (a: Point, c: Point): Point[] => [a, [c[0], a[1]], c, [a[0], c[1]]];

/** The ends of the major axis, then of the minor one, of the upright ellipse within two opposite corners. */
export function ellipseIn(a: Point, c: Point): Point[] {
  const [cx, cy] = middle(a, c);
  const level: Point[] = [
    [Math.min(a[0], c[0]), cy],
    [Math.max(a[0], c[0]), cy],
  ];
  const upright: Point[] = [
    [cx, Math.min(a[1], c[1])],
    [cx, Math.max(a[1], c[1])],
  ];
  return distance(level[0]!, level[1]!) >= distance(upright[0]!, upright[1]!)
    ? [...level, ...upright]
    : [...upright, ...level];
}

/** Centre and half axes, as vectors, of an ellipse by the ends of its axes. */
export function ellipseOf([a, b, c, d]: readonly Point[]): { centre: Point; u: Point; v: Point } {
  const centre = middle(a!, b!);
  return {
    centre,
    u: [(b![0] - a![0]) / 2, (b![1] - a![1]) / 2],
    v: [(d![0] - c![0]) / 2, (d![1] - c![1]) / 2],
  };
}

/** The area of a polygon in pixels (shoelace formula). */
export function polygonArea(points: readonly Point[]): number {
  const sum = points.reduce((total, [x, y], index) => {
    const [nx, ny] = points[(index + 1) % points.length]!;
    return total + x * ny - nx * y;
  }, 0);
  return Math.abs(sum) / 2;
}

export function ellipseArea(points: readonly Point[]): number {
  const { u, v } = ellipseOf(points);
  return Math.PI * Math.abs(u[0] * v[1] - u[1] * v[0]);
}

/** Where the short axis stands on the long one (0 to 1), and how far it reaches to each side. */
interface Cross {
  at: number;
  near: number;
  far: number;
}

function crossed(a: Point, b: Point, { at, near, far }: Cross, { x, y }: Scale): Point[] {
  const [dx, dy] = [(b[0] - a[0]) * x, (b[1] - a[1]) * y];
  const length = Math.hypot(dx, dy) || 1;
  const normal: Point = [-dy / length / x, dx / length / y]; // one unit of length, in pixels
  const foot: Point = [a[0] + (b[0] - a[0]) * at, a[1] + (b[1] - a[1]) * at];
  return [
    a,
    b,
    [foot[0] + normal[0] * near, foot[1] + normal[1] * near],
    [foot[0] + normal[0] * far, foot[1] + normal[1] * far],
  ];
}

function crossOf([a, b, c, d]: readonly Point[], scale: Scale): Cross {
  const near = footOf(a!, b!, c!, scale);
  const far = footOf(a!, b!, d!, scale);
  return { at: near.at, near: near.offset, far: far.offset };
}

function footOf(a: Point, b: Point, p: Point, { x, y }: Scale): { at: number; offset: number } {
  const [dx, dy] = [(b[0] - a[0]) * x, (b[1] - a[1]) * y];
  const [px, py] = [(p[0] - a[0]) * x, (p[1] - a[1]) * y];
  const square = dx * dx + dy * dy || 1;
  return { at: (px * dx + py * dy) / square, offset: (dx * py - dy * px) / Math.sqrt(square) };
}

/** All points of a mark from those that were set, on an image of `size`. */
export function completed(
  kind: Kind,
  set: readonly Point[],
  scale: Scale = SQUARE,
  size: { columns: number; rows: number } = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY },
): readonly Point[] {
  const [a, b] = set;
  if (kind === 'rectangle') return corners(a!, b!);
  if (kind === 'ellipse') return ellipseIn(a!, b!);
  if (kind === 'bidirectional') {
    let half = distance(a!, b!, scale) / 4;
    for (;;) {
      const points = crossed(a!, b!, { at: 0.5, near: -half, far: half }, scale);
      if (half < 1e-3 || allOn(points, size.columns, size.rows)) return points;
      half /= 2; // near the edge of the image there is less room
    }
  }
  return set;
}

/** The points after one of them was put elsewhere: the shape stays of its kind. */
export function withPoint(
  kind: Kind,
  points: readonly Point[],
  index: number,
  to: Point,
  scale: Scale = SQUARE,
): readonly Point[] {
  if (kind === 'rectangle') return rectangleWith(index, to, points[(index + 2) % 4]!);
  if (kind === 'ellipse') return ellipseWith(points, index, to);
  if (kind === 'bidirectional') {
    if (index < 2) {
      const cross = crossOf(points, scale);
      const ends = points.map((point, i) => (i === index ? to : point));
      return crossed(ends[0]!, ends[1]!, cross, scale);
    }
    const { at, offset } = footOf(points[0]!, points[1]!, to, scale);
    const cross = crossOf(points, scale);
    const inside = Math.min(1, Math.max(0, at));
    const reach = index === 2 ? { near: offset, far: cross.far } : { near: cross.near, far: offset };
    return crossed(points[0]!, points[1]!, { at: inside, ...reach }, scale);
  }
  return points.map((point, i) => (i === index ? to : point));
}

/** The corners in order, of which one and the opposite one are given: the one in hand keeps its number. */
function rectangleWith(index: number, to: Point, opposite: Point): Point[] {
  if (index % 2 === 0) return index === 0 ? corners(to, opposite) : corners(opposite, to);
  const [second, fourth] = index === 1 ? [to, opposite] : [opposite, to];
  return corners([fourth[0], second[1]], [second[0], fourth[1]]);
}

function ellipseWith(points: readonly Point[], index: number, to: Point): Point[] {
  const partner = points[index ^ 1]!;
  const level = Math.abs(points[index]![0] - partner[0]) >= Math.abs(points[index]![1] - partner[1]);
  const end: Point = level ? [to[0], partner[1]] : [partner[0], to[1]];
  const centre = middle(end, partner);
  const other = index < 2 ? 2 : 0;
  const half: Point = [
    (points[other + 1]![0] - points[other]![0]) / 2,
    (points[other + 1]![1] - points[other]![1]) / 2,
  ];
  const result = [...points];
  result[index] = end;
  result[other] = [centre[0] - half[0], centre[1] - half[1]];
  result[other + 1] = [centre[0] + half[0], centre[1] + half[1]];
  return result;
}

/** The points in their lasting order: of an ellipse, the longer axis first. */
export function settled(kind: Kind, points: readonly Point[]): readonly Point[] {
  if (kind !== 'ellipse') return points;
  const [a, b, c, d] = points;
  return distance(a!, b!) >= distance(c!, d!) ? points : [c!, d!, a!, b!];
}

/** The points moved by a vector, as far as the image reaches. */
export function shifted(points: readonly Point[], by: Point, columns: number, rows: number): readonly Point[] {
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const dx = Math.min(Math.max(by[0], -Math.min(...xs)), columns - Math.max(...xs));
  const dy = Math.min(Math.max(by[1], -Math.min(...ys)), rows - Math.max(...ys));
  return points.map(([x, y]) => [x + dx, y + dy] as const);
}

export const onImage = ([x, y]: Point, columns: number, rows: number): Point => [
  Math.min(Math.max(x, 0), columns),
  Math.min(Math.max(y, 0), rows),
];

/** Whether all points lie on the image. */
export const allOn = (points: readonly Point[], columns: number, rows: number) =>
  points.every(([x, y]) => x >= 0 && y >= 0 && x <= columns && y <= rows);

const ROUND = 64;

/** The lines of a mark to draw and to hit. */
export function outline(kind: Kind, points: readonly Point[]): readonly (readonly Point[])[] {
  switch (kind) {
    case 'rectangle':
      return points.length === 4 ? [[...points, points[0]!]] : [points];
    case 'ellipse': {
      if (points.length < 4) return [points];
      const { centre, u, v } = ellipseOf(points);
      const around = Array.from({ length: ROUND + 1 }, (_, step): Point => {
        const [cos, sin] = [Math.cos((step / ROUND) * 2 * Math.PI), Math.sin((step / ROUND) * 2 * Math.PI)];
        return [centre[0] + u[0] * cos + v[0] * sin, centre[1] + u[1] * cos + v[1] * sin];
      });
      return [around];
    }
    case 'bidirectional':
    case 'cobb':
    case 'cardiothoracic':
      return points.length > 2 ? [points.slice(0, 2), points.slice(2)] : [points];
    default:
      return [points];
  }
}

/** The distance of a place from a line of points. */
export function distanceToLine(line: readonly Point[], p: Point): number {
  if (line.length === 1) return distance(line[0]!, p);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < line.length; i += 1) {
    const [a, b] = [line[i - 1]!, line[i]!];
    const square = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2 || 1;
    const t = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / square;
    const at = Math.min(1, Math.max(0, t));
    least = Math.min(least, distance([a[0] + (b[0] - a[0]) * at, a[1] + (b[1] - a[1]) * at], p));
  }
  return least;
}
