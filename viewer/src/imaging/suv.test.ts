import { describe, expect, it } from 'vitest';
import type { Dataset } from './dicom';
import { suvFactor } from './suv';

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
