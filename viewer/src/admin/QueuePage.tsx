/** The administrator's view: what is to be done, what travels, what was kept back. */
import { Button, Table } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { DeliveryState, QueueDelivery } from '../api/types';
import { useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import classes from './QueuePage.module.css';

const RETRIABLE: readonly string[] = ['held', 'refused', 'waiting', 'sending'];
const STATES: readonly string[] = [
  'waiting',
  'sending',
  'delivered',
  'verified',
  'held',
  'refused',
] satisfies DeliveryState[];
const words = (value: unknown) => (value === null || value === undefined ? '' : String(value));

export function QueuePage() {
  const { t } = useTranslation();
  const format = useFormat();
  const queue = useQuery({ ...queries.queue(), refetchInterval: 10_000 });
  useEffect(() => {
    document.title = `${t('nav.queue')} · Liên Tuyến`;
  }, [t]);

  const time = (value: unknown) => (typeof value === 'string' ? format.moment(value) : '');
  return (
    <div className={classes.page}>
      <h1>{t('nav.queue')}</h1>
      {queue.error && <ErrorNote error={queue.error} onRetry={() => void queue.refetch()} />}
      {queue.isPending && !queue.error && <Loading />}
      {queue.data && (
        <>
          <Part
            title={t('queue.deliveries')}
            empty={t('queue.no-deliveries')}
            heads={[
              t('queue.destination'),
              t('queue.study'),
              t('queue.state'),
              t('queue.counts'),
              t('queue.attempts'),
              t('queue.error'),
              '',
            ]}
            rows={queue.data.deliveries.map((one) => ({ key: String(one.id), cells: deliveryCells(one, t, time) }))}
          />
          <Part
            title={t('queue.jobs')}
            empty={t('queue.no-jobs')}
            heads={[
              t('queue.job'),
              t('queue.subject'),
              t('queue.state'),
              t('queue.due'),
              t('queue.attempts'),
              t('queue.error'),
            ]}
            rows={queue.data.jobs.map((one) => ({
              key: String(one.id),
              cells: [
                words(one.kind ?? one.stage),
                <code key="subject">{words(one.subject)}</code>,
                one.state === 'held' ? t('queue.job-held') : t('queue.job-open'),
                time(one.due_at),
                words(one.attempts),
                words(one.last_error),
              ],
            }))}
          />
          <Part
            title={t('queue.quarantine')}
            empty={t('queue.no-quarantine')}
            heads={[t('queue.when'), t('queue.from'), t('queue.reason')]}
            rows={queue.data.quarantine.map((one) => ({
              key: String(one.id),
              cells: [
                time(one.received_at ?? one.at ?? one.created_at),
                words(one.calling_ae || one.peer),
                words(one.reason),
              ],
            }))}
          />
        </>
      )}
    </div>
  );
}

type Translate = ReturnType<typeof useTranslation>['t'];

function deliveryCells(one: QueueDelivery, t: Translate, time: (value: unknown) => string): ReactNode[] {
  const uid = words(one.study_instance_uid ?? one.study_uid);
  const state = words(one.state);
  const { items } = one;
  const total = Object.values(items ?? {}).reduce((sum, count) => sum + count, 0);
  const next = time(one.next_attempt_at);
  return [
    words(one.destination),
    <Link key="study" to={`/studies/${encodeURIComponent(uid)}`}>
      {uid.length > 24 ? `…${uid.slice(-20)}` : uid}
    </Link>,
    <span key="state" className={classes.state} data-state={state}>
      {STATES.includes(state) ? t(`delivery-state.${state as DeliveryState}`) : state}
    </span>,
    items ? `${items.delivered ?? 0}/${total}` : '',
    <span key="attempts">
      {words(one.attempts)} {next && t('queue.next', { time: next })}
    </span>,
    words(one.last_error),
    RETRIABLE.includes(state) ? <Retry key="retry" id={one.id} /> : null,
  ];
}

function Retry({ id }: { id: string | number }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () => node.retryDelivery(id),
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

interface PartProps {
  title: string;
  empty: string;
  heads: string[];
  rows: { key: string; cells: ReactNode[] }[];
}

function Part({ title, empty, heads, rows }: PartProps) {
  return (
    <section className={classes.part}>
      <h2>
        {title} <span className={classes.count}>{rows.length}</span>
      </h2>
      {rows.length === 0 ? (
        <p className={classes.empty}>{empty}</p>
      ) : (
        <Table verticalSpacing={6} fz="sm">
          <Table.Thead>
            <Table.Tr>
              {heads.map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.key}>
                {row.cells.map((cell, index) => (
                  <Table.Td key={heads[index]}>{cell}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}
