import { useQuery } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import { queries } from '../api/queries';
import type { ImageView } from '../imaging/view';
import { useViews } from '../viewport/views';
import { nextToRead } from '../worklist/order';
import { usePrefetchNext } from '../worklist/usePrefetchNext';

/** Brings the study that is likely to be read next, once nothing of the one on the screen is still to come. */
export function useNextAhead(taskId: string, wanted: boolean): void {
  const there = useAllThere(useViews().all) && wanted;
  const open = useQuery({ ...queries.tasks('open'), enabled: there });
  const next = there ? nextToRead(open.data?.items ?? [], taskId) : undefined;
  usePrefetchNext(next ? [next] : []);
}

/** Whether every frame of every series on the screen is here in full. */
function useAllThere(views: readonly ImageView[]): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const leaves = views.map((view) => view.subscribe(listener));
      return () => {
        for (const leave of leaves) leave();
      };
    },
    [views],
  );
  return useSyncExternalStore(subscribe, () => allThere(views));
}

export const allThere = (views: readonly Pick<ImageView, 'getState'>[]): boolean =>
  views.length > 0 &&
  views.every((view) => {
    const { frames } = view.getState();
    return frames.length > 0 && frames.every((frame) => frame === 'full');
  });
