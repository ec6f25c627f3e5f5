/** The administrator's view: what is to be done, what travels, what was kept back. */
import { Button, Table } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { DeliveryState, Queue, QueuedDelivery } from '../api/types';
import { useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { Part } from './Part';
import classes from './QueuePage.module.css';

const RETRIABLE: readonly DeliveryState[] = ['held', 'refused', 'waiting', 'sending'];
const SHOWN_UID = 22;
/** The end of a UID tells studies apart; its beginning is the same for all of a site. */
const short = (uid: string) => (uid.length > SHOWN_UID ? `…${uid.slice(-SHOWN_UID)}` : uid);

export function QueuePage() {
  const { t } = useTranslation();
  const queue = useQuery({ ...queries.queue(), refetchInterval: 10_000 });
  useEffect(() => {
    document.title = `${t('nav.queue')} · Liên Tuyến`;
  }, [t]);
  return (
    <div className={classes.page}>
      <h1>{t('nav.queue')}</h1>
      {queue.error && <ErrorNote error={queue.error} onRetry={() => void queue.refetch()} />}
      {queue.isPending && !queue.error && <Loading />}
      {queue.data && <Parts queue={queue.data} />}
    </div>
  );
}

function Parts({ queue }: { queue: Queue }) {
  const { t } = useTranslation();
  const format = useFormat();
  const attempts = (one: QueuedDelivery) =>
    one.next_attempt_at
      ? `${one.attempts} ${t('queue.next', { time: format.moment(one.next_attempt_at) })}`
      : one.attempts;
  return (
    <>
      <Rows
        title={t('queue.deliveries')}
        empty={t('queue.no-deliveries')}
        heads={(['destination', 'study', 'state', 'counts', 'attempts', 'error', 'action'] as const).map((name) =>
          t(`queue.${name}`),
        )}
        rows={queue.deliveries.map((one) => ({
          key: String(one.id),
          cells: [
            one.destination_name,
            <Link key="study" to={`/studies/${encodeURIComponent(one.study_uid)}`} title={one.study_uid}>
              {short(one.study_uid)}
            </Link>,
            <span key="state" className={classes.state} data-state={one.state}>
              {t(`delivery-state.${one.state}`)}
            </span>,
            `${one.items.delivered ?? 0}/${Object.values(one.items).reduce((sum, count) => sum + count, 0)}`,
            attempts(one),
            one.last_error,
            RETRIABLE.includes(one.state) ? <Retry key="retry" again={() => node.retryDelivery(one.id)} /> : null,
          ],
        }))}
      />
      <Rows
        title={t('queue.jobs')}
        empty={t('queue.no-jobs')}
        heads={(['job', 'subject', 'state', 'due', 'attempts', 'error', 'action'] as const).map((name) =>
          t(`queue.${name}`),
        )}
        rows={queue.jobs.map((one) => ({
          key: String(one.id),
          cells: [
            one.kind,
            <code key="subject" title={one.subject}>
              {short(one.subject)}
            </code>,
            <span key="state" className={classes.state} data-state={one.state}>
              {one.state === 'held' ? t('queue.job-held') : t('queue.job-open')}
            </span>,
            format.moment(one.due_at),
            one.attempts,
            one.last_error,
            one.state === 'held' ? <Retry key="retry" again={() => node.retryJob(one.id)} /> : null,
          ],
        }))}
      />
      <Rows
        title={t('queue.quarantine')}
        empty={t('queue.no-quarantine')}
        heads={(['when', 'from', 'size', 'reason', 'file'] as const).map((name) => t(`queue.${name}`))}
        rows={queue.quarantine.map((one) => ({
          key: one.name,
          cells: [
            format.moment(one.received_at),
            one.calling_ae || one.peer || one.via,
            t('queue.kilobytes', { n: format.number(Math.ceil(one.size / 1024)) }),
            one.reason,
            <code key="name" title={one.name}>
              {short(one.name)}
            </code>,
          ],
        }))}
      />
      {queue.quarantine.length > 0 && <Link to="/admin/set-aside">{t('queue.open-quarantine')}</Link>}
    </>
  );
}

function Retry({ again }: { again: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: again,
    onSettled: () => client.invalidateQueries({ queryKey: ['queue'] }),
  });
  return (
    <>
      <Button size="compact-xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
        {retry.isSuccess ? t('queue.retried') : t('queue.retry')}
      </Button>
      {retry.error && <ErrorNote error={retry.error} />}
    </>
  );
}

interface RowsProps {
  title: string;
  empty: string;
  heads: string[];
  rows: { key: string; cells: ReactNode[] }[];
}

function Rows({ title, empty, heads, rows }: RowsProps) {
  return (
    <Part title={title} count={rows.length} empty={empty} heads={heads}>
      {rows.map((row) => (
        <Table.Tr key={row.key}>
          {row.cells.map((cell, index) => (
            <Table.Td key={heads[index]}>{cell}</Table.Td>
          ))}
        </Table.Tr>
      ))}
    </Part>
  );
}
