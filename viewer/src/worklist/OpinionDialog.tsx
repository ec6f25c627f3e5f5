/** Second opinions on a study: what was asked and answered, asking a colleague, answering one. The study stays whose it is. */
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { Opinion, Task } from '../api/types';
import { useFormat } from '../i18n/format';
import { useSession } from '../session';
import { ErrorNote, Loading } from '../ui/states';
import classes from './OpinionDialog.module.css';
import { ColleagueSelect } from './PeopleDialog';

export function OpinionDialog({ task, onClose }: { task: Pick<Task, 'id'>; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('worklist.opinion.title')}
      centered
      closeButtonProps={{ 'aria-label': t('action.close') }}
      size="lg"
    >
      <Opinions taskId={task.id} onDone={onClose} />
    </Modal>
  );
}

/** The same without the dialog around it. */
export function Opinions({ taskId, onDone }: { taskId: string; onDone?: () => void }) {
  const session = useSession();
  const found = useQuery(queries.opinions(taskId));
  const open = found.data?.filter((one) => one.state === 'open') ?? [];
  const mayAnswer = (one: Opinion) =>
    one.asked_by !== session.username && (!one.asked_of || one.asked_of === session.username);
  if (found.isPending) return <Loading />;
  return (
    <Stack gap="md">
      {found.error && <ErrorNote error={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.map((one) => (
        <Thread key={one.id} opinion={one} answering={one.state === 'open' && mayAnswer(one)} onDone={onDone} />
      ))}
      {!open.some(mayAnswer) && <Ask taskId={taskId} onDone={onDone} />}
    </Stack>
  );
}

function Thread({
  opinion,
  answering,
  onDone,
}: {
  opinion: Opinion;
  answering: boolean;
  onDone?: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const session = useSession();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const refresh = () => client.invalidateQueries({ queryKey: ['tasks'] });
  const answer = useMutation({
    mutationFn: () => node.answerOpinion(opinion.id, text),
    onSuccess: onDone,
    onSettled: refresh,
  });
  const withdraw = useMutation({ mutationFn: () => node.withdrawOpinion(opinion.id), onSettled: refresh });
  return (
    <article className={classes.thread}>
      <div className={classes.head}>
        <b>{opinion.asked_by_name}</b> → {opinion.asked_of_name || t('worklist.whoever')}
        <time dateTime={opinion.asked_at}>{format.moment(opinion.asked_at)}</time>
      </div>
      <p>{opinion.question}</p>
      {opinion.state === 'answered' && (
        <>
          <div className={classes.head}>
            <b>{opinion.answered_by_name}</b>
            {opinion.answered_at && <time dateTime={opinion.answered_at}>{format.moment(opinion.answered_at)}</time>}
          </div>
          <p>{opinion.answer}</p>
        </>
      )}
      {opinion.state === 'open' && opinion.asked_by === session.username && (
        <Button size="compact-xs" variant="subtle" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
          {t('worklist.opinion.withdraw')}
        </Button>
      )}
      {answering && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            answer.mutate();
          }}
        >
          <Stack gap="xs">
            <Textarea
              label={t('worklist.opinion.answer')}
              autosize
              minRows={3}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              data-autofocus
            />
            {answer.error && <ErrorNote error={answer.error} />}
            <Group justify="flex-end">
              <Button type="submit" loading={answer.isPending} disabled={!text.trim()}>
                {t('worklist.opinion.send-answer')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </article>
  );
}

function Ask({ taskId, onDone }: { taskId: string; onDone?: (() => void) | undefined }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const people = useQuery(queries.colleagues());
  const [of, setOf] = useState<string | null>(null);
  const [text, setText] = useState('');
  const ask = useMutation({
    mutationFn: () => node.askOpinion(taskId, of ?? '', text),
    onSuccess: () => {
      setText('');
      onDone?.();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  const others = (people.data ?? []).filter((one) => !one.me);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <Stack gap="xs">
        <ColleagueSelect label={t('worklist.opinion.of-whom')} people={others} value={of} onChange={setOf} anyone />
        <Textarea
          label={t('worklist.opinion.question')}
          autosize
          minRows={3}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {(people.error || ask.error) && <ErrorNote error={people.error ?? ask.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={ask.isPending} disabled={!text.trim()}>
            {t('worklist.opinion.ask')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
