import { describe, expect, it } from 'vitest';
import { presetsFor, rangeOf, windowOf } from './presets';

describe('windows', () => {
  it('are ranges of values and back (PS3.3 C.11.2.1.2.1)', () => {
    expect(rangeOf(400, 40)).toEqual({ lower: -160, upper: 239 });
    expect(windowOf(rangeOf(1500, -600))).toEqual({ width: 1500, center: -600 });
  });
  it('have a key each on CT', () => {
    expect(
      presetsFor('CT')
        .slice(0, 9)
        .every((preset) => preset.window),
    ).toBe(true);
    expect(
      presetsFor('CT')
        .map((preset) => preset.name)
        .slice(9),
    ).toEqual(['default', 'full']);
    expect(presetsFor('CT')[4]).toMatchObject({ name: 'lung', window: { width: 1500, center: -600 } });
  });
  it('of other modalities come from the image', () => {
    expect(presetsFor('MR').every((preset) => preset.window === undefined)).toBe(true);
  });
});
