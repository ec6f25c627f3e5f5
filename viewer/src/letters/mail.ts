/** Letters and critical findings: asking for them and writing them. Each new one has its id from here, so that sending it
 * again after a lost answer has no effect. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { json } from '../api/client';
import type { Schemas } from '../api/schema';
import type { LetterBody, Thread } from './types';

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
      queryFn: ({ signal }) => json<Findings>(`${ofTask(taskId)}/criticals`, { signal }).then((list) => list.items),
      refetchInterval: POLL_MS,
    }),
};

type Said<Name extends keyof Schemas> = Omit<Schemas[Name], 'id'>;
export type NewLetter = Omit<Said<'NewLetter'>, 'body'> & { body: LetterBody };
export type Question = Said<'Question'>;
export type Rejection = Said<'Rejection'>;
export type NewFinding = Said<'NewFinding'>;
export type TakenNote = Required<Said<'TakenNote'>>;
type Withdrawal = Said<'Withdrawal'>;
type Findings = Schemas['Findings'];

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
    (withdrawal: Withdrawal & { id: string }) => post<Findings>(`${ofFinding(findingId)}/withdraw`, withdrawal),
    keepFindings(taskId),
  );
