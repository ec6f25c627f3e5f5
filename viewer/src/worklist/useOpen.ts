import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { Role, Task } from '../api/types';
import { openingStudy } from '../imaging/prefetch';
import { isFree } from './order';

const addressOf = (task: Pick<Task, 'id'>) => `/reading/${encodeURIComponent(task.id)}`;

/** Opening studies: claims what is free, asks before what is outside the reader's scope, and says why it could not. */
export function useOpen(role: Role) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [opening, setOpening] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [doubtful, setDoubtful] = useState<{ task: Task; claim: () => Promise<unknown> } | null>(null);
  const reads = role === 'radiologist';

  const attempt = async (id: string, work: () => Promise<Pick<Task, 'id'> | null>): Promise<boolean> => {
    setOpening(id);
    setError(null);
    setDoubtful(null);
    try {
      const task = await work();
      if (task) {
        const query = queries.task(task.id);
        // what was read before the claim is right but for the claim, be it here or still on its way
        const claimed = () => client.setQueryData(query.queryKey, (known) => known && { ...known, ...task });
        claimed();
        if (client.isFetching({ queryKey: query.queryKey }))
          void client.fetchQuery(query).then(claimed, () => undefined);
        await navigate(addressOf(task));
      }
      return task !== null;
    } catch (reason) {
      setError(reason);
      return false;
    } finally {
      setOpening(null);
      void client.invalidateQueries({ queryKey: ['tasks'] });
    }
  };
  const inScope = (task: Task, claim: (override: boolean) => Promise<Task>) => {
    if (task.in_scope) return void attempt(task.id, () => claim(false));
    setDoubtful({ task, claim: () => attempt(task.id, () => claim(true)) });
  };

  return {
    opening,
    error,
    setError,
    doubtful,
    dismiss: () => setDoubtful(null),
    open: (task: Task) => {
      openingStudy(task.study_instance_uid, task.id);
      if (reads && isFree(task)) inScope(task, (override) => node.claim(task.id, override));
      else void navigate(addressOf(task));
    },
    look: (task: Task) => void navigate(addressOf(task)),
    takeOver: (task: Task) => inScope(task, (override) => node.takeOver(task.id, override)),
    /** The next in line; false when none waits. */
    next: async () => {
      let none = false;
      await attempt('next', async () => {
        const task = await node.takeNext();
        none = task === null;
        if (task) openingStudy(task.study_instance_uid);
        return task;
      });
      return !none;
    },
    release: (task: Task) =>
      attempt(task.id, async () => {
        await node.release(task.id);
        return null;
      }),
  };
}
