import { expect, it } from 'vitest';
import type { Stack } from '../imaging/stack';
import { MarkRoom } from './room';
import type { MarkSource } from './store';

const never = () => new Promise<never>(() => undefined);
const nowhere: MarkSource = { list: never, save: never, remove: never };
const loop = {
  series: '2',
  frames: [1, 2, 3].map((number) => ({ imageId: `${number}`, sop: '3', number, instanceNumber: 1 })),
} as unknown as Stack;

it('what is asked about a frame of a loop is asked on that frame alone', () => {
  const room = new MarkRoom('1', nowhere);
  const place = { stack: loop, index: 1 };
  expect(room.isAskedOn(place)).toBe(false);
  const mark = room.blank('arrow', place, [
    [1, 1],
    [5, 5],
  ]);
  room.ask({ mark, stack: loop });
  expect([0, 1, 2].map((index) => room.isAskedOn({ stack: loop, index }))).toEqual([false, true, false]);
});
