/** The node's part in reports, one function per call. */
import { queryOptions } from '@tanstack/react-query';
import { json, type RequestOptions } from '../api/client';
import type { Schemas } from '../api/schema';
import type { TaskDetail } from '../api/types';
import type { Template } from './templates';
import type { Written } from './written';

const part = encodeURIComponent;
const task = (id: string) => `/api/reading/tasks/${part(id)}`;
const study = (uid: string) => `/api/reading/studies/${part(uid)}`;

export type Signature = Schemas['SignatureShown'];
export type Version = Schemas['VersionShown'];
export type StudyReport = Schemas['StudyReport'];
export type Prior = Schemas['Prior'];

/** `measure`: ours, not the node's. */
export type LintFinding = Omit<Schemas['LintFinding'], 'code'> & { code: Schemas['LintFinding']['code'] | 'measure' };

export interface KeptMacro {
  shortcut: string;
  name?: string;
  text: string;
}

export type SignRequest = Required<Schemas['Sign']>;

export const detail = (id: string) => json<TaskDetail>(task(id));
export const saveDraft = (
  id: string,
  { links, ...report }: Written,
  base: string,
  pages: Record<string, number>,
  options: Pick<RequestOptions, 'keepalive'> = {},
) =>
  json<TaskDetail>(`${task(id)}/report`, {
    method: 'PUT',
    body: { ...report, links, pages, base_revision: base },
    ...options,
  });
export const sign = (id: string, body: SignRequest) => json<TaskDetail>(`${task(id)}/sign`, { method: 'POST', body });
export const correct = (id: string) => json<TaskDetail>(`${task(id)}/correct`, { method: 'POST' });
export const amend = (id: string) => json<TaskDetail>(`${task(id)}/amend`, { method: 'POST' });
export const lint = (text: string, language: string, signal?: AbortSignal) =>
  json<Schemas['LintFindings']>('/api/reading/lint', { method: 'POST', body: { text, language }, signal }).then(
    (answer) => answer.items,
  );
export const saveMacros = (macros: KeptMacro[]) =>
  json<unknown>('/api/preferences/macros', { method: 'PUT', body: { value: { macros } } });

const items = <T>(path: string, signal: AbortSignal) =>
  json<{ items: T[] }>(path, { signal }).then((answer) => answer.items);

export const reportQueries = {
  templates: () =>
    queryOptions({
      queryKey: ['report-templates'],
      queryFn: ({ signal }) => items<Template>('/api/reading/templates', signal),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  macros: () =>
    queryOptions({
      queryKey: ['preferences', 'macros'],
      queryFn: async ({ signal }) => {
        const kept = await json<{ value: { macros?: KeptMacro[] } | null; site: { macros?: KeptMacro[] } | null }>(
          '/api/preferences/macros',
          { signal },
        );
        return { own: kept.value?.macros ?? [], site: kept.site?.macros ?? [] };
      },
      staleTime: 60_000,
    }),
  versions: (id: string) =>
    queryOptions({
      queryKey: ['tasks', 'versions', id],
      queryFn: ({ signal }) => items<Version>(`${task(id)}/versions`, signal),
    }),
  priors: (uid: string) =>
    queryOptions({
      queryKey: ['studies', 'priors', uid],
      queryFn: ({ signal }) => items<Prior>(`${study(uid)}/priors`, signal),
      staleTime: 60_000,
    }),
  reports: (uid: string) =>
    queryOptions({
      queryKey: ['studies', 'reports', uid],
      queryFn: ({ signal }) => items<StudyReport>(`${study(uid)}/reports`, signal),
      staleTime: 60_000,
    }),
};
