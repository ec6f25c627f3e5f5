/** The node's API, one function per call. */
import { json, type RequestOptions, send } from './client';
import type {
  ArrivedReport,
  Language,
  Priority,
  Queue,
  Report,
  Session,
  Site,
  StudyDetail,
  StudyList,
  Task,
  TaskDetail,
  TaskFilter,
  Timeline,
} from './types';

const part = encodeURIComponent;
const task = (id: string) => `/api/reading/tasks/${part(id)}`;
const study = (uid: string) => `/api/studies/${part(uid)}`;
type Signal = AbortSignal | undefined;

export const site = (signal?: Signal) => json<Site>('/api/site', { signal });
export const session = (signal?: Signal) => json<Session>('/api/session', { signal });
export const login = (username: string, password: string) =>
  json<Session>('/api/session', { method: 'POST', body: { username, password } });
export const logout = () => send('/api/session', { method: 'DELETE' });
export const setLanguage = (language: Language) => json<Session>('/api/session', { method: 'PUT', body: { language } });

export function studies(query: { q: string; limit: number; offset: number }, signal?: Signal): Promise<StudyList> {
  const parameters = new URLSearchParams({ limit: String(query.limit), offset: String(query.offset) });
  if (query.q) parameters.set('q', query.q);
  return json<StudyList>(`/api/studies?${parameters}`, { signal });
}
export const studyDetail = (uid: string, signal?: Signal) => json<StudyDetail>(study(uid), { signal });
export const timeline = (uid: string, signal?: Signal) => json<Timeline>(`${study(uid)}/timeline`, { signal });
export const arrivedReport = (uid: string, signal?: Signal) => json<ArrivedReport>(`${study(uid)}/report`, { signal });
export const reportPdf = (uid: string) => `${study(uid)}/report.pdf`;

export const tasks = (state: TaskFilter, signal?: Signal) =>
  json<{ items: Task[] }>(`/api/reading/tasks?state=${state}`, { signal }).then((list) => list.items);
export const taskDetail = (id: string, signal?: Signal) => json<TaskDetail>(task(id), { signal });
export const claim = (id: string) => json<Task>(`${task(id)}/claim`, { method: 'POST' });
export const release = (id: string) => json<Task>(`${task(id)}/release`, { method: 'POST' });
export const saveReport = (id: string, report: Report, options: Pick<RequestOptions, 'keepalive'> = {}) =>
  json<TaskDetail>(`${task(id)}/report`, { method: 'PUT', body: report, ...options });
export const sign = (id: string) => json<Task>(`${task(id)}/sign`, { method: 'POST' });
export const setPriority = (id: string, priority: Priority) =>
  json<Task>(`${task(id)}/priority`, { method: 'POST', body: { priority } });

export const queue = (signal?: Signal) => json<Queue>('/api/admin/queue', { signal });
export const retryDelivery = (id: number) => send(`/api/admin/deliveries/${id}/retry`, { method: 'POST' });
export const retryJob = (id: number) => send(`/api/admin/jobs/${id}/retry`, { method: 'POST' });
