/** How the list is narrowed: quick views, words, and what a person has saved. Pure. */
import type { Priority, Task } from '../api/types';

export const VIEWS = ['to-read', 'mine', 'to-verify', 'origin', 'open', 'signed'] as const;
export type View = (typeof VIEWS)[number];

export interface Filters {
  view: View;
  text: string;
  priorities: Priority[];
  modalities: string[];
  sites: string[];
  specialities: string[];
  /** Only what the reader may read. */
  scope: boolean;
  /** Only what waits longer than its class may. */
  overdue: boolean;
}

export const NO_FILTERS: Filters = {
  view: 'to-read',
  text: '',
  priorities: [],
  modalities: [],
  sites: [],
  specialities: [],
  scope: false,
  overdue: false,
};

export interface SavedFilter {
  name: string;
  filters: Filters;
}

/** What the preference `worklist-filters` holds. */
export interface SavedFilters {
  filters: SavedFilter[];
  /** Name of the one that the page begins with; null: none. */
  first: string | null;
}

/** Letters without their marks, lower case: `Đại Từ` and `dai tu` are the same. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'd').toLowerCase();
}

const TO_READ: readonly Task['state'][] = ['incomplete', 'ready', 'claimed', 'drafting'];

/** Whether a task of the open list is in a quick view; "signed" is a list of its own. */
export function inView(task: Task, view: View, username: string): boolean {
  switch (view) {
    case 'to-read':
      return TO_READ.includes(task.state);
    case 'mine':
      return task.mine || task.assigned_to === username;
    case 'to-verify':
      return task.state === 'preliminary' || task.state === 'verifying';
    case 'origin':
      return task.state === 'needs-info' || task.state === 'unreadable' || task.question_open;
    default:
      return true;
  }
}

const hays = new WeakMap<Task, string>();

function hayOf(task: Task): string {
  let hay = hays.get(task);
  if (hay === undefined) {
    hay = folded(
      [
        task.patient_name,
        task.patient_id,
        task.description,
        task.body_part,
        task.modalities.join(' '),
        task.origin_name,
        task.origin,
        task.clinical_question,
        ...task.questions,
        task.claimed_by_name ?? '',
        task.assigned_to_name ?? '',
      ].join(' '),
    )
      .split(/[^\p{L}\p{N}]+/u)
      .join(' ');
    hay = ` ${hay}`;
    hays.set(task, hay);
  }
  return hay;
}

/** Words are found by how they begin; numbers and codes anywhere. */
const hasWord = (hay: string, word: string) => hay.includes(/\p{N}/u.test(word) ? word : ` ${word}`);

const anyOf = (wanted: readonly string[], values: readonly string[]) =>
  wanted.length === 0 || wanted.some((one) => values.includes(one));

/** The tasks that fit, in their order. `isOverdue` knows the present. */
export function narrowed<T extends Task>(
  tasks: readonly T[],
  filters: Filters,
  username: string,
  isOverdue: (task: T) => boolean,
): T[] {
  const words = folded(filters.text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  return tasks.filter(
    (task) =>
      inView(task, filters.view, username) &&
      anyOf(filters.priorities, [task.priority]) &&
      anyOf(filters.modalities, [...task.modalities, task.modality]) &&
      anyOf(filters.sites, [task.origin]) &&
      anyOf(filters.specialities, [task.speciality]) &&
      (!filters.scope || task.in_scope) &&
      (!filters.overdue || isOverdue(task)) &&
      (words.length === 0 || words.every((word) => hasWord(hayOf(task), word))),
  );
}

/** Whether anything but the quick view narrows the list. */
export const isNarrow = ({ text, priorities, modalities, sites, specialities, scope, overdue }: Filters) =>
  Boolean(text.trim()) || scope || overdue || [priorities, modalities, sites, specialities].some((list) => list.length);

/** A saved filter as it is now, whatever an older version kept of it. */
export const complete = (kept: Partial<Filters> | undefined): Filters => ({
  ...NO_FILTERS,
  ...kept,
  view: VIEWS.includes(kept?.view as View) ? (kept?.view as View) : 'to-read',
});
