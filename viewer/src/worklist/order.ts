/** What is to be read next, and how the list is narrowed. */
import type { Task, TaskState } from '../api/types';

/** The first task of the node's order that may be claimed. */
export const nextToRead = (tasks: readonly Task[], except?: string): Task | undefined =>
  tasks.find((task) => task.id !== except && (task.state === 'ready' || (task.mine && isBeingRead(task.state))));

export const isBeingRead = (state: TaskState) => state === 'claimed' || state === 'drafting';

/** Letters without their marks, lower case: `Đại Từ` and `dai tu` are the same. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'd').toLowerCase();
}

export interface Filters {
  text: string;
  modality: string | null;
  state: TaskState | 'mine' | null;
}

export function narrowed(tasks: readonly Task[], { text, modality, state }: Filters): Task[] {
  const words = folded(text).split(/\s+/).filter(Boolean);
  return tasks.filter((task) => {
    if (modality && !task.modalities.includes(modality) && task.modality !== modality) return false;
    if (state === 'mine' ? !task.mine : state !== null && task.state !== state) return false;
    if (words.length === 0) return true;
    const hay = folded(
      [task.patient_name, task.patient_id, task.description, task.body_part, task.origin_name, task.origin].join(' '),
    );
    return words.every((word) => hay.includes(word));
  });
}

export const modalitiesOf = (tasks: readonly Task[]) =>
  [...new Set(tasks.flatMap((task) => (task.modalities.length ? task.modalities : [task.modality])))]
    .filter(Boolean)
    .sort();
