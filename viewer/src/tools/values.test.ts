import { describe, expect, it } from 'vitest';
import type { Dataset } from '../imaging/dicom';
import { completed, ellipseIn } from './geometry';
import type { MarkContent, Point } from './mark';
import { calibrated, imageSpacing, spacingAt } from './spacing';
import { type PixelValues, valuesOf } from './values';

const ds = (attributes: Record<string, unknown[]>): Dataset =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));
const [MODALITY, PIXEL, IMAGER, ERMF, TYPE] = ['00080060', '00280030', '00181164', '00181114', '00280A02'] as const;

const mark = (kind: MarkContent['kind'], points: readonly Point[], values: MarkContent['values'] = []) => ({
  kind,
  points,
  values,
});
const numbers = (found: ReturnType<typeof valuesOf>) => Object.fromEntries(found.values.map((v) => [v.name, v.number]));

describe('what a pixel measures', () => {
  it('is in the patient, row spacing first', () => {
    expect(imageSpacing(ds({ [PIXEL]: [0.9, 0.6] }))).toEqual({ unit: 'mm', basis: 'patient', x: 0.6, y: 0.9 });
  });
  it('is on the detector where nothing else is known, also when a projection copies it', () => {
    expect(imageSpacing(ds({ [IMAGER]: [0.14, 0.14] }))).toMatchObject({ basis: 'detector', x: 0.14 });
    const copied = { [MODALITY]: ['DX'], [IMAGER]: [0.14, 0.14], [PIXEL]: [0.14, 0.14] };
    expect(imageSpacing(ds(copied)).basis).toBe('detector');
    expect(imageSpacing(ds({ ...copied, [TYPE]: ['FIDUCIAL'] })).basis).toBe('patient');
    expect(imageSpacing(ds({ ...copied, [PIXEL]: [0.1, 0.1] })).basis).toBe('patient');
  });
  it('is on the detector where a projection has Pixel Spacing alone, unless that says that it was corrected', () => {
    const kinds: Record<string, unknown[]>[] = [
      { [MODALITY]: ['CR'] },
      { [MODALITY]: ['DX'] },
      { [MODALITY]: ['OT'], '00080016': ['1.2.840.10008.5.1.4.1.1.1.1'] },
    ];
    for (const about of kinds) {
      const alone = { ...about, [PIXEL]: [0.2, 0.1] };
      expect(imageSpacing(ds(alone))).toEqual({ unit: 'mm', basis: 'detector', x: 0.1, y: 0.2 });
      expect(imageSpacing(ds({ ...alone, [TYPE]: ['GEOMETRY'] })).basis).toBe('patient');
      expect(imageSpacing(ds({ ...alone, [TYPE]: ['FIDUCIAL'] })).basis).toBe('patient');
    }
  });
  it('that stands alone is not divided by a magnification that it may have in it', () => {
    const found = imageSpacing(ds({ [MODALITY]: ['MG'], [PIXEL]: [0.1, 0.1], [ERMF]: [1.5] }));
    expect(found).toMatchObject({ basis: 'detector', x: 0.1 });
  });
  it('is in the patient in slices, also in those that were made of projections', () => {
    expect(imageSpacing(ds({ [MODALITY]: ['CT'], [PIXEL]: [0.5, 0.5] })).basis).toBe('patient');
    const tomosynthesis = { [MODALITY]: ['MG'], [PIXEL]: [0.1, 0.1], '00200037': [0, 1, 0, 0, 0, -1] };
    expect(imageSpacing(ds(tomosynthesis)).basis).toBe('patient');
  });
  it('is estimated by the magnification', () => {
    const found = imageSpacing(ds({ [MODALITY]: ['MG'], [IMAGER]: [0.1, 0.1], [ERMF]: [1.25] }));
    expect(found.basis).toBe('estimated');
    expect(found.x).toBeCloseTo(0.08);
  });
  it('is a pixel where nothing is known', () => {
    expect(imageSpacing({})).toEqual({ unit: '{pixels}', basis: 'none', x: 1, y: 1 });
  });
  it('is what the reader says, with the shape of the pixels kept', () => {
    const line = {
      points: [
        [0, 0],
        [0, 100],
      ] as Point[],
      values: [{ name: 'length' as const, number: 50, unit: 'mm' }],
    };
    expect(calibrated(ds({}), line)).toMatchObject({ basis: 'calibrated', x: 0.5, y: 0.5 });
    expect(calibrated(ds({ [PIXEL]: [2, 1] }), line)).toMatchObject({ x: 0.25, y: 0.5 });
    expect(calibrated(ds({ '00280034': [2, 1] }), line)).toMatchObject({ x: 0.25, y: 0.5 }); // twice as high as wide
    expect(calibrated(ds({}), { ...line, values: [] })).toBeNull();
  });
});

const region = (box: number[], units: number[], deltas: number[], more: Record<string, unknown[]> = {}) =>
  ds({
    '00186018': [box[0]],
    '0018601A': [box[1]],
    '0018601C': [box[2]],
    '0018601E': [box[3]],
    '00186024': [units[0]],
    '00186026': [units[1]],
    '0018602C': [deltas[0]],
    '0018602E': [deltas[1]],
    '00186016': [0],
    ...more,
  });

describe('ultrasound regions (PS3.3 C.8.5.5)', () => {
  const image = ds({
    '00186011': [
      region([0, 0, 99, 99], [3, 3], [0.05, 0.05]),
      region([100, 0, 199, 99], [4, 7], [0.01, -2], {
        '00186020': [0],
        '00186022': [50],
        '00186028': [0],
        '0018602A': [0],
      }),
    ],
  });
  it('give millimetres inside', () => {
    expect(
      spacingAt(
        image,
        [
          [10, 10],
          [50, 50],
        ],
        null,
      ),
    ).toMatchObject({ unit: 'mm', basis: 'region', x: 0.5, y: 0.5 });
  });
  it('say nothing between and across them', () => {
    expect(
      spacingAt(
        image,
        [
          [10, 10],
          [150, 50],
        ],
        null,
      ).basis,
    ).toBe('none');
    expect(
      spacingAt(
        image,
        [
          [10, 10],
          [10, 150],
        ],
        null,
      ).basis,
    ).toBe('none');
  });
  it('are calibrated one by one, and never where an axis is no length', () => {
    const calibration = (points: Point[]) =>
      ({ ...mark('calibration', points, [{ name: 'length', number: 10, unit: 'mm' }]) }) as unknown as MarkContent;
    const inTissue: Point[] = [
      [10, 10],
      [10, 60],
    ];
    const inSpectrum: Point[] = [
      [110, 20],
      [160, 70],
    ];
    expect(spacingAt(image, inTissue, calibration(inTissue))).toMatchObject({ basis: 'calibrated', y: 0.2 });
    expect(spacingAt(image, inSpectrum, calibration(inTissue)).unit).toBe('mixed');
    expect(spacingAt(image, inSpectrum, calibration(inSpectrum)).unit).toBe('mixed');
    expect(spacingAt(image, inTissue, calibration(inSpectrum)).basis).toBe('region');
  });
  it('keep the shape of their pixels when they are calibrated, whatever the image says of its own', () => {
    const oblong = ds({
      [PIXEL]: [7, 7],
      '00186011': [region([0, 0, 99, 99], [3, 3], [0.02, 0.05])], // 0.2 mm across, 0.5 mm down
    });
    const down: Point[] = [
      [10, 10],
      [10, 60],
    ];
    const known = {
      ...mark('calibration', down, [{ name: 'length', number: 50, unit: 'mm' }]), // 25 mm by the region
    } as unknown as MarkContent;
    expect(spacingAt(oblong, down, known)).toMatchObject({ basis: 'calibrated', x: 0.4, y: 1 });
  });
  it('measure time and velocity each for itself', () => {
    const points: Point[] = [
      [110, 20],
      [160, 70],
    ];
    const found = valuesOf(mark('length', points), spacingAt(image, points, null), null);
    expect(found.basis).toBe('region');
    expect(found.values).toEqual([
      { name: 'horizontal', number: expect.closeTo(0.5), unit: 's' },
      { name: 'vertical', number: expect.closeTo(100), unit: 'cm/s' },
    ]);
    const at: Point[] = [[150, 20.5]];
    const value = valuesOf(mark('probe', at), spacingAt(image, at, null), null).values[0];
    expect(value).toEqual({ name: 'value', number: expect.closeTo(60), unit: 'cm/s' });
  });
});

describe('the numbers of marks', () => {
  const mm = { unit: 'mm', basis: 'patient', x: 0.5, y: 0.5 } as const;
  // columns 0 to 9 hold 0, 10 to 19 hold 100
  const pixels: PixelValues = { columns: 20, rows: 20, unit: "[hnsf'U]", value: (column) => (column < 10 ? 0 : 100) };

  it('count a pixel whose middle is inside', () => {
    const found = valuesOf(
      mark(
        'rectangle',
        completed('rectangle', [
          [5, 5],
          [15, 10],
        ]),
      ),
      mm,
      pixels,
    );
    expect(numbers(found)).toEqual({
      area: 12.5,
      mean: expect.closeTo(50),
      stddev: expect.closeTo(50),
      min: 0,
      max: 100,
    });
    const thin = valuesOf(
      mark(
        'rectangle',
        completed('rectangle', [
          [5.6, 5.6],
          [6.4, 6.4],
        ]),
      ),
      mm,
      pixels,
    );
    expect(numbers(thin)).toEqual({ area: expect.closeTo(0.16) });
  });
  it('are those within the ellipse', () => {
    const found = numbers(valuesOf(mark('ellipse', ellipseIn([2, 2], [18, 12])), mm, pixels));
    expect(found.mean).toBeCloseTo(50);
    expect(found.area).toBeCloseTo(Math.PI * 8 * 5 * 0.25);
    const right = numbers(valuesOf(mark('ellipse', ellipseIn([11, 2], [18, 12])), mm, pixels));
    expect(right).toMatchObject({ mean: 100, stddev: 0, min: 100, max: 100 });
  });
  it('keep what was measured of the pixels while these are away', () => {
    const first = valuesOf(
      mark(
        'rectangle',
        completed('rectangle', [
          [5, 5],
          [15, 10],
        ]),
      ),
      mm,
      pixels,
    );
    const later = valuesOf(
      {
        ...mark(
          'rectangle',
          completed('rectangle', [
            [5, 5],
            [15, 10],
          ]),
        ),
        values: first.values,
      },
      { ...mm, x: 1, y: 1 },
      null,
    );
    expect(numbers(later)).toEqual({
      area: 50,
      mean: expect.closeTo(50),
      stddev: expect.closeTo(50),
      min: 0,
      max: 100,
    });
  });
  it('are a ratio of the heart to the chest, with or without millimetres', () => {
    const points: Point[] = [
      [10, 50],
      [40, 50],
      [0, 60],
      [60, 60],
    ];
    expect(numbers(valuesOf(mark('cardiothoracic', points), mm, null))).toEqual({
      ratio: 0.5,
      'heart-width': 15,
      'chest-width': 30,
    });
    const bare = valuesOf(mark('cardiothoracic', points), imageSpacing({}), null);
    expect(bare.values[0]).toEqual({ name: 'ratio', number: 0.5, unit: '1' });
  });
  it('leave a calibration as the reader gave it', () => {
    const given = [{ name: 'length' as const, number: 25.4, unit: 'mm' }];
    expect(
      valuesOf(
        mark(
          'calibration',
          [
            [0, 0],
            [9, 9],
          ],
          given,
        ),
        mm,
        pixels,
      ),
    ).toEqual({ values: given, basis: 'calibrated' });
  });
});
