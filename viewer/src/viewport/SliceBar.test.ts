import { expect, it } from 'vitest';
import { runsOf } from './SliceBar';

it('draws neighbouring frames in the same state as one piece', () => {
  expect(runsOf(['loaded', 'loaded', 'loading', 'waiting', 'waiting', 'failed'])).toEqual([
    { from: 0, length: 2, state: 'loaded' },
    { from: 2, length: 1, state: 'loading' },
    { from: 3, length: 2, state: 'waiting' },
    { from: 5, length: 1, state: 'failed' },
  ]);
});
