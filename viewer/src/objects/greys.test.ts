import { describe, expect, it } from 'vitest';
import type { Dataset } from '../imaging/dicom';
import { levelOf } from '../imaging/luts';
import { greysOf } from './greys';
import type { Presentation } from './types';

const ds = (bits: number, more: Record<string, unknown[]> = {}): Dataset =>
  Object.fromEntries(
    Object.entries({ '00280002': [1], '00280101': [bits], '00280103': [0], ...more }).map(([tag, Value]) => [
      tag,
      { Value },
    ]),
  );
const RESCALE = (slope: number, intercept: number) => ({ '00281053': [slope], '00281052': [intercept] });
const state = (more: Partial<Presentation> = {}) =>
  ({ windows: [], modality: null, presentation_lut: null, ...more }) as unknown as Presentation;
const window = (center: number, width: number, fn = 'LINEAR') => ({
  images: [],
  name: '',
  center,
  width,
  function: fn,
});

/** The level of a value as the image holds it. */
const level = (one: Presentation, image: Dataset, held: number) => {
  const { voi } = greysOf(one, image, '1', 1);
  return levelOf(voi!.range, voi!.curve)(held);
};
/** PS3.3 C.11.2.1.2.1. */
const linear = (value: number, center: number, width: number) =>
  255 * Math.min(1, Math.max(0, (value - (center - 0.5)) / (width - 1) + 0.5));

describe('the modality transformation of a state', () => {
  const image = ds(12, RESCALE(1, -1024));
  it('stands in the place of the one of the image', () => {
    const same = state({ modality: { slope: 1, intercept: -1024 }, windows: [window(40, 400)] });
    const other = state({ modality: { slope: 2, intercept: -2000 }, windows: [window(40, 400)] });
    for (const stored of [900, 1000, 1064, 1100, 1200]) {
      expect(level(same, image, stored - 1024)).toBeCloseTo(linear(stored - 1024, 40, 400), 6);
      expect(level(other, image, stored - 1024)).toBeCloseTo(linear(2 * stored - 2000, 40, 400), 6);
    }
    expect(greysOf(same, image, '1', 1).notes).toEqual([]);
  });
  it('is none where the state has none: its window is about stored values, and that is told', () => {
    const bare = state({ windows: [window(1064, 400)] });
    expect(level(bare, image, 40)).toBeCloseTo(linear(1064, 1064, 400), 6);
    expect(greysOf(bare, image, '1', 1).notes).toEqual(['no-modality']);
    expect(greysOf(bare, ds(12), '1', 1).notes).toEqual([]);
  });
  it('may turn dark and bright around', () => {
    const turned = state({ modality: { slope: -1, intercept: 4095 }, windows: [window(2048, 4096)] });
    for (const stored of [0, 100, 2000, 4095])
      expect(level(turned, image, stored - 1024)).toBeCloseTo(linear(4095 - stored, 2048, 4096), 3);
  });
  it('may be a table, whose first value is below 0 in images with a sign', () => {
    const signed = ds(12, { '00280103': [1] });
    const entries = Array.from({ length: 4096 }, (_, i) => 65_535 - 16 * i);
    const table = state({ modality: { descriptor: [4096, 63_488, 16], entries }, windows: [window(32_768, 65_536)] });
    for (const stored of [-2048, -1, 0, 5, 2047])
      expect(level(table, signed, stored)).toBeCloseTo(linear(entries[stored + 2048]!, 32_768, 65_536), 3);
  });
  it('cannot replace a table that the samples have been through, and says so', () => {
    const through = ds(12, { '00283004': ['US'] });
    const one = state({ modality: { slope: 3, intercept: 0 }, windows: [window(40, 400)] });
    expect(level(one, through, 50)).toBeCloseTo(linear(50, 40, 400), 6);
    expect(greysOf(one, through, '1', 1).notes).toEqual(['own-table']);
  });
});

describe('a state without a window', () => {
  it('shows all values from black to white, and says so where that is not what one expects', () => {
    const image = ds(12, RESCALE(1, -1024));
    const one = state({ modality: { slope: 1, intercept: -1024 } });
    expect([-1024, 3071].map((held) => level(one, image, held))).toEqual([0, 255]);
    expect(greysOf(one, image, '1', 1).notes).toEqual(['no-window']);
    expect(greysOf(state(), ds(8), '1', 1).notes).toEqual([]);
  });
  it('for this image is without one', () => {
    const other = { ...window(40, 400), images: [{ sop: '2', frames: [] }] };
    expect(greysOf(state({ windows: [other] }), ds(12), '1', 1).voi?.range).toEqual({ lower: 0, upper: 4095 });
  });
});

describe('a presentation LUT', () => {
  const entries = Array.from({ length: 256 }, (_, i) => Math.round((i * i) / 255));
  const lut = { descriptor: [256, 0, 8], entries };
  it('comes after the window', () => {
    const one = state({ windows: [window(512, 1024)], presentation_lut: lut });
    for (const held of [-5, 0, 1, 200, 511, 512, 900, 1023, 3000])
      expect(level(one, ds(12), held)).toBe(entries[Math.round(linear(held, 512, 1024))]);
  });
  it('comes after a sigmoid beyond its width, too', () => {
    const one = state({ windows: [window(2048, 400, 'SIGMOID')], presentation_lut: lut });
    for (const held of [0, 1500, 1800, 2048, 2300, 2700, 4095]) {
      const before = 255 / (1 + Math.exp((-4 * (held - 2048)) / 400));
      expect(level(one, ds(12), held)).toBe(entries[Math.round(before)]);
    }
  });
  it('comes after a table of values', () => {
    const modality = { descriptor: [4, 0, 8], entries: [0, 255, 128, 64] };
    const one = state({ modality, windows: [window(128, 256)], presentation_lut: lut });
    expect([0, 1, 2, 3].map((held) => level(one, ds(8), held))).toEqual([0, 255, entries[128], entries[64]]);
  });
});

it('an image in colour is not windowed', () => {
  expect(greysOf(state({ windows: [window(1, 2)] }), ds(8, { '00280002': [3] }), '1', 1)).toEqual({
    voi: null,
    notes: [],
  });
});
