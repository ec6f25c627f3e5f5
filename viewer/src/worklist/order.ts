/** What is to be read next, and what may be done with a task. Pure. */
import type { Role, Task, TaskState } from '../api/types';

export { folded } from './filters';

/** The first task of the node's order that may be claimed. */
export const nextToRead = <T extends Task>(tasks: readonly T[], except?: string): T | undefined =>
  tasks.find((task) => task.id !== except && (mayBegin(task) || (task.mine && isBeingRead(task.state))));

const mayBegin = (task: Task) => task.state === 'ready' && task.in_scope;

export const isBeingRead = (state: TaskState) =>
  state === 'claimed' || state === 'drafting' || state === 'verifying' || state === 'amending';

const FREE: readonly TaskState[] = ['ready', 'needs-info', 'unreadable', 'preliminary'];

/** Whether opening it claims it: nobody has it, and there is something to read. An emergency is read while its images come. */
export const isFree = (task: Task) =>
  FREE.includes(task.state) || (task.state === 'incomplete' && task.priority === 'emergency');

export type Action = 'open' | 'look' | 'release' | 'hand-over' | 'assign' | 'take-over' | 'opinion' | 'priority';

/** The key of each action on the chosen row. */
export const ACTION_KEYS: Record<Action, string> = {
  open: 'Enter',
  look: 'o',
  release: 'r',
  'hand-over': 'h',
  assign: 'a',
  'take-over': 't',
  opinion: 's',
  priority: 'p',
};

/** What this person may do with a task, in the order of the menu. */
export function actionsFor(task: Task, role: Role): Action[] {
  const reads = role === 'radiologist';
  const done = task.state === 'final' || task.state === 'cancelled';
  const held = isBeingRead(task.state);
  const allowed: Record<Action, boolean> = {
    open: true,
    look: reads && isFree(task),
    release: held && (task.mine || role === 'admin'),
    'hand-over': reads && held && task.mine && task.state !== 'amending',
    assign: !held && !done,
    'take-over': reads && held && !task.mine && task.state !== 'amending',
    opinion: reads && task.state !== 'cancelled',
    priority: !done,
  };
  return (Object.keys(allowed) as Action[]).filter((action) => allowed[action]);
}

export const modalitiesOf = (tasks: readonly Task[]) =>
  [...new Set(tasks.flatMap((task) => (task.modalities.length ? task.modalities : [task.modality])))]
    .filter(Boolean)
    .sort();
