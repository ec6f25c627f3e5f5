import { useEffect, useMemo, useReducer } from 'react';
import * as node from '../api/node';
import type { Report } from '../api/types';
import { browserStore, Draft } from './draft';

/** The draft of a task while its page is open. */
export function useDraft(taskId: string, username: string, initial: Report, editable: boolean): Draft {
  const [, render] = useReducer((n: number) => n + 1, 0);
  // a new draft when the task changes or becomes ours; what the node sends later must not overwrite what is being written
  // biome-ignore lint/correctness/useExhaustiveDependencies: `initial` is the starting point only
  const draft = useMemo(
    () =>
      new Draft({
        initial,
        store: editable ? browserStore(username, taskId) : { read: () => null, write: () => {}, clear: () => {} },
        save: (report) => node.saveReport(taskId, report),
        changed: render,
      }),
    [taskId, username, editable],
  );
  useEffect(() => {
    draft.open();
    const leave = () => {
      if (draft.dirty && editable)
        void node.saveReport(taskId, draft.report, { keepalive: true }).catch(() => undefined);
    };
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      if (editable && draft.dirty) void draft.flush();
      draft.close();
    };
  }, [draft, taskId, editable]);
  return draft;
}
