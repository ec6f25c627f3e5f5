import { describe, expect, it } from 'vitest';
import { type Dataset, forToolkit, numbers, numeric, ofFrame, text, withoutImpossibleSpacing } from './dicom';

const item = (attributes: Record<string, unknown>): { Value: unknown[] } => ({ Value: [attributes] });
const position = (z: number) => ({ '00209113': item({ '00200032': { Value: [0, 0, z] } }) });

describe('attributes', () => {
  it('that are missing or empty are no numbers', () => {
    expect(numeric({}, 'Rows')).toBeNull();
    expect(numeric({ '00280010': { Value: [''] } }, 'Rows')).toBeNull();
    expect(text({ '00080060': {} }, 'Modality')).toBe('');
    expect(numbers({ '00280030': { Value: ['0.5', 'x'] } }, 'PixelSpacing')).toEqual([0.5]);
  });
});

describe('the attributes of a frame', () => {
  const enhanced: Dataset = {
    '00280010': { Value: [64] },
    '52009229': item({ '00289110': item({ '00280030': { Value: [0.9, 0.9] } }) }),
    '52009230': { Value: [position(10), position(12)] },
  };

  it('come from the functional groups of an enhanced object', () => {
    const second = ofFrame(enhanced, 2);
    expect(numbers(second, 'ImagePositionPatient')).toEqual([0, 0, 12]);
    expect(numbers(second, 'PixelSpacing')).toEqual([0.9, 0.9]);
    expect(numeric(second, 'Rows')).toBe(64);
  });

  it('are those of the object otherwise', () => {
    const simple: Dataset = { '00280010': { Value: [64] } };
    expect(ofFrame(simple, 3)).toBe(simple);
  });
});

describe('a spacing of zero', () => {
  it('is no spacing, in functional groups either', () => {
    const bad = { vr: 'DS', Value: [0, 0] };
    const good = { vr: 'DS', Value: [0.5, 0.5] };
    const ds: Dataset = {
      '00280030': bad,
      '00181164': good,
      '52009229': { vr: 'SQ', Value: [{ '00289110': { vr: 'SQ', Value: [{ '00280030': bad }] } }] },
    };
    const clean = withoutImpossibleSpacing(ds);
    expect(clean['00280030']).toBeUndefined();
    expect(clean['00181164']).toBe(good);
    expect(numbers(ofFrame(clean, 1), 'PixelSpacing')).toEqual([]);
  });
});

describe('directions', () => {
  it('have length 1, or there are none', () => {
    const given = (Value: unknown[]) =>
      withoutImpossibleSpacing({ '00200037': { vr: 'DS', Value } })['00200037']?.Value;
    expect(given([1, 0, 0, 0, 1, 0])).toEqual([1, 0, 0, 0, 1, 0]);
    expect(given([1, 0, 0, 0, 0.6, 0.4])!.map((value) => Number(value).toFixed(3))).toEqual([
      '1.000',
      '0.000',
      '0.000',
      '0.000',
      '0.832',
      '0.555',
    ]);
    expect(given([0, 0, 0, 0, 0, 0])).toBeUndefined();
    expect(given([1, 0, 0])).toBeUndefined();
  });
});

describe('what the toolkit gets', () => {
  it('is no VOI LUT function: our own drawing applies it', () => {
    const rows = { '00280010': { Value: [2] } };
    const group = { '00289132': { vr: 'SQ', Value: [{ '00281056': { Value: ['SIGMOID'] } }] } };
    const given = forToolkit({ ...rows, '00281056': { Value: ['SIGMOID'] }, '52009229': { vr: 'SQ', Value: [group] } });
    expect(JSON.stringify(given)).not.toContain('SIGMOID');
    expect(given['00280010']).toBe(rows['00280010']);
  });

  it('is no rescale for colours, which have no units', () => {
    const rescale = { '00281052': { Value: [-1024] }, '00281053': { Value: [1] } };
    expect(forToolkit({ ...rescale, '00280002': { Value: [3] } })).toEqual({ '00280002': { Value: [3] } });
    expect(forToolkit({ ...rescale, '00280002': { Value: [1] } })).toMatchObject(rescale);
  });
});
