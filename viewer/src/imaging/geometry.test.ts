import { describe, expect, it } from 'vitest';
import { cutLine, nameOf, type Plane, partner, planeOf, shiftBetween, type Vector } from './geometry';

const values = (attributes: Record<string, unknown[]>) =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));

function aPlane(kind: 'axial' | 'coronal' | 'sagittal', at: number, frame = '1.2.3'): Plane {
  const [orientation, position] = {
    axial: [
      [1, 0, 0, 0, 1, 0],
      [-100, -100, at],
    ],
    coronal: [
      [1, 0, 0, 0, 0, -1],
      [-100, at, 100],
    ],
    sagittal: [
      [0, 1, 0, 0, 0, -1],
      [at, -100, 100],
    ],
  }[kind] as [number[], number[]];
  return planeOf(
    values({
      '00200052': [frame],
      '00200032': position,
      '00200037': orientation,
      '00280030': [0.5, 0.5],
      '00280010': [400],
      '00280011': [400],
    }),
  )!;
}
const stack = (kind: 'axial' | 'coronal' | 'sagittal', from: number, step: number, count: number, frame?: string) =>
  Array.from({ length: count }, (_, index) => aPlane(kind, from + step * index, frame));

describe('planes', () => {
  it('have names by what stands on them', () => {
    expect(['axial', 'coronal', 'sagittal'].map((kind) => nameOf(aPlane(kind as 'axial', 0)))).toEqual([
      'axial',
      'coronal',
      'sagittal',
    ]);
  });

  it('of images without a place do not exist', () => {
    expect(planeOf({})).toBeNull();
  });
});

describe('the partner of an image', () => {
  it('is the nearest one in millimetres, whatever the spacing and the direction', () => {
    expect(partner(aPlane('axial', 20), stack('axial', 0, 5, 10))).toBe(4);
    expect(partner(aPlane('axial', 20), stack('axial', 40, -2.5, 40))).toBe(8);
    expect(partner(aPlane('axial', 21), stack('axial', 0, 5, 10))).toBe(4);
  });

  it('is none beyond the end of the stack, in another frame of reference or in another plane', () => {
    expect(partner(aPlane('axial', 90), stack('axial', 0, 5, 10))).toBeNull();
    expect(partner(aPlane('axial', 20), stack('axial', 0, 5, 10, '9.9'))).toBeNull();
    expect(partner(aPlane('coronal', 20), stack('axial', 0, 5, 10))).toBeNull();
  });

  it('in another study is found by the shift that the reader gave', () => {
    const prior = stack('axial', -300, 5, 20, '9.9');
    const shift = shiftBetween(aPlane('axial', 20), prior[4]!)!;
    expect(shift).toBe(-300);
    expect(partner(aPlane('axial', 30), prior, { shift, registered: true })).toBe(6);
  });

  it('does not depend on which way the normals look', () => {
    const turned = stack('axial', 0, 5, 10).map((plane) => ({
      ...plane,
      row: plane.column,
      column: plane.row,
      normal: plane.normal.map((part) => -part) as unknown as Vector,
    }));
    expect(partner(aPlane('axial', 20), turned)).toBe(4);
  });
});

describe('the line of one image in another', () => {
  it('lies in both planes', () => {
    const line = cutLine(aPlane('sagittal', 12), aPlane('axial', 7))!;
    for (const [x, , z] of line) {
      expect(x).toBeCloseTo(12);
      expect(z).toBeCloseTo(7);
    }
    expect(Math.abs(line[0][1] - line[1][1])).toBeCloseTo(200);
  });

  it('is none for parallel planes, planes that miss each other and other frames of reference', () => {
    expect(cutLine(aPlane('axial', 0), aPlane('axial', 5))).toBeNull();
    expect(cutLine(aPlane('sagittal', 500), aPlane('axial', 5))).toBeNull();
    expect(cutLine(aPlane('sagittal', 0), aPlane('axial', 5, '9.9'))).toBeNull();
  });
});
