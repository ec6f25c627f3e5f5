/** The node's API of orders, one function per call, and what pages read of it. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { json } from '../api/client';
import { days } from './dates';
import type {
  Imported,
  KnownPatient,
  OrderAction,
  OrderDetail,
  OrderFilter,
  OrderForm,
  OrderList,
  Suggestions,
  WorklistTrace,
} from './types';

export const PAGE_SIZE = 100;
const order = (id: string) => `/api/orders/${encodeURIComponent(id)}`;

export const enter = (form: OrderForm) => json<OrderDetail>('/api/orders', { method: 'POST', body: form });
export const change = (id: string, form: OrderForm, revision: number) =>
  json<OrderDetail>(order(id), { method: 'PUT', body: { ...form, revision } });
export const act = (id: string, action: OrderAction) => json<OrderDetail>(`${order(id)}/${action}`, { method: 'POST' });
export const knownPatient = (patient_id: string) =>
  json<KnownPatient | null>('/api/orders/patient', { method: 'POST', body: { patient_id } });
export const importFile = (file: Blob, preview: boolean) =>
  json<Imported>(`/api/orders/import?preview=${preview}`, { method: 'POST', file });

function listAddress(filter: OrderFilter, page: number, now: Date): string {
  const [first, last] = days(filter.day, now);
  const query = new URLSearchParams({
    state: filter.state,
    limit: String(PAGE_SIZE),
    offset: String(page * PAGE_SIZE),
  });
  const more = { first_day: first, last_day: last, modality: filter.modality, station: filter.station, q: filter.q };
  for (const [name, value] of Object.entries(more)) if (value) query.set(name, value);
  return `/api/orders?${query}`;
}

export const orderQueries = {
  list: (filter: OrderFilter, page: number) =>
    queryOptions({
      queryKey: ['orders', 'list', filter, page],
      queryFn: ({ signal }) => json<OrderList>(listAddress(filter, page, new Date()), { signal }),
      placeholderData: keepPreviousData,
    }),
  one: (id: string) =>
    queryOptions({
      queryKey: ['orders', 'one', id],
      queryFn: ({ signal }) => json<OrderDetail>(order(id), { signal }),
    }),
  suggestions: () =>
    queryOptions({
      queryKey: ['order-suggestions'],
      queryFn: ({ signal }) => json<Suggestions>('/api/orders/suggestions', { signal }),
      staleTime: 60_000,
    }),
  trace: (caller: string) =>
    queryOptions({
      queryKey: ['orders', 'trace', caller],
      queryFn: ({ signal }) =>
        json<WorklistTrace>(`/api/orders/questions?caller=${encodeURIComponent(caller)}`, { signal }),
      placeholderData: keepPreviousData,
    }),
};
