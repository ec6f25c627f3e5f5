import { useEffect } from 'react';
import { codeIsHere } from '../api/ahead';
import type { Task } from '../api/types';

interface Prefetch {
  prefetchTask: (studyUid: string, signal?: AbortSignal) => unknown;
}

// a chunk of its own: the list stays small, and shows before any image is asked for
const modules = import.meta.glob<Prefetch>('../imaging/prefetch.ts');
const AFTER_MS = 1_200;

/** Fetches the previews of the studies that are likely to be opened next, when the list has come to rest. */
export function usePrefetchNext(tasks: readonly Task[]): void {
  const uids = tasks.map((task) => task.study_instance_uid).join(' ');
  useEffect(() => {
    const load = Object.values(modules)[0];
    if (!uids || !load) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        await codeIsHere();
        const { prefetchTask } = await load();
        for (const uid of uids.split(' ')) if (!stop.signal.aborted) await prefetchTask(uid, stop.signal);
      } catch {
        // opening a study tries again and says what is wrong
      }
    }, AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [uids]);
}
