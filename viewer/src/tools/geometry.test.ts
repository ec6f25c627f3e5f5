import { describe, expect, it } from 'vitest';
import {
  angleAt,
  angleBetween,
  completed,
  distance,
  distanceToLine,
  ellipseArea,
  ellipseIn,
  polygonArea,
  settled,
  shifted,
  withPoint,
} from './geometry';
import type { Point } from './mark';

const near = (points: readonly Point[]) => points.map(([x, y]) => [Number(x.toFixed(6)), Number(y.toFixed(6))]);

describe('lengths and angles', () => {
  it('know that pixels need not be square', () => {
    expect(distance([0, 0], [3, 4])).toBe(5);
    expect(distance([0, 0], [3, 4], { x: 2, y: 0.5 })).toBeCloseTo(Math.hypot(6, 2));
    expect(angleAt([10, 0], [0, 0], [0, 10])).toBeCloseTo(90);
    expect(angleAt([10, 0], [0, 0], [10, 10], { x: 1, y: 2 })).toBeCloseTo(63.4349, 3);
  });
  it('go up to a straight angle', () => {
    expect(angleAt([-5, 0], [0, 0], [5, 0])).toBeCloseTo(180);
    expect(angleAt([5, 0], [0, 0], [5, 0])).toBeCloseTo(0);
  });
  it('are acute between two lines, whichever way they were drawn (Cobb)', () => {
    const lines: Point[] = [
      [0, 0],
      [10, 0],
      [0, 10],
      [10, 20],
    ];
    expect(angleBetween(lines)).toBeCloseTo(45);
    expect(angleBetween([lines[1]!, lines[0]!, lines[2]!, lines[3]!])).toBeCloseTo(45);
  });
});

describe('shapes', () => {
  it('have their area', () => {
    expect(
      polygonArea(
        completed('rectangle', [
          [2, 3],
          [12, 8],
        ]),
      ),
    ).toBe(50);
    expect(ellipseArea(ellipseIn([0, 0], [20, 10]))).toBeCloseTo(Math.PI * 10 * 5);
  });
  it('name the longer axis of an ellipse first', () => {
    expect(ellipseIn([0, 0], [4, 10])).toEqual([
      [2, 0],
      [2, 10],
      [0, 5],
      [4, 5],
    ]);
    const turned = withPoint('ellipse', ellipseIn([0, 0], [4, 10]), 3, [40, 5]);
    expect(near(settled('ellipse', turned)).slice(0, 2)).toEqual([
      [0, 5],
      [40, 5],
    ]);
  });
  it('stay upright rectangles when one corner is moved, and the opposite one stays', () => {
    const start = completed('rectangle', [
      [0, 0],
      [10, 10],
    ]);
    for (const [index, to] of [
      [0, [-2, -3]],
      [1, [12, -3]],
      [2, [12, 14]],
      [3, [-1, 14]],
    ] as [number, Point][]) {
      const moved = withPoint('rectangle', start, index, to);
      expect(moved[index]).toEqual(to);
      expect(moved[(index + 2) % 4]).toEqual(start[(index + 2) % 4]);
      expect(moved[0]![1]).toBe(moved[1]![1]);
      expect(moved[1]![0]).toBe(moved[2]![0]);
    }
  });
  it('keep the short diameter at right angles in millimetres', () => {
    const scale = { x: 0.5, y: 1 };
    const points = completed(
      'bidirectional',
      [
        [0, 0],
        [40, 10],
      ],
      scale,
    );
    const moved = withPoint('bidirectional', points, 1, [30, 30], scale);
    for (const [a, b, c, d] of [points, moved]) {
      const dot = (b![0] - a![0]) * (d![0] - c![0]) * 0.25 + (b![1] - a![1]) * (d![1] - c![1]);
      expect(dot).toBeCloseTo(0);
    }
    const wider = withPoint('bidirectional', points, 3, [10, 20], scale);
    const [a, b, c, d] = wider;
    expect((b![0] - a![0]) * (d![0] - c![0]) * 0.25 + (b![1] - a![1]) * (d![1] - c![1])).toBeCloseTo(0);
  });
  it('fit on the image', () => {
    const points = completed(
      'bidirectional',
      [
        [0, 1],
        [40, 1],
      ],
      { x: 1, y: 1 },
      { columns: 40, rows: 40 },
    );
    expect(points.every(([x, y]) => x >= 0 && y >= 0 && x <= 40 && y <= 40)).toBe(true);
    expect(
      shifted(
        [
          [1, 1],
          [5, 5],
        ],
        [100, -100],
        10,
        10,
      ),
    ).toEqual([
      [6, 0],
      [10, 4],
    ]);
  });
  it('are hit along their lines only', () => {
    const line: Point[] = [
      [0, 0],
      [10, 0],
    ];
    expect(distanceToLine(line, [5, 3])).toBe(3);
    expect(distanceToLine(line, [13, 4])).toBe(5);
  });
});
