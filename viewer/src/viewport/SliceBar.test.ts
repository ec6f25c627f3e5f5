import { expect, it } from 'vitest';
import { runsOf } from './SliceBar';

it('draws neighbouring frames in the same state as one piece', () => {
  expect(runsOf(['full', 'full', 'preview', 'none', 'none', 'failed'])).toEqual([
    { from: 0, length: 2, state: 'full' },
    { from: 2, length: 1, state: 'preview' },
    { from: 3, length: 2, state: 'none' },
    { from: 5, length: 1, state: 'failed' },
  ]);
});
