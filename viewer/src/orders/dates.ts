/** Days and times of orders: as people here type them, as DICOM has them, and which days a filter means. */
import { TIME_ZONE } from '../i18n/format';
import type { OrderFilter } from './types';

const inHanoi = new Intl.DateTimeFormat('en-CA', {
  timeZone: TIME_ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});
const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: TIME_ZONE,
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const DAY_MS = 86_400_000;

/** The local day as a DICOM DA, `by` days later. */
export const today = (now: Date, by = 0) => inHanoi.format(new Date(now.getTime() + by * DAY_MS)).replaceAll('-', '');
/** The local time as `10:42`. */
export const clockOf = (now: Date) => clock.format(now);

/** First and last day of a filter; empty: no limit. */
export function days(day: OrderFilter['day'], now: Date): [string, string] {
  if (day === 'today') return [today(now), today(now)];
  if (day === 'tomorrow') return [today(now, 1), today(now, 1)];
  if (day === 'week') return [today(now), today(now, 6)];
  return ['', ''];
}

/** `31011970`, `31/1/1970`, `31-01-1970` as `31/01/1970`; what is no such date comes back as it is. */
export function tidyDate(text: string): string {
  const typed = text.trim();
  const parts = /^(\d{2})(\d{2})(\d{4})$/.exec(typed) ?? /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$/.exec(typed);
  if (!parts) return typed;
  return `${parts[1]!.padStart(2, '0')}/${parts[2]!.padStart(2, '0')}/${parts[3]}`;
}

/** Whether it is a day of the calendar, as `tidyDate` leaves it. */
export function isDate(text: string): boolean {
  const parts = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  if (!parts) return false;
  const [day, month, year] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const found = new Date(Date.UTC(year, month - 1, day));
  return found.getUTCDate() === day && found.getUTCMonth() === month - 1 && year > 1850;
}

/** `830`, `0830`, `8h30`, `8:30` as `08:30`; what is no such time comes back as it is. */
export function tidyTime(text: string): string {
  const typed = text.trim();
  const parts = /^(\d{1,2})[:hg](\d{2})?$/i.exec(typed) ?? /^(\d{1,2})(\d{2})$/.exec(typed);
  if (!parts) return typed;
  return `${parts[1]!.padStart(2, '0')}:${parts[2] ?? '00'}`;
}

export function isTime(text: string): boolean {
  const parts = /^(\d{2}):(\d{2})$/.exec(text);
  return Boolean(parts) && Number(parts![1]) < 24 && Number(parts![2]) < 60;
}
