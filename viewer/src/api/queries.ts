/** What pages read from the node, kept fresh. */
import { keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query';
import * as node from './node';
import { ApiError } from './problem';
import { freshTasks, type KnownTasks } from './tasks';
import type { TaskFilter } from './types';

export const PAGE_SIZE = 100;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.mayPass,
      retryDelay: (failures) => Math.min(1_000 * 2 ** failures, 8_000),
    },
    mutations: { retry: false },
  },
});

export const queries = {
  site: () => queryOptions({ queryKey: ['site'], queryFn: ({ signal }) => node.site(signal), staleTime: 60_000 }),
  session: () =>
    queryOptions({
      queryKey: ['session'],
      queryFn: ({ signal }) => node.session(signal),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  studies: (q: string, page: number) =>
    queryOptions({
      queryKey: ['studies', 'list', q, page],
      queryFn: ({ signal }) => node.studies({ q, limit: PAGE_SIZE, offset: page * PAGE_SIZE }, signal),
      placeholderData: keepPreviousData,
    }),
  study: (uid: string) =>
    queryOptions({ queryKey: ['studies', 'one', uid], queryFn: ({ signal }) => node.studyDetail(uid, signal) }),
  timeline: (uid: string) =>
    queryOptions({ queryKey: ['studies', 'timeline', uid], queryFn: ({ signal }) => node.timeline(uid, signal) }),
  report: (uid: string) =>
    queryOptions({ queryKey: ['studies', 'report', uid], queryFn: ({ signal }) => node.arrivedReport(uid, signal) }),
  tasks: (state: TaskFilter) =>
    queryOptions({
      queryKey: ['tasks', 'list', state],
      queryFn: ({ signal, client, queryKey }) =>
        freshTasks(state, client.getQueryData<KnownTasks>(queryKey), (after) => node.taskPage(state, after, signal)),
      structuralSharing: false, // what did not change stays the same object already
    }),
  task: (id: string) =>
    queryOptions({ queryKey: ['tasks', 'one', id], queryFn: ({ signal }) => node.taskDetail(id, signal) }),
  colleagues: () =>
    queryOptions({ queryKey: ['readers'], queryFn: ({ signal }) => node.colleagues(signal), staleTime: 60_000 }),
  opinions: (taskId: string) =>
    queryOptions({ queryKey: ['tasks', 'opinions', taskId], queryFn: ({ signal }) => node.opinions(taskId, signal) }),
  notices: () => queryOptions({ queryKey: ['notices'], queryFn: ({ signal }) => node.notices(signal) }),
  preference: <T>(name: string) =>
    queryOptions({
      queryKey: ['preferences', name],
      queryFn: ({ signal }) => node.preference<T>(name, signal),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  queue: () => queryOptions({ queryKey: ['queue'], queryFn: ({ signal }) => node.queue(signal) }),
};
