/** Letters and critical findings: asking for them and writing them. Each new one has its id from here, so that sending it
 * again after a lost answer has no effect. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { json } from '../api/client';
import type { Category, Channel, Finding, LetterBody, LetterKind, RepeatReason, Thread } from './types';

const part = encodeURIComponent;
const ofStudy = (uid: string) => `/api/studies/${part(uid)}/letters`;
const ofTask = (id: string) => `/api/reading/tasks/${part(id)}`;
const ofFinding = (id: string) => `/api/reading/criticals/${part(id)}`;
const POLL_MS = 15_000;

export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const mail = {
  thread: (uid: string) =>
    queryOptions({
      queryKey: ['studies', 'letters', uid],
      queryFn: ({ signal }) => json<Thread>(ofStudy(uid), { signal }),
      refetchInterval: POLL_MS,
    }),
  findings: (taskId: string) =>
    queryOptions({
      queryKey: ['tasks', 'criticals', taskId],
      queryFn: ({ signal }) =>
        json<{ items: Finding[] }>(`${ofTask(taskId)}/criticals`, { signal }).then((list) => list.items),
      refetchInterval: POLL_MS,
    }),
};

export interface NewLetter {
  kind: LetterKind;
  about?: string;
  body: LetterBody;
}
export interface Question {
  text: string;
  blocking: boolean;
}
export interface Rejection {
  reason: RepeatReason;
  text: string;
}
export interface NewFinding {
  category: Category;
  text: string;
}
export interface TakenNote {
  noted_by: string;
  channel: Exclude<Channel, 'application'>;
  read_back: boolean;
}

const post = <T>(path: string, body: object) => json<T>(path, { method: 'POST', body });

/** Sends one thing; the same id until it has arrived, a new one for the next. What the node answers is shown at once. */
function useSending<In extends object, Out>(
  send: (given: In & { id: string }) => Promise<Out>,
  keep: (client: QueryClient, answer: Out) => void = () => undefined,
) {
  const client = useQueryClient();
  const id = useRef(newId());
  return useMutation({
    mutationFn: (given: In) => send({ ...given, id: id.current }),
    onSuccess: (answer) => {
      id.current = newId();
      keep(client, answer);
    },
    onSettled: () => {
      for (const topic of ['studies', 'tasks', 'notices']) void client.invalidateQueries({ queryKey: [topic] });
    },
  });
}

interface Findings {
  items: Finding[];
}

export const useWrite = (uid: string) =>
  useSending(
    (letter: NewLetter & { id: string }) => post<Thread>(ofStudy(uid), letter),
    (client, thread) => client.setQueryData(mail.thread(uid).queryKey, thread),
  );
export const useAsk = (taskId: string) =>
  useSending((question: Question & { id: string }) => post<Thread>(`${ofTask(taskId)}/ask`, question));
export const useReject = (taskId: string) =>
  useSending((rejection: Rejection & { id: string }) => post<Thread>(`${ofTask(taskId)}/reject`, rejection));

const keepFindings = (taskId: string) => (client: QueryClient, answer: Findings) =>
  client.setQueryData(mail.findings(taskId).queryKey, answer.items);

export const useRaise = (taskId: string) =>
  useSending(
    (finding: NewFinding & { id: string }) => post<Findings>(`${ofTask(taskId)}/criticals`, finding),
    keepFindings(taskId),
  );
export const useNoteTold = (taskId: string, findingId: string) =>
  useSending(
    (note: TakenNote & { id: string }) => post<Findings>(`${ofFinding(findingId)}/noted`, note),
    keepFindings(taskId),
  );
export const useWithdraw = (taskId: string, findingId: string) =>
  useSending(
    (withdrawal: { reason: string } & { id: string }) => post<Findings>(`${ofFinding(findingId)}/withdraw`, withdrawal),
    keepFindings(taskId),
  );
