/** The orders of a day: who is to be examined where, and how far that is. */
import { Button, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { dicomDate, dicomTime, personName, useFormat } from '../i18n/format';
import { useSession } from '../session';
import { IconSearch } from '../ui/icons';
import { Empty, ErrorNote, Loading } from '../ui/states';
import { PriorityBadge } from '../worklist/PriorityBadge';
import { today } from './dates';
import { MODALITIES } from './form';
import { orderQueries, PAGE_SIZE } from './node';
import classes from './OrdersPage.module.css';
import { StateBadge } from './StateBadge';
import type { Order, OrderFilter } from './types';

const COLUMNS = ['when', 'patient', 'procedure', 'station', 'accession', 'state'] as const;
const DAYS = ['today', 'tomorrow', 'week', 'any'] as const;
const STATES = ['open', 'completed', 'discontinued', 'cancelled', 'all'] as const;

/** The filter stands in the address, so that the way back from an order finds it; what was searched for does not. */
function useFilter(): [Omit<OrderFilter, 'q'>, (more: Partial<OrderFilter>) => void] {
  const [query, setQuery] = useSearchParams();
  const pick = <T extends string>(name: string, known: readonly T[], otherwise: T) =>
    known.find((one) => one === query.get(name)) ?? otherwise;
  const filter = {
    state: pick('state', STATES, 'open'),
    day: pick('day', DAYS, 'today'),
    modality: query.get('modality') ?? '',
    station: query.get('station') ?? '',
  };
  const change = (more: Partial<OrderFilter>) =>
    setQuery(
      (before) => {
        for (const [name, value] of Object.entries(more)) value ? before.set(name, value) : before.delete(name);
        return before;
      },
      { replace: true },
    );
  return [filter, change];
}

export function OrdersPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const writes = useSession().role !== 'radiologist';
  const [filter, change] = useFilter();
  const [text, setText] = useState('');
  const [page, setPage] = useState(0);
  const [q] = useDebouncedValue(text.trim(), 250);
  const search = useRef<HTMLInputElement>(null);
  const query = useQuery({ ...orderQueries.list({ ...filter, q }, page), refetchInterval: 30_000 });
  const suggestions = useQuery(orderQueries.suggestions());
  const pages = Math.ceil((query.data?.total ?? 0) / PAGE_SIZE);
  const narrow = (more: Partial<OrderFilter>) => {
    change(more);
    setPage(0);
  };

  useEffect(() => {
    document.title = `${t('nav.orders')} · Liên Tuyến`;
  }, [t]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest('input, textarea, [role="listbox"]')) return;
      if (event.key === '/') search.current?.focus();
      else if (event.key === 'n' && writes) void navigate('/orders/new');
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate, writes]);

  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <h1>{t('nav.orders')}</h1>
        <span className={classes.count} aria-live="polite">
          {query.data && t('orders.count', { n: query.data.total })}
        </span>
        {writes && (
          <Group gap="xs">
            <Button size="sm" variant="default" component={Link} to="/orders/import">
              {t('orders.import')}
            </Button>
            <Button size="sm" component={Link} to="/orders/new" rightSection={<kbd className={classes.key}>N</kbd>}>
              {t('orders.new')}
            </Button>
          </Group>
        )}
      </div>
      <div className={classes.filters}>
        <SegmentedControl
          size="xs"
          aria-label={t('orders.day-label')}
          value={filter.day}
          onChange={(day) => narrow({ day: day as OrderFilter['day'] })}
          data={DAYS.map((value) => ({ value, label: t(`orders.day.${value}`) }))}
        />
        <Select
          size="xs"
          w={170}
          aria-label={t('orders.state-label')}
          allowDeselect={false}
          value={filter.state}
          onChange={(state) => narrow({ state: (state ?? 'open') as OrderFilter['state'] })}
          data={STATES.map((value) => ({ value, label: t(`orders.which.${value}`) }))}
        />
        <Select
          size="xs"
          w={130}
          clearable
          aria-label={t('orders.modality')}
          placeholder={t('orders.any-modality')}
          value={filter.modality || null}
          onChange={(modality) => narrow({ modality: modality ?? '' })}
          data={MODALITIES.map((value) => ({ value, label: t(`modality.${value}`) }))}
        />
        <Select
          size="xs"
          w={170}
          clearable
          aria-label={t('orders.station')}
          placeholder={t('orders.any-station')}
          value={filter.station || null}
          onChange={(station) => narrow({ station: station ?? '' })}
          data={(suggestions.data?.stations ?? []).map((one) => ({ value: one.ae_title, label: one.name }))}
        />
        <TextInput
          ref={search}
          size="xs"
          className={classes.search ?? ''}
          aria-label={t('orders.search')}
          placeholder={t('orders.search')}
          leftSection={<IconSearch size={14} />}
          rightSection={<kbd className={classes.key}>/</kbd>}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setPage(0);
          }}
          onKeyDown={(event) => event.key === 'Escape' && setText('')}
        />
      </div>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Loading />}
      {query.data && query.data.items.length > 0 && <List orders={query.data.items} />}
      {query.data?.items.length === 0 && <Nothing filter={{ ...filter, q }} writes={writes} />}
      {pages > 1 && (
        <Group justify="center" p="md" gap="sm">
          <Button size="xs" variant="default" disabled={page === 0} onClick={() => setPage(page - 1)}>
            {t('orders.earlier')}
          </Button>
          <span>
            {page + 1}/{pages}
          </span>
          <Button size="xs" variant="default" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>
            {t('orders.later')}
          </Button>
        </Group>
      )}
    </div>
  );
}

function Nothing({ filter, writes }: { filter: OrderFilter; writes: boolean }) {
  const { t } = useTranslation();
  const { state, day, modality, station, q } = filter;
  if (q) return <Empty title={t('orders.nothing-found', { q })}>{t('orders.search-hint')}</Empty>;
  const narrowed = state !== 'open' || modality || station;
  return (
    <Empty title={narrowed ? t('orders.none-here') : t(`orders.empty.${day}`)}>
      {narrowed ? t('orders.none-here-hint') : writes ? t('orders.empty-hint') : t('orders.empty-hint-reader')}
    </Empty>
  );
}

function List({ orders }: { orders: Order[] }) {
  const { t } = useTranslation();
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th key={column} scope="col">
              {t(`orders.column.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <Row key={order.id} order={order} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ order }: { order: Order }) {
  const { t } = useTranslation();
  const format = useFormat();
  const navigate = useNavigate();
  const to = `/orders/${encodeURIComponent(order.id)}`;
  const born = order.birth_date && t('studies.born', { date: dicomDate(order.birth_date) });
  const person = [order.patient_id, format.sex(order.sex), born].filter(Boolean).join(' · ');
  return (
    <tr onClick={() => void navigate(to)} data-state={order.state}>
      <td className={classes.when}>
        <b>{dicomTime(order.scheduled_time)}</b>
        {order.scheduled_date !== today(new Date()) && (
          <div className={classes.sub}>{dicomDate(order.scheduled_date)}</div>
        )}
      </td>
      <td>
        <Link to={to} className={classes.name} onClick={(event) => event.stopPropagation()}>
          {personName(order.patient_name)}
        </Link>
        <div className={classes.sub}>{person}</div>
      </td>
      <td>
        <div>
          <b>{order.modality}</b> {order.procedure_description}{' '}
          {order.priority !== 'routine' && <PriorityBadge priority={order.priority} />}
        </div>
        <div className={classes.sub}>{[order.location, order.referring_physician].filter(Boolean).join(' · ')}</div>
      </td>
      <td>{order.stations.join(', ') || <span className={classes.sub}>{t('orders.any')}</span>}</td>
      <td className={classes.number}>{order.accession_number}</td>
      <td className={classes.state}>
        <StateBadge state={order.state} />
        {order.images > 0 && (
          <div className={classes.sub}>{t('orders.images', { n: format.number(order.images) })}</div>
        )}
      </td>
    </tr>
  );
}
