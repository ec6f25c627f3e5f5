import { describe, expect, it } from 'vitest';
import type { Dataset } from './dicom';
import { isLossy, openingIndex, playRate, slicePosition, stackOf, startsInverted } from './stack';

const values = (attributes: Record<string, unknown[]>): Dataset =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));

function aSlice(number: number, more: Record<string, unknown[]> = {}): Dataset {
  return values({
    '00080018': [`1.2.3.${number}`],
    '00080060': ['CT'],
    '00200013': [number],
    '00280002': [1],
    '00280004': ['MONOCHROME2'],
    '00280010': [512],
    '00280011': [512],
    '00280100': [16],
    ...more,
  });
}

describe('a stack', () => {
  it('has one frame per instance, in the order in which the node sent them', () => {
    const stack = stackOf('1.2', '1.2.9', [aSlice(2), aSlice(1)]);
    expect(stack.frames.map((frame) => frame.sop)).toEqual(['1.2.3.2', '1.2.3.1']);
    expect(stack.frames[0]!.imageId).toBe('lientuyen:/api/display/studies/1.2/series/1.2.9/instances/1.2.3.2/frames/1');
    expect(stack.frameBytes).toBe(512 * 512 * 2);
  });

  it('has every frame of a multi-frame instance', () => {
    const stack = stackOf('1.2', '1.2.9', [aSlice(1, { '00280008': ['3'], '00080060': ['US'] })]);
    expect(stack.frames.map((frame) => frame.number)).toEqual([1, 2, 3]);
    expect(stack.frames[2]!.imageId.endsWith('/frames/3')).toBe(true);
  });

  it('opens a volume in its middle and a cine loop at its first frame', () => {
    const volume = Array.from({ length: 64 }, (_, index) => aSlice(index + 1));
    expect(openingIndex(stackOf('1', '2', volume))).toBe(32);
    expect(openingIndex(stackOf('1', '2', [aSlice(1, { '00280008': [120], '00080060': ['US'] })]))).toBe(0);
  });

  it('starts inverted only for MONOCHROME1', () => {
    const stack = stackOf('1', '2', [aSlice(1, { '00280004': ['MONOCHROME1'] }), aSlice(2)]);
    expect([startsInverted(stack, 0), startsInverted(stack, 1), startsInverted(stack, 9)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('playing speed', () => {
  it('is the recommended display rate', () => {
    expect(playRate(values({ '00082144': [25], '00180040': [30] }))).toBe(25);
  });
  it('is the cine rate, else what the frame time says', () => {
    expect(playRate(values({ '00180040': ['30'] }))).toBe(30);
    expect(playRate(values({ '00181063': ['50'], '00280008': [10] }))).toBe(20);
  });
  it('stays within what a screen can show', () => {
    expect(playRate(values({ '00181063': [1], '00280008': [10] }))).toBe(60);
  });
});

describe('places', () => {
  it('count along the normal of the image', () => {
    const sagittal = values({ '00200032': [-12.5, 3, 4], '00200037': [0, 1, 0, 0, 0, -1] });
    expect(slicePosition(sagittal)).toBeCloseTo(12.5);
  });
  it('fall back to the slice location, else are unknown', () => {
    expect(slicePosition(values({ '00201041': ['7.5'] }))).toBe(7.5);
    expect(slicePosition({})).toBeNull();
  });
});

it('says when an image was compressed with loss', () => {
  expect(isLossy(values({ '00282110': ['01'] }))).toBe(true);
  expect(isLossy(values({ '00282110': ['00'] }))).toBe(false);
});
