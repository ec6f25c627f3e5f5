/** One order: its data, which can be corrected until a modality begins, what may be done, and what was performed. */
import { Button, Group } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { dicomDate, dicomTime, personName, useFormat } from '../i18n/format';
import { useSession } from '../session';
import { IconBack } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote, Loading } from '../ui/states';
import { formOf } from './form';
import * as node from './node';
import { orderQueries } from './node';
import { OrderFields } from './OrderFields';
import classes from './OrderPage.module.css';
import { StateBadge } from './StateBadge';
import type { OrderAction, OrderDetail, OrderState, Performed } from './types';
import { useOrderForm } from './useOrderForm';

const ACTIONS: Record<OrderState, readonly OrderAction[]> = {
  scheduled: ['complete', 'cancel'],
  'in-progress': ['complete', 'discontinue', 'reschedule'],
  completed: [],
  discontinued: ['reschedule'],
  cancelled: ['reschedule'],
};

export function OrderPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const query = useQuery({ ...orderQueries.one(id), refetchInterval: 30_000 });
  const name = query.data ? personName(query.data.patient_name) : t('nav.orders');
  useEffect(() => {
    document.title = `${name} · Liên Tuyến`;
  }, [name]);
  return (
    <div className={classes.page}>
      {query.isPending && !query.error && <Loading />}
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Shown key={`${query.data.id} ${query.data.state}`} order={query.data} />}
    </div>
  );
}

function Shown({ order }: { order: OrderDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const writes = useSession().role !== 'radiologist';
  const suggestions = useQuery(orderQueries.suggestions());
  const entry = useOrderForm(formOf(order));
  const editable = writes && order.state === 'scheduled';
  const before = JSON.stringify(formOf(order));
  const changed = JSON.stringify(entry.form) !== before;
  const settle = (found: OrderDetail) => {
    client.setQueryData(orderQueries.one(order.id).queryKey, found);
    void client.invalidateQueries({ queryKey: ['orders', 'list'] });
  };
  const save = useMutation({
    mutationFn: () => node.change(order.id, entry.checked(), order.revision),
    onSuccess: (found) => {
      settle(found);
      entry.begin(formOf(found));
    },
    onError: entry.refused,
  });
  const act = useMutation({
    mutationFn: (action: OrderAction) => node.act(order.id, action),
    onSuccess: settle,
    onError: () => client.invalidateQueries({ queryKey: ['orders', 'one', order.id] }),
  });
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (editable && changed && !save.isPending) save.mutate();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
    >
      <div className={classes.bar}>
        <Link to="/orders" className={classes.back}>
          <IconBack size={15} /> {t('nav.orders')}
        </Link>
        <h1>{personName(order.patient_name)}</h1>
        <StateBadge state={order.state} />
        {writes && (
          <Group gap="xs">
            {ACTIONS[order.state].map((action) => (
              <Button
                key={action}
                size="xs"
                variant="default"
                disabled={changed}
                loading={act.isPending && act.variables === action}
                onClick={() => act.mutate(action)}
              >
                {t(`orders.action.${action}`)}
              </Button>
            ))}
            {editable && (
              <Button type="submit" size="xs" disabled={!changed} loading={save.isPending}>
                {t('orders.save-changes')}
              </Button>
            )}
          </Group>
        )}
      </div>
      <div className={classes.sub}>
        {t('orders.accession', { n: order.accession_number })} ·{' '}
        {t('orders.entered-by', { name: order.created_by_name, time: format.moment(order.created_at) })}
        {order.images > 0 && (
          <>
            {' · '}
            <Link to={`/studies/${encodeURIComponent(order.study_uid)}`}>
              {t('orders.images', { n: format.number(order.images) })}
            </Link>
          </>
        )}
      </div>
      {act.error && <ErrorNote error={act.error} />}
      {save.error !== null && !entry.isFormFault(save.error) && <ErrorNote error={save.error} />}
      {writes && !editable && <Note kind="info">{t(`orders.locked.${order.state as 'completed'}`)}</Note>}
      {order.performed.length > 0 && <PerformedPart steps={order.performed} />}
      <OrderFields
        form={entry.form}
        faults={entry.faults}
        disabled={!editable}
        suggestions={suggestions.data}
        known={false}
        onChange={entry.change}
        onPatient={() => undefined}
      />
    </form>
  );
}

function PerformedPart({ steps }: { steps: Performed[] }) {
  const { t } = useTranslation();
  return (
    <section className={classes.part}>
      <h2>{t('orders.performed')}</h2>
      {steps.map((step) => (
        <Step key={`${step.peer} ${step.started} ${step.updated_at}`} step={step} />
      ))}
    </section>
  );
}

/** `20261122 103000` as `10:30 22/11/2026`. */
function at(moment: string): string {
  const [date = '', time = ''] = moment.split(' ');
  return `${dicomTime(time)} ${dicomDate(date)}`.trim();
}

function Step({ step }: { step: Performed }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { series, instances, arrived } = step;
  const n = format.number;
  return (
    <div className={classes.step}>
      <StateBadge state={step.state} /> <b>{step.station_name || step.station_ae || step.peer}</b> {step.description}
      <p>
        {step.ended
          ? t('orders.from-to', { from: at(step.started), to: at(step.ended) })
          : t('orders.since', { from: at(step.started) })}
        {step.state !== 'in-progress' && ` · ${t('orders.made', { series: n(series), instances: n(instances) })}`}
      </p>
      {arrived < instances && (
        <p data-kind="warn">{t('orders.not-all-here', { arrived: n(arrived), instances: n(instances) })}</p>
      )}
      {step.patient_differs && <p data-kind="warn">{t('orders.patient-differs')}</p>}
      {step.shortcomings.length > 0 && <p>{t('orders.shortcomings', { words: step.shortcomings.join(', ') })}</p>}
    </div>
  );
}
