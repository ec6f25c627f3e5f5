import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { NoticeList } from '../api/types';

const EVERY_MS = 60_000; // beside the event stream

/** What this person has been told, and the way to say that it was seen. */
export function useNotices() {
  const client = useQueryClient();
  const { queryKey } = queries.notices();
  const found = useQuery({ ...queries.notices(), refetchInterval: EVERY_MS });
  const take = (list: NoticeList) => client.setQueryData(queryKey, list);
  const see = useMutation({ mutationFn: node.seeNotice, onSuccess: take });
  const seeAll = useMutation({ mutationFn: node.seeNotices, onSuccess: take });
  return {
    items: found.data?.items ?? [],
    unseen: found.data?.unseen ?? 0,
    see: (id: number) => see.mutate(id),
    seeAll: () => seeAll.mutate(),
  };
}
