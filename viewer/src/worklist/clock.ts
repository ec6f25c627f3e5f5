/** The service clock as rows show it. Pure. */
import type { KnownTask } from '../api/tasks';

export interface ClockFace {
  used: number;
  limit: number;
  left: number;
  running: boolean;
  mood: 'calm' | 'soon' | 'over' | 'still';
}

const SOON = 0.75; // of the limit

/** What the clock of a task shows at `now` (ms). */
export function faceOf(task: KnownTask, now: number): ClockFace {
  const { limit_seconds: limit, used_seconds, running } = task.clock;
  const used = used_seconds + (running ? Math.max(0, (now - task.seenAt) / 1000) : 0);
  const left = limit - used;
  const mood = left < 0 ? 'over' : !running ? 'still' : used >= SOON * limit ? 'soon' : 'calm';
  return { used, limit, left, running, mood };
}
