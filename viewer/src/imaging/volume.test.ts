import { expect, it } from 'vitest';
import { Volume } from './volume';

const image = (whole: boolean) => ({ samples: new Int16Array(4), slope: 1, intercept: 0, whole });

it('counts slices that the cache has let go of since, for it still has them', () => {
  const volume = new Volume(2);
  const first = image(true);
  expect(volume.take(0, first)).toBe(true);
  expect(volume.take(0, null)).toBe(false);
  expect(volume.take(1, image(true))).toBe(true);
  expect(volume.here).toBe(1);
  expect(volume.slices[0]?.samples).toBe(first.samples);
});

it('never takes a preview in the place of a whole slice, and counts no preview', () => {
  const volume = new Volume(2);
  volume.take(0, image(false));
  expect(volume.here).toBe(0);
  const whole = image(true);
  expect(volume.take(0, whole)).toBe(true);
  expect(volume.take(0, image(false))).toBe(false);
  expect(volume.slices[0]?.samples).toBe(whole.samples);
  expect(volume.here).toBe(0.5);
});

it('names a slice that is to be fetched once more, not one that failed or is on its way into the cache', () => {
  const volume = new Volume(4);
  volume.take(0, image(true));
  expect(volume.missing(['none', 'failed', 'full', 'preview'])).toBe(3);
  expect(volume.missing(['preview', 'failed', 'full', 'failed'])).toBeUndefined();
});
