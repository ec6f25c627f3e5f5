/** The list of reading tasks as it is kept: read once, then only what changed is asked for. */
import type { Task, TaskFilter, TaskPage, TaskState } from './types';

/** A task and when (by this clock, ms) the node told it: its own times count from then on. */
export interface KnownTask extends Task {
  seenAt: number;
}

export interface KnownTasks {
  items: KnownTask[];
  cursor: string;
  /** When the whole list was read last. */
  wholeAt: number;
}

/** The whole list is read again after this: what no cursor tells (studies' headers) shows then. */
const WHOLE_EVERY_MS = 120_000;

const FINISHED: readonly TaskState[] = ['final', 'cancelled'];
const RANK = { emergency: 0, urgent: 1, routine: 2 } as const;

/** Reads the whole list, or what changed since `known` and puts it there. Tasks that did not change stay the same objects. */
export async function freshTasks(
  filter: TaskFilter,
  known: KnownTasks | undefined,
  ask: (changedAfter: string | null) => Promise<TaskPage>,
  now: () => number = Date.now,
): Promise<KnownTasks> {
  const whole = !known || now() - known.wholeAt > WHOLE_EVERY_MS;
  const page = await ask(whole ? null : known.cursor);
  const seenAt = now();
  const items = page.items.map((task): KnownTask => ({ ...task, seenAt }));
  if (whole) return { items, cursor: page.cursor, wholeAt: seenAt };
  return { items: merged(filter, known.items, items), cursor: page.cursor, wholeAt: known.wholeAt };
}

function merged(filter: TaskFilter, known: KnownTask[], changed: KnownTask[]): KnownTask[] {
  if (changed.length === 0) return known;
  const news = new Map(changed.map((task) => [task.id, task]));
  const kept = known.map((task) => {
    const next = news.get(task.id);
    news.delete(task.id);
    return next && !same(task, next) ? next : task;
  });
  return [...kept, ...news.values()].filter((task) => belongs(filter, task)).sort(inOrder);
}

function belongs(filter: TaskFilter, task: Task): boolean {
  if (filter === 'all') return true;
  const finished = FINISHED.includes(task.state);
  if (filter === 'final') return task.state === 'final';
  return !finished && (filter === 'open' || task.mine);
}

/** Nothing but the running times differs. */
function same(a: KnownTask, b: KnownTask): boolean {
  const plain = ({ seenAt: _, waiting_seconds: __, clock, ...rest }: KnownTask) =>
    JSON.stringify({ ...rest, limit: clock.limit_seconds, running: clock.running });
  return plain(a) === plain(b);
}

/** The node's order: open ones by urgency, then by how long they wait; after them the finished, newest first. */
export function inOrder(a: Task, b: Task): number {
  const [aDone, bDone] = [FINISHED.includes(a.state), FINISHED.includes(b.state)];
  if (aDone !== bDone) return aDone ? 1 : -1;
  if (aDone) return time(b.signed_at ?? b.created_at) - time(a.signed_at ?? a.created_at);
  return (
    RANK[a.priority] - RANK[b.priority] ||
    Number(a.ready_at === null) - Number(b.ready_at === null) ||
    time(a.ready_at ?? a.created_at) - time(b.ready_at ?? b.created_at) ||
    (a.id < b.id ? -1 : 1)
  );
}

const time = (iso: string) => Date.parse(iso);
