/** The node's API, one function per call. */
import { json, send } from './client';
import type { Schemas } from './schema';
import type {
  ArrivedReport,
  ColleagueList,
  Language,
  NoticeList,
  OpinionList,
  Priority,
  Queue,
  ReaderList,
  ReaderProfile,
  ReaderShown,
  Session,
  Site,
  StudyDetail,
  StudyList,
  Task,
  TaskDetail,
  TaskFilter,
  TaskPage,
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

export const tasks = (state: TaskFilter, signal?: Signal) => taskPage(state, null, signal).then((page) => page.items);
/** Since `changedAfter` all tasks that changed, whatever their state. */
export const taskPage = (state: TaskFilter, changedAfter: string | null, signal?: Signal) =>
  json<TaskPage>(`/api/reading/tasks?state=${state}${changedAfter ? `&changed_after=${part(changedAfter)}` : ''}`, {
    signal,
  });
export const taskDetail = (id: string, signal?: Signal) => json<TaskDetail>(task(id), { signal });
/** Claims, with signs of life to follow (`heartbeat`); `overrideScope`: outside one's own scope, knowingly. */
export const claim = (id: string, overrideScope = false) =>
  json<Task>(`${task(id)}/claim`, { method: 'POST', body: { override_scope: overrideScope, heartbeat: true } });
export const heartbeat = (id: string, idleSeconds: number) =>
  json<Task>(`${task(id)}/heartbeat`, { method: 'POST', body: { idle_seconds: Math.round(idleSeconds) } });
/** Claims the next study in one's scope; null when none waits. */
export async function takeNext(after = ''): Promise<Task | null> {
  const response = await send('/api/reading/next', { method: 'POST', body: { after } });
  return response.status === 204 ? null : ((await response.json()) as Task);
}
export const assign = (id: string, username: string) =>
  json<Task>(`${task(id)}/assign`, { method: 'POST', body: { username } });
export const handOver = (id: string, username: string) =>
  json<Task>(`${task(id)}/hand-over`, { method: 'POST', body: { username } });
export const takeOver = (id: string, overrideScope = false) =>
  json<Task>(`${task(id)}/take-over`, { method: 'POST', body: { override_scope: overrideScope } });
export const colleagues = (signal?: Signal) =>
  json<ColleagueList>('/api/reading/readers', { signal }).then((list) => list.items);
export const opinions = (id: string, signal?: Signal) =>
  json<OpinionList>(`${task(id)}/second-opinions`, { signal }).then((list) => list.items);
export const askOpinion = (id: string, of: string, question: string) =>
  json<OpinionList>(`${task(id)}/second-opinion`, { method: 'POST', body: { of, question } });
export const answerOpinion = (id: string, answer: string) =>
  json<OpinionList>(`/api/reading/second-opinions/${part(id)}/answer`, { method: 'POST', body: { answer } });
export const withdrawOpinion = (id: string) =>
  send(`/api/reading/second-opinions/${part(id)}/withdraw`, { method: 'POST' });

export const notices = (signal?: Signal) => json<NoticeList>('/api/notices', { signal });
export const seeNotice = (id: number) => json<NoticeList>(`/api/notices/${id}/seen`, { method: 'POST' });
export const seeNotices = () => json<NoticeList>('/api/notices/seen', { method: 'POST' });

export const readers = (signal?: Signal) => json<ReaderList>('/api/admin/readers', { signal });
export const saveReader = (username: string, profile: ReaderProfile) =>
  json<ReaderShown>(`/api/admin/readers/${part(username)}`, { method: 'PUT', body: profile });

/** The node keeps any JSON; who uses a preference says what it holds. */
export type Preference<T> = Record<keyof Schemas['Preference'], T | null>;
export const preference = <T>(name: string, signal?: Signal) =>
  json<Preference<T>>(`/api/preferences/${part(name)}`, { signal });
export const savePreference = <T>(name: string, value: T | null) =>
  json<Preference<T>>(`/api/preferences/${part(name)}`, { method: 'PUT', body: { value } });
export const release = (id: string) => json<Task>(`${task(id)}/release`, { method: 'POST' });
export const setPriority = (id: string, priority: Priority) =>
  json<Task>(`${task(id)}/priority`, { method: 'POST', body: { priority } });

export const queue = (signal?: Signal) => json<Queue>('/api/admin/queue', { signal });
export const retryDelivery = (id: number) => send(`/api/admin/deliveries/${id}/retry`, { method: 'POST' });
export const retryJob = (id: number) => send(`/api/admin/jobs/${id}/retry`, { method: 'POST' });
