import { useEffect, useMemo, useReducer, useRef, useState } from 'react';
import type { TaskDetail } from '../api/types';
import { Draft, type Saved } from './draft';
import { browserStore, type Found, findKept, noStore, notArrived } from './kept';
import * as node from './node';
import { EMPTY_REPORT, withQuestions } from './written';

/** So many copies of a text are gone on with at most; the node takes no more names at once. */
const MOST = 15;

/** The text of a task as the node has it. */
export const savedOf = (task: TaskDetail, language: string): Saved => ({
  written: task.report ? { ...EMPTY_REPORT, ...task.report, links: task.links ?? [] } : { ...EMPTY_REPORT, language },
  revision: task.report_revision ?? '',
});

/** What waits on this machine for a task, read before its text is opened for writing; undefined: not known yet. */
export function useKept(username: string, task: TaskDetail, wanted: boolean): Found[] | undefined {
  const { id: taskId } = task;
  const arrived = useRef(task.report_pages);
  arrived.current = task.report_pages;
  const [found, setFound] = useState<Found[]>();
  useEffect(() => {
    setFound(undefined);
    if (!wanted) return undefined;
    let live = true;
    void findKept(username, taskId).then((list) => {
      if (live) setFound(notArrived(list, arrived.current ?? {}).slice(0, MOST));
    });
    return () => {
      live = false;
    };
  }, [username, taskId, wanted]);
  return found;
}

/** The draft of a task while its page is open. */
export function useDraft(task: TaskDetail, username: string, language: string, editable: boolean, found: Found[]) {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const { id } = task;
  // a new draft when the task changes or becomes ours; what the node sends later must not overwrite what is being written
  // biome-ignore lint/correctness/useExhaustiveDependencies: the task and what was found are the starting point only
  const { draft, store } = useMemo(() => {
    const initial = savedOf(task, language);
    const begun = editable ? { ...initial, written: withQuestions(initial.written, task.questions ?? []) } : initial;
    const names = found.map((one) => one.name);
    const place = editable ? browserStore(username, id, names, render) : noStore;
    const pages = Object.fromEntries(found.map((one) => [one.page, one.kept.count]));
    const made = new Draft({
      initial: begun,
      kept: editable ? (found[0]?.kept ?? null) : null,
      store: place,
      save: async (written, base, count) => {
        const saved = await node.saveDraft(id, written, base, { ...pages, [place.page]: count });
        return { revision: saved.report_revision };
      },
      load: async () => savedOf(await node.detail(id), language),
      changed: render,
    });
    return { draft: made, store: place };
  }, [id, username, editable]);
  useEffect(() => {
    draft.open();
    const leave = () => {
      const last = editable ? draft.leaving() : null;
      if (!last) return;
      const pages = { [store.page]: last.count };
      void node.saveDraft(id, last.written, last.base, pages, { keepalive: true }).catch(() => undefined);
    };
    const back = () => draft.hurry();
    window.addEventListener('pagehide', leave);
    window.addEventListener('online', back);
    document.addEventListener('visibilitychange', back);
    return () => {
      window.removeEventListener('pagehide', leave);
      window.removeEventListener('online', back);
      document.removeEventListener('visibilitychange', back);
      if (editable && draft.dirty) void draft.flush();
      draft.close();
    };
  }, [draft, store, id, editable]);
  return { draft, keeping: store.keeping() };
}
