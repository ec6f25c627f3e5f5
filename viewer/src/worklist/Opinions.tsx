/** Second opinions on a study: what was asked and answered, asking a colleague, answering one. The study stays whose it is. */
import { Button, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { Opinion } from '../api/types';
import { useFormat } from '../i18n/format';
import { LetterText } from '../letters/LetterText';
import { SendForm } from '../letters/SendForm';
import { useSession } from '../session';
import { ErrorNote, Loading } from '../ui/states';
import classes from './Opinions.module.css';
import { ColleagueSelect } from './PeopleDialog';

const POLL_MS = 15_000;

/** Beside the images: what there is, and a button for asking. */
export function OpinionPanel({ taskId }: { taskId: string }) {
  const { t } = useTranslation();
  const found = useOpinions(taskId);
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  return (
    <section className={classes.panel} aria-label={t('worklist.opinion.title')}>
      <h3 className={classes.title}>
        {t('worklist.opinion.title')}
        {!asking && found.mayAsk && (
          <Button size="compact-xs" variant="default" onClick={() => setAsking(true)}>
            {t('worklist.opinion.ask-for')}
          </Button>
        )}
      </h3>
      <Threads found={found} />
      {asking && found.mayAsk && <Ask taskId={taskId} onDone={close} onCancel={close} />}
    </section>
  );
}

/** In a dialog: the question can be asked at once. */
export function Opinions({ taskId, onDone }: { taskId: string; onDone: () => void }) {
  const found = useOpinions(taskId);
  if (found.query.isPending) return <Loading />;
  return (
    <Stack gap="md">
      <Threads found={found} onDone={onDone} />
      {found.mayAsk && <Ask taskId={taskId} onDone={onDone} />}
    </Stack>
  );
}

type Known = ReturnType<typeof useOpinions>;

function useOpinions(taskId: string) {
  const session = useSession();
  const query = useQuery({ ...queries.opinions(taskId), refetchInterval: POLL_MS });
  const items = query.data ?? [];
  const mayAnswer = (one: Opinion) =>
    one.state === 'open' && one.asked_by !== session.username && (!one.asked_of || one.asked_of === session.username);
  return { query, items, mayAnswer, mayAsk: query.data !== undefined && !items.some(mayAnswer) };
}

function Threads({ found, onDone }: { found: Known; onDone?: () => void }) {
  const { query, items, mayAnswer } = found;
  return (
    <>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {items.map((one) => (
        <Thread key={one.id} opinion={one} answering={mayAnswer(one)} onDone={onDone} />
      ))}
    </>
  );
}

interface ThreadProps {
  opinion: Opinion;
  answering: boolean;
  onDone?: (() => void) | undefined;
}

function Thread({ opinion, answering, onDone }: ThreadProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const session = useSession();
  const client = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => node.withdrawOpinion(opinion.id),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  const open = opinion.state === 'open';
  return (
    <article className={classes.thread} data-open={open || undefined}>
      <p className={classes.head}>
        <b>{opinion.asked_by_name}</b> → {opinion.asked_of_name || t('worklist.whoever')}
        <time dateTime={opinion.asked_at}>{format.moment(opinion.asked_at)}</time>
      </p>
      <p className={classes.words}>{opinion.question}</p>
      {opinion.state === 'answered' && (
        <>
          <p className={classes.head}>
            <b>{opinion.answered_by_name}</b>
            {opinion.answered_at && <time dateTime={opinion.answered_at}>{format.moment(opinion.answered_at)}</time>}
          </p>
          <p className={classes.words}>{opinion.answer}</p>
        </>
      )}
      {open && !answering && <p className={classes.waits}>{t('worklist.opinion.waits')}</p>}
      {open && opinion.asked_by === session.username && (
        <Button size="compact-xs" variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
          {t('worklist.opinion.withdraw')}
        </Button>
      )}
      {withdraw.error && <ErrorNote error={withdraw.error} />}
      {answering && <Answer opinion={opinion} onDone={onDone} />}
    </article>
  );
}

function Answer({ opinion, onDone }: Pick<ThreadProps, 'opinion' | 'onDone'>) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const answer = useMutation({
    mutationFn: () => node.answerOpinion(opinion.id, text),
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  return (
    <SendForm
      label={t('worklist.opinion.send-answer')}
      sending={answer}
      ready={text.trim() !== ''}
      onSend={() => answer.mutate()}
    >
      <LetterText label={t('worklist.opinion.answer')} minRows={3} value={text} onText={setText} data-autofocus />
    </SendForm>
  );
}

function Ask({ taskId, onDone, onCancel }: { taskId: string; onDone: () => void; onCancel?: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const people = useQuery(queries.colleagues());
  const [of, setOf] = useState<string | null>(null);
  const [text, setText] = useState('');
  const ask = useMutation({
    mutationFn: () => node.askOpinion(taskId, of ?? '', text),
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  const others = (people.data ?? []).filter((one) => !one.me);
  return (
    <SendForm
      label={t('worklist.opinion.ask')}
      sending={{ isPending: ask.isPending, error: people.error ?? ask.error }}
      ready={text.trim() !== ''}
      onSend={() => ask.mutate()}
      onCancel={onCancel}
    >
      <ColleagueSelect label={t('worklist.opinion.of-whom')} people={others} value={of} onChange={setOf} anyone />
      <LetterText label={t('worklist.opinion.question')} minRows={3} value={text} onText={setText} />
    </SendForm>
  );
}
