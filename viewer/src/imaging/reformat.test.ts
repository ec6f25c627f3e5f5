import { describe, expect, it } from 'vitest';
import type { Dataset } from './dicom';
import { planeOf, type Vector } from './geometry';
import {
  type Box,
  boxOf,
  centreOfBox,
  datasetOf,
  indexAt,
  LOOKS,
  pileOf,
  sample,
  turned,
  whyNoVolume,
} from './reformat';
import { stackOf } from './stack';

const values = (attributes: Record<string, unknown[]>): Dataset =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));

function aSlice(index: number, more: Record<string, unknown[]> = {}): Dataset {
  return values({
    '00080018': [`1.2.3.${index}`],
    '00080060': ['CT'],
    '00200052': ['1.9'],
    '00200032': [-10, -20, 5 * index],
    '00200037': [1, 0, 0, 0, 1, 0],
    '00280002': [1],
    '00280010': [20],
    '00280011': [10],
    '00280030': [2, 1],
    '00280100': [16],
    ...more,
  });
}
type Change = Readonly<Record<string, unknown[] | undefined>>;
const aStack = (change: (index: number) => Change = () => ({}), count = 10) =>
  stackOf(
    '1',
    's',
    Array.from({ length: count }, (_, index) => aSlice(index, change(index) as Record<string, unknown[]>)),
  );

describe('a series', () => {
  it('is a volume when its slices are alike and evenly spaced', () => {
    expect(whyNoVolume(aStack())).toBeNull();
  });

  it('is none otherwise, for a reason', () => {
    expect(whyNoVolume(aStack(() => ({}), 3))).toBe('few');
    expect(whyNoVolume(aStack(() => ({ '00280002': [3] })))).toBe('color');
    expect(whyNoVolume(aStack((index) => (index === 4 ? { '00200032': [] } : {})))).toBe('place');
    expect(whyNoVolume(aStack((index) => ({ '00200052': [`1.${index}`] })))).toBe('place');
    expect(whyNoVolume(aStack((index) => (index === 4 ? { '00200037': [0, 1, 0, 0, 0, -1] } : {})))).toBe(
      'orientation',
    );
    expect(whyNoVolume(aStack((index) => (index === 4 ? { '00280010': [40] } : {})))).toBe('size');
    expect(whyNoVolume(aStack((index) => (index > 4 ? { '00200032': [-10, -20, 5 * index + 5] } : {})))).toBe(
      'spacing',
    );
    expect(whyNoVolume(aStack((index) => ({ '00200032': [-10, -20 + index, 5 * index] })))).toBe('spacing');
    expect(whyNoVolume(aStack(() => ({ '00280010': [9000], '00280011': [9000] })))).toBe('large');
  });

  it('counts from its first image, whichever way it runs', () => {
    const box = boxOf(aStack((index) => ({ '00200032': [-10, -20, -5 * index] })));
    expect(box.axes[2][2]).toBe(-1);
    expect(box.spacing).toEqual([1, 2, 5]);
    expect(centreOfBox(box)).toEqual([-5.5, -1, -22.5]);
  });
});

/** A box whose value at each place is a plain sum of its millimetres. */
const box: Box = {
  size: [10, 12, 8],
  origin: [0, 0, 0],
  axes: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  spacing: [1, 1, 2],
};
const worth = ([x, y, z]: Vector) => x + 100 * y + 1000 * z;
const slices = Array.from({ length: 8 }, (_, k) => ({
  samples: Int16Array.from({ length: 120 }, (__, at) => worth([at % 10, Math.floor(at / 10), 2 * k])),
  slope: 1,
  intercept: 0,
}));
const thin = { thickness: 0, blend: 'mean' } as const;

describe('a plane', () => {
  it('has the value of the volume at each of its places, in all three directions', () => {
    for (const look of Object.values(LOOKS)) {
      const pile = pileOf(box, look);
      const index = Math.floor(pile.count / 2);
      const samples = sample(box, slices, pile, index, thin, -1);
      const plane = planeOf(datasetOf(pile, index, aSlice(0), thin, { uid: 'u', series: 's', description: '' }))!;
      for (const [x, y] of [
        [0, 0],
        [3, 2],
        [pile.columns - 1, pile.rows - 1],
      ] as const) {
        const place = [0, 1, 2].map(
          (axis) => plane.origin[axis]! + (plane.row[axis]! * x + plane.column[axis]! * y) * pile.pixel,
        ) as unknown as Vector;
        expect(samples[y * pile.columns + x]).toBeCloseTo(worth(place), 0);
      }
    }
  });

  it('shows the patient from the front, with the head up, and from the left', () => {
    const coronal = pileOf(box, LOOKS.coronal);
    expect([coronal.columns, coronal.rows, coronal.count]).toEqual([10, 15, 12]);
    expect(sample(box, slices, coronal, 0, thin, -1)[0]).toBe(worth([0, 0, 14]));
    const sagittal = pileOf(box, LOOKS.sagittal);
    expect([sagittal.columns, sagittal.rows, sagittal.count]).toEqual([12, 15, 10]);
  });

  it('is found by a point on it', () => {
    const pile = pileOf(box, LOOKS.axial);
    expect(pile.count).toBe(8);
    expect(indexAt(pile, [3, 3, 6])).toBe(3);
    expect(indexAt(pile, [3, 3, 600])).toBe(7);
  });

  it('may be turned, and is empty outside of the volume', () => {
    const pile = pileOf(box, turned(LOOKS.axial, [1, 0, 0], Math.PI / 4));
    const samples = sample(box, slices, pile, 0, thin, -1000);
    expect(samples[0]).toBe(-1000);
    const quarter = turned(LOOKS.axial, [1, 0, 0], Math.PI / 2);
    expect(quarter.down.map((part) => Math.round(part) + 0)).toEqual([0, 0, 1]);
  });

  it('of some thickness shows the brightest, the darkest or the mean of it', () => {
    const pile = pileOf(box, LOOKS.axial);
    const at = (blend: 'mip' | 'minip' | 'mean') => sample(box, slices, pile, 3, { thickness: 4, blend }, -1)[0];
    expect([at('minip'), at('mean'), at('mip')]).toEqual([4000, 6000, 8000]);
  });

  it('has values, not what is stored', () => {
    const stored = slices.map(({ samples }) => ({
      samples: Uint16Array.from(samples, (value) => value + 1024),
      slope: 1,
      intercept: -1024,
    }));
    const pile = pileOf(box, LOOKS.coronal);
    expect(sample(box, stored, pile, 4, thin, -1)).toEqual(sample(box, slices, pile, 4, thin, -1));
    const halves = slices.map((slice) => ({ ...slice, slope: 0.5 }));
    expect(sample(box, halves, pile, 4, thin, -1)[7]).toBe(sample(box, slices, pile, 4, thin, -1)[7]! / 2);
  });

  it('leaves out slices that have not come', () => {
    const some = slices.map((slice, k) => (k === 3 ? null : slice));
    const pile = pileOf(box, LOOKS.axial);
    expect(sample(box, some, pile, 3, thin, -1)[0]).toBe(-1);
    expect(sample(box, some, pile, 3, { thickness: 4, blend: 'mean' }, -1)[0]).toBe(6000);
  });
});
