import { expect, it } from 'vitest';
import { faceOf } from './clock';
import { aTask } from './testing';

const at = (used: number, running = true, ms = 0) =>
  faceOf(
    aTask('1', {
      clock: { limit_seconds: 1800, used_seconds: used, running, left_seconds: 1800 - used, overdue: used > 1800 },
    }),
    ms,
  );

it('the clock runs on from what the node said, and stands when it stands', () => {
  expect(at(600, true, 60_000)).toMatchObject({ used: 660, left: 1140, mood: 'calm' });
  expect(at(600, false, 60_000)).toMatchObject({ used: 600, mood: 'still' });
});

it('the clock says when there is little time left, and when there is none', () => {
  expect(at(1400).mood).toBe('soon');
  expect(at(1801).mood).toBe('over');
  expect(at(1801, false).mood).toBe('over');
});
