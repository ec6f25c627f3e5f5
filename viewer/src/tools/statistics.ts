/** Statistics of the pixels within a region: a pixel counts when its middle is inside. Pure. */
import { ellipseOf } from './geometry';
import type { Point } from './mark';

export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** Of the pixels themselves, not an estimate from a sample. */
  readonly stddev: number;
  readonly min: number;
  readonly max: number;
}

type Inside = (column: number, row: number) => boolean;

function insideEllipse(points: readonly Point[]): Inside {
  const { centre, u, v } = ellipseOf(points);
  const area = u[0] * v[1] - u[1] * v[0];
  if (area === 0) return () => false;
  return (column, row) => {
    const [dx, dy] = [column - centre[0], row - centre[1]];
    const s = (dx * v[1] - dy * v[0]) / area;
    const t = (u[0] * dy - u[1] * dx) / area;
    return s * s + t * t <= 1;
  };
}

function insideRectangle(points: readonly Point[]): Inside {
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return (column, row) => column >= left && column <= right && row >= top && row <= bottom;
}

/** Of the region with these points; `value` gives the pixel in column x and row y (from 0). Null: no pixel's middle is inside. */
export function statistics(
  kind: 'ellipse' | 'rectangle',
  points: readonly Point[],
  size: { columns: number; rows: number },
  value: (column: number, row: number) => number,
): Statistics | null {
  const inside = kind === 'ellipse' ? insideEllipse(points) : insideRectangle(points);
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const from: Point = [Math.max(0, Math.floor(Math.min(...xs))), Math.max(0, Math.floor(Math.min(...ys)))];
  const to: Point = [
    Math.min(size.columns - 1, Math.ceil(Math.max(...xs))),
    Math.min(size.rows - 1, Math.ceil(Math.max(...ys))),
  ];
  let [count, mean, squares, min, max] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = from[1]; row <= to[1]; row += 1) {
    for (let column = from[0]; column <= to[0]; column += 1) {
      if (!inside(column + 0.5, row + 0.5)) continue;
      const found = value(column, row);
      if (!Number.isFinite(found)) continue;
      count += 1;
      const step = found - mean; // Welford
      mean += step / count;
      squares += step * (found - mean);
      min = Math.min(min, found);
      max = Math.max(max, found);
    }
  }
  return count ? { count, mean, stddev: Math.sqrt(squares / count), min, max } : null;
}
