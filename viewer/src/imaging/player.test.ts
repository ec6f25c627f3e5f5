import { describe, expect, it } from 'vitest';
import { nextFrame } from './player';

const played = (count: number, sweeps: boolean, steps: number) => {
  let at = { index: 0, forward: true };
  return Array.from({ length: steps }, () => {
    at = nextFrame(at.index, count, sweeps, at.forward);
    return at.index;
  });
};

describe('a film', () => {
  it('goes round and round', () => {
    expect(played(4, false, 6)).toEqual([1, 2, 3, 0, 1, 2]);
  });
  it('goes to and fro, each end once', () => {
    expect(played(4, true, 8)).toEqual([1, 2, 3, 2, 1, 0, 1, 2]);
  });
  it('of one frame stays', () => {
    expect(played(1, true, 2)).toEqual([0, 0]);
  });
});
