import { useEffect, useMemo, useReducer, useRef, useState } from 'react';
import type { Language, TaskDetail } from '../api/types';
import { Draft, type Saved } from './draft';
import { browserStore, type Found, findKept, forget, type Keeping, noStore, notArrived, setAside } from './kept';
import * as node from './node';
import { begunWith, copiesOf, distinct, notOf, type Waiting } from './waiting';
import { EMPTY_REPORT, isBlank, same, type Written, withQuestions } from './written';

/** So many copies are looked at, the newest. */
const MOST = 15;

/** The text of a task as the node has it. */
export const savedOf = (task: TaskDetail, language: Language): Saved => ({
  written: task.report ? { ...EMPTY_REPORT, ...task.report, links: task.links ?? [] } : { ...EMPTY_REPORT, language },
  revision: task.report_revision ?? '',
});

/** What waits on this machine for a task, read anew when its reader becomes its writer or no longer is; undefined: not known yet. */
export function useKept(username: string, task: TaskDetail, wanted: boolean, mine: boolean): Found[] | undefined {
  const { id: taskId } = task;
  const now = useRef(task);
  now.current = task;
  const reading = `${username} ${taskId} ${mine}`;
  const [found, setFound] = useState<{ reading: string; list: Found[] }>();
  useEffect(() => {
    if (!wanted) return undefined;
    let live = true;
    void findKept(username, taskId).then((list) => {
      if (live) setFound({ reading, list: notArrived(list, now.current.report_pages ?? {}).slice(0, MOST) });
    });
    return () => {
      live = false;
    };
  }, [username, taskId, wanted, reading]);
  return wanted && found?.reading === reading ? found.list : undefined;
}

/** Texts of a task that wait on this machine beside what the page shows. */
export interface Unsent {
  texts: readonly Waiting[];
  /** Goes on with it; what was in the editor takes its place. */
  take: (one: Waiting) => void;
  discard: (one: Waiting) => void;
  /** Ends a conflict; the text that was not chosen is one of the texts from then on. */
  settle: (choice: 'mine' | 'theirs') => void;
}

/** The draft of a task while its page is open, how well this machine keeps it, and what else waits here. */
export function useDraft(task: TaskDetail, username: string, language: Language, editable: boolean, found: Found[]) {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const { id } = task;
  const [lost, setLost] = useState<Page | null>(null);
  // a new draft when the task changes or becomes ours; what the node sends later must not overwrite what is being written
  // biome-ignore lint/correctness/useExhaustiveDependencies: the task and what was found are the starting point only
  const page = useMemo(
    () => begin(task, username, language, editable, [...inMemory(lost), ...found], render),
    [id, username, editable],
  );
  const [before, setBefore] = useState(page);
  if (before !== page) {
    setBefore(page);
    // who is no longer the writer keeps what the node does not have: in sight, and for when they write again
    setLost(before.editable && !page.editable && before.draft.dirty ? before : null);
  }
  const { draft, store } = page;
  useEffect(() => {
    for (const one of page.others) if (!one.kept.aside) setAside(username, id, one.kept, one.page);
    for (const { name } of page.needless) forget(name);
  }, [page, username, id]);
  useEffect(() => {
    draft.open();
    const leave = () => {
      const last = editable ? draft.leaving() : null;
      if (!last) return;
      const pages = { ...store.pages(), [store.page]: last.count };
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

  const saved = savedOf(task, language).written;
  const asked = withQuestions(saved, task.questions ?? []);
  const texts = editable ? page.others : notOf(asked, distinct([...inMemory(lost), ...found]));
  const putAside = (written: Written) => {
    if (isBlank(written) || page.others.some((other) => same(other.kept.written, written))) return;
    const kept = { written, base: draft.revision, sent: [], count: 0, at: Date.now() };
    page.others = [{ ...setAside(username, id, kept), covers: [] }, ...page.others];
  };
  const unsent: Unsent = {
    texts: texts.filter((one) => !page.discarded.has(one.name)),
    take: (one) => {
      putAside(draft.report);
      page.others = page.others.filter((other) => other !== one);
      store.adopt(copiesOf(one));
      draft.edit(withQuestions(one.kept.written, task.questions ?? []));
    },
    discard: (one) => {
      for (const { name } of copiesOf(one)) {
        forget(name);
        page.discarded.add(name);
      }
      if (lost && one.name === lost.store.name) setLost(null);
      render();
    },
    settle: (choice) => {
      const other = draft.settle(choice);
      if (other) putAside(other);
      render();
    },
  };
  const keeping: Keeping = (lost ?? page).store.keeping();
  return { draft, keeping, unsent };
}

type Page = ReturnType<typeof begin>;

/** The draft that a page begins with, its place on this machine, and the texts that it does not begin with. */
function begin(
  task: TaskDetail,
  username: string,
  language: Language,
  editable: boolean,
  found: readonly Found[],
  changed: () => void,
) {
  const { id } = task;
  const initial = savedOf(task, language);
  const begun = editable ? { ...initial, written: withQuestions(initial.written, task.questions ?? []) } : initial;
  const all = editable ? distinct(found) : [];
  const texts = notOf(begun.written, all);
  const first = begunWith(texts);
  const store = editable ? browserStore(username, id, first ? copiesOf(first) : [], changed) : noStore;
  const draft = new Draft({
    initial: begun,
    kept: first?.kept ?? null,
    store,
    save: async (written, base, count) => {
      const saved = await node.saveDraft(id, written, base, { ...store.pages(), [store.page]: count });
      return { revision: saved.report_revision };
    },
    load: async () => savedOf(await node.detail(id), language),
    changed,
  });
  const others = texts.filter((one) => one !== first);
  const needless = all.filter((one) => !texts.includes(one)).flatMap(copiesOf);
  return { draft, store, editable, others, needless, discarded: new Set<string>() };
}

/** The text of a page that writes no more, as if it had been found. */
function inMemory(lost: Page | null): Found[] {
  const kept = lost?.draft.waiting;
  return lost && kept
    ? [{ name: lost.store.name, page: lost.store.page, kept: { ...kept, pages: lost.store.pages() } }]
    : [];
}
