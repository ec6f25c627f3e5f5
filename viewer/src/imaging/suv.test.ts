import { describe, expect, it } from 'vitest';
import type { Dataset } from './dicom';
import { suvFactor, suvOf, whyNoSuv } from './suv';

const ds = (attributes: Record<string, unknown[]>): Dataset =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));
const tracer = (more: Record<string, unknown[]> = {}) =>
  ds({ '00181074': [370e6], '00181075': [6588], '00181072': ['090000'], ...more });
const pet = (more: Record<string, unknown[]> = {}) =>
  ds({
    '00080060': ['PT'],
    '00541001': ['BQML'],
    '00280051': ['NORM', 'ATTN', 'DECY'],
    '00541102': ['START'],
    '00101030': [70],
    '00540016': [tracer()],
    '00080021': ['20261122'],
    '00080031': ['104948'],
    '00080022': ['20261122'],
    '00080032': ['105500'],
    ...more,
  });

describe('SUV by body weight', () => {
  it('counts the decay until the scan began', () => {
    // 6588 s after the injection, one half life
    expect(suvFactor(pet())).toBeCloseTo(70_000 / 185e6, 12);
  });
  it('needs no time where the decay was corrected to the administration', () => {
    expect(suvFactor(pet({ '00541102': ['ADMIN'], '00080031': [] }))).toBeCloseTo(70_000 / 370e6, 12);
  });
  it('reaches over midnight', () => {
    const late = pet({
      '00080031': ['004948'],
      '00080032': ['005500'],
      '00540016': [tracer({ '00181072': ['230000'] })],
    });
    expect(suvFactor(late)).toBeCloseTo(70_000 / 185e6, 12);
    const dated = pet({ '00540016': [tracer({ '00181078': ['20261122090000.00'], '00181072': ['030000'] })] });
    expect(suvFactor(dated)).toBeCloseTo(70_000 / 185e6, 12);
  });
  it('is there already in images in g/ml', () => {
    expect(suvFactor(pet({ '00541001': ['GML'] }))).toBe(1);
    expect(suvFactor(pet({ '00541001': ['GML'], '00541006': ['LBM'] }))).toBeNull();
  });
  it('is left out rather than guessed', () => {
    expect(suvFactor(pet({ '00101030': [] }))).toBeNull();
    expect(suvFactor(pet({ '00280051': ['DECY'] }))).toBeNull();
    expect(suvFactor(pet({ '00080032': ['100000'] }))).toBeNull(); // the series was made afterwards
    expect(suvFactor(pet({ '00541102': ['NONE'] }))).toBeNull();
    expect(suvFactor(pet({ '00080060': ['CT'] }))).toBeNull();
    expect(suvFactor(pet({ '00541001': ['CNTS'] }))).toBeNull();
  });
});

describe('counts of a Philips scanner', () => {
  const philips = (more: Record<string, unknown[]>) =>
    pet({ '00541001': ['CNTS'], '70530010': ['Philips PET Private Group'], ...more });
  it('become SUV by the factor of the vendor, whatever else is missing', () => {
    expect(suvFactor(philips({ '70531000': ['0.000551'] }))).toBe(0.000551);
    expect(suvFactor(philips({ '70531000': [0.000551], '00101030': [], '00540016': [] }))).toBe(0.000551);
    const elsewhere = { '70530010': ['SOMEBODY ELSE'], '70531000': [9], '70530042': ['Philips PET Private Group '] };
    expect(suvFactor(philips({ ...elsewhere, '70534200': ['0.25'] }))).toBe(0.25);
  });
  it('become Bq/ml first where only that factor is known', () => {
    const found = suvFactor(philips({ '70531000': [0], '70531009': ['1.5'] }));
    expect(found).toBeCloseTo((1.5 * 70_000) / 185e6, 12);
    expect(whyNoSuv(philips({ '70531009': [1.5], '00101030': [] }))).toBe('weight');
  });
  it('are counts without it, or in an image that was not corrected', () => {
    expect(suvOf(philips({}))).toEqual({ missing: 'vendor' });
    expect(suvOf(pet({ '00541001': ['CNTS'], '70531000': [0.5] }))).toEqual({ missing: 'vendor' });
    expect(whyNoSuv(philips({ '70531000': [0.5], '00280051': ['DECY'] }))).toBe('corrections');
  });
});

it('an image without SUV says why', () => {
  expect(whyNoSuv(pet({ '00101030': [0] }))).toBe('weight');
  expect(whyNoSuv(pet({ '00540016': [] }))).toBe('dose');
  expect(whyNoSuv(pet({ '00540016': [tracer({ '00181075': [] })] }))).toBe('half-life');
  expect(whyNoSuv(pet({ '00080032': ['100000'] }))).toBe('times');
  expect(whyNoSuv(pet({ '00541102': ['NONE'] }))).toBe('corrections');
  expect(whyNoSuv(pet({ '00541001': ['PROPCPS'] }))).toBe('units');
  expect(whyNoSuv(pet({ '00541001': ['GML'], '00541006': ['LBM'] }))).toBe('kind');
  expect(whyNoSuv(pet())).toBeNull();
  expect(whyNoSuv(pet({ '00080060': ['CT'] }))).toBeNull();
});
