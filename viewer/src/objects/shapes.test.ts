import { describe, expect, it } from 'vitest';
import { leadOf, measured, sheetOf } from './ecg';
import {
  apply,
  compose,
  concerns,
  liesOn,
  openings,
  outlineOf,
  type Plane,
  segmentMatrix,
  segmentsOn,
  unitsOf,
} from './shapes';
import type { Segmentation, SegmentFrame, WaveformGroup } from './types';

const plane: Plane = {
  origin: [-0.5, -0.5, 10],
  row: [1, 0, 0],
  column: [0, 1, 0],
  normal: [0, 0, 1],
  across: 1,
  down: 1,
};
const frame = (more: Partial<SegmentFrame> = {}): SegmentFrame => ({
  number: 1,
  segment: 1,
  position: [0, 0, 10],
  orientation: [1, 0, 0, 0, 1, 0],
  spacing: [1, 1],
  thickness: 2,
  source: [],
  source_frames: [],
  ...more,
});

describe('a segmentation', () => {
  it('of the same grid lies pixel on pixel, a coarser one over more of them', () => {
    expect(segmentMatrix(frame(), plane)).toEqual([1, 0, 0, 1, 0, 0]);
    const coarse = segmentMatrix(frame({ spacing: [2, 2], position: [0.5, 0.5, 10] }), plane)!;
    expect(apply(coarse, [1, 1])).toEqual([2, 2]);
    expect(segmentMatrix(frame({ position: [] }), plane)).toBeNull();
  });

  it('belongs to the slices within its thickness, or to those that it names', () => {
    const at = (z: number) => liesOn(frame({ position: [0, 0, z] }), '1', 1, plane);
    expect([9.5, 10, 10.9, 11.5].map(at)).toEqual([true, true, true, false]);
    expect(liesOn(frame({ position: [], source: ['1'] }), '1', 1, null)).toBe(true);
    expect(liesOn(frame({ position: [], source: ['1'], source_frames: [2] }), '1', 1, null)).toBe(false);
    expect(liesOn(frame({ orientation: [0, 1, 0, 0, 0, 1] }), '1', 1, plane)).toBe(false);
  });
});

it('the segments of an image are those that have something on it', () => {
  const segments = [1, 2].map((number) => ({ number, label: `${number}` }));
  const one = (...frames: SegmentFrame[]) => ({ segments, frames }) as unknown as Segmentation;
  const on = (...frames: SegmentFrame[]) =>
    segmentsOn(one(...frames), { sop: '1', number: 1 }, plane).map(({ number }) => number);
  expect(on(frame({ segment: 2 }), frame({ segment: 1, position: [0, 0, 30] }))).toEqual([2]);
  expect(on(frame({ segment: 0 }))).toEqual([1, 2]);
  expect(on(frame({ position: [0, 0, 30] }))).toEqual([]);
});

describe('annotations', () => {
  it('are about all images when they name none, else about those', () => {
    expect(concerns([], '1', 1)).toBe(true);
    expect(concerns([{ sop: '1', frames: [2] }], '1', 1)).toBe(false);
    expect(concerns([{ sop: '1', frames: [] }], '1', 7)).toBe(true);
  });

  it('in display units are parts of the displayed area', () => {
    const area = { left: 100, top: 50, right: 300, bottom: 150 };
    expect(apply(unitsOf('DISPLAY', area), [0.5, 0.5])).toEqual([200, 100]);
    expect(apply(unitsOf('PIXEL', area), [5, 6])).toEqual([5, 6]);
  });

  it('that are round are drawn round', () => {
    const circle = outlineOf({
      type: 'CIRCLE',
      units: 'PIXEL',
      filled: false,
      points: [
        [10, 10],
        [13, 14],
      ],
    });
    expect(circle.closed).toBe(true);
    for (const [x, y] of circle.points) expect(Math.hypot(x - 10, y - 10)).toBeCloseTo(5);
    const line = outlineOf({
      type: 'POLYLINE',
      units: 'PIXEL',
      filled: false,
      points: [
        [0, 0],
        [1, 1],
      ],
    });
    expect(line).toEqual({
      points: [
        [0, 0],
        [1, 1],
      ],
      closed: false,
    });
  });
});

it('a shutter leaves its openings, edges included', () => {
  const [rectangle, polygon] = openings({
    shapes: [],
    rectangle: [11, 20, 31, 40],
    circle: null,
    polygon: [
      [1, 1],
      [1, 9],
      [9, 9],
    ],
    bitmap: null,
    grey: 0,
  });
  expect(rectangle).toEqual([
    [10, 30],
    [20, 30],
    [20, 40],
    [10, 40],
  ]);
  expect(polygon?.[1]).toEqual([8.5, 0.5]);
});

it('matrices are put one after the other', () => {
  expect(apply(compose([2, 0, 0, 2, 1, 1], [1, 0, 0, 1, 5, 0]), [1, 1])).toEqual([13, 3]);
});

describe('an electrocardiogram', () => {
  const leads = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];
  const group = {
    seconds: 10,
    channels: leads.map((name) => ({ name: `Lead ${name} (Einthoven)` })),
  } as unknown as WaveformGroup;

  it('stands in four columns with its rhythm below, 25 mm for a second', () => {
    expect(leadOf('Lead I (Einthoven)')).toBe('I');
    const sheet = sheetOf(group, 25, 'grid');
    expect(sheet.traces).toHaveLength(13);
    expect(sheet.width).toBe(250 + 12);
    expect(sheet.traces.find((trace) => trace.name === 'V4')).toMatchObject({ left: 6 + 187.5, from: 7.5, to: 10 });
    expect(sheetOf(group, 25, 'rows').traces).toHaveLength(12);
  });

  it('is measured in its own units', () => {
    expect(measured([0, 20], [20, 10], 25, 10)).toEqual({ milliseconds: 800, perMinute: 75, millivolts: 1 });
    expect(measured([0, 0], [1, 0], 25, 10).perMinute).toBeNull();
  });
});
