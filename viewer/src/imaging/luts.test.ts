import { describe, expect, it } from 'vitest';
import type { Dataset } from './dicom';
import { drawColor, drawGrey, LINEAR, levelOf, measuredRange, nominalRange, paddingOf, voisOf } from './luts';

const of = (attributes: Record<string, unknown[]>): Dataset =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));

const greys = (values: ArrayLike<number>, shown: Parameters<typeof drawGrey>[2]) => {
  const pixels = new Uint32Array(values.length);
  drawGrey(values, pixels, shown);
  expect([...pixels].every((pixel) => pixel >>> 24 === 255)).toBe(true);
  return [...pixels].map((pixel) => pixel & 255);
};
const plain = { curve: LINEAR, inverted: false, padding: null };

describe('windows of an image', () => {
  it('run from black to white as PS3.3 C.11.2.1.2 says, the exact ones as C.11.2.1.3.2', () => {
    const both = { '00281050': [40, 600], '00281051': [80, 1600], '00281055': ['BRAIN', 'BONE'] };
    expect(voisOf(of(both), 1).map(({ name, range }) => [name, range])).toEqual([
      ['BRAIN', { lower: 0, upper: 79 }],
      ['BONE', { lower: -200, upper: 1399 }],
    ]);
    expect(voisOf(of({ ...both, '00281056': ['LINEAR_EXACT'] }), 1)[0]?.range).toEqual({ lower: 0, upper: 80 });
  });

  it('that are no windows are not offered', () => {
    expect(voisOf(of({ '00281050': [0], '00281051': [0] }), 1)).toEqual([]);
    expect(voisOf(of({ '00281050': [0] }), 1)).toEqual([]);
  });

  it('come after its tables', () => {
    const table = of({ '00283002': [4, 10, 8], '00283003': ['NORMAL'], '00283006': [0, 5, 250, 255] });
    const [first, second] = voisOf(
      { ...of({ '00281050': [40], '00281051': [80] }), '00283010': { vr: 'SQ', Value: [table] } },
      1,
    );
    expect(first).toMatchObject({ name: 'NORMAL', range: { lower: 10, upper: 13 } });
    expect(second?.range).toEqual({ lower: 0, upper: 79 });
    const level = levelOf(first!.range, first!.curve);
    expect([9, 10, 11, 12, 13, 14].map(level)).toEqual([0, 0, 5, 250, 255, 255]);
  });

  it('of a sigmoid are half bright in their middle', () => {
    const [voi] = voisOf(of({ '00281050': [100], '00281051': [50], '00281056': ['SIGMOID'] }), 1);
    const level = levelOf(voi!.range, voi!.curve);
    expect(level(100)).toBeCloseTo(127.5);
    expect(level(110)).toBeCloseTo(255 / (1 + Math.exp(-0.8)));
  });
});

describe('grey levels', () => {
  it('are clipped to the window, in whole and in floating values', () => {
    const range = { lower: -100, upper: 100 };
    expect(greys(Int16Array.of(-2000, -100, -59, 100, 3000), { ...plain, range })).toEqual([0, 0, 52, 255, 255]);
    expect(greys(Float32Array.of(-100, -59, 100), { ...plain, range })).toEqual([0, 52, 255]);
    expect(greys(Int16Array.of(-100, 100), { ...plain, range, inverted: true })).toEqual([255, 0]);
  });

  it('of padding are black, inverted or not', () => {
    const padding = { lower: -2000.01, upper: -1999.99 };
    const range = { lower: 0, upper: 10 };
    for (const inverted of [false, true]) {
      expect(greys(Int16Array.of(-2000, 0), { ...plain, range, inverted, padding })[0]).toBe(0);
      expect(greys(Float32Array.of(-2000, 0.5), { ...plain, range, inverted, padding })[0]).toBe(0);
    }
  });

  it('of one value only are drawn', () => {
    expect(greys(Uint8Array.of(7, 7), { ...plain, range: { lower: 7, upper: 7 } })).toEqual([0, 0]);
  });

  it('of colours are as they are', () => {
    const pixels = new Uint32Array(1);
    drawColor(Uint8Array.of(1, 2, 3), pixels, { lower: 0, upper: 255 }, false);
    expect(pixels[0]).toBe(0xff030201);
  });
});

describe('an image without a window', () => {
  it('of eight bits shows all that they can say, a wider one what is in it', () => {
    expect(nominalRange(of({ '00280101': [8] }), 1)).toEqual({ lower: 0, upper: 255 });
    expect(nominalRange(of({ '00280101': [8], '00281052': [-1024] }), 1)).toBeNull();
    expect(nominalRange(of({ '00280101': [12] }), 1)).toBeNull();
    expect(measuredRange([5, -3, 900, -2000], { lower: -2000, upper: -2000 })).toEqual({ lower: -3, upper: 900 });
    expect(measuredRange([], null)).toEqual({ lower: 0, upper: 1 });
  });
});

describe('padding', () => {
  it('is in the units of the image, with the sign that its values have', () => {
    const signed = of({ '00280120': [63_536], '00280103': [1], '00281052': [-24], '00281053': [2] });
    const found = paddingOf(signed, 1)!;
    expect((found.lower + found.upper) / 2).toBeCloseTo(-4024);
  });

  it('may be a range', () => {
    expect(paddingOf(of({ '00280120': [0], '00280121': [30] }), 1)).toMatchObject({ lower: -0.01, upper: 30.01 });
  });
});
