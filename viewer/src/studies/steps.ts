/** The way of a study, as steps for its radiographer. */
import type { Stage } from '../api/types';

export const STEPS = ['received', 'sent', 'arrived', 'reading', 'signed', 'result'] as const;
export type Step = (typeof STEPS)[number];
export type StepLook = 'done' | 'now' | 'todo' | 'stopped';

/** How many steps are done, and whether the next one is being done, for each stage. */
const REACHED: Record<Stage, { done: number; now: boolean }> = {
  receiving: { done: 0, now: true },
  stored: { done: 1, now: false },
  queued: { done: 1, now: false },
  sending: { done: 1, now: true },
  held: { done: 1, now: false },
  refused: { done: 1, now: false },
  arrived: { done: 3, now: false },
  'waiting-to-be-read': { done: 3, now: false },
  reading: { done: 3, now: true },
  signed: { done: 5, now: false },
  'report-arrived': { done: 6, now: false },
  'report-delivered': { done: 6, now: false },
};

export function looks(stage: Stage): StepLook[] {
  const { done, now } = REACHED[stage];
  const stopped = stage === 'held' || stage === 'refused';
  return STEPS.map((_, index) => {
    if (index < done) return 'done';
    if (index > done) return 'todo';
    return stopped ? 'stopped' : now ? 'now' : 'todo';
  });
}
