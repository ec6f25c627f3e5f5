/** Times, dates, durations, names and numbers as people here write them. All clock times are Vietnamese time (+07:00). */
import { useTranslation } from 'react-i18next';

export const TIME_ZONE = 'Asia/Ho_Chi_Minh';

const locale = (language: string) => (language === 'en' ? 'en-GB' : 'vi-VN');

function formatter(options: Intl.DateTimeFormatOptions): (language: string, at: Date) => string {
  const made = new Map<string, Intl.DateTimeFormat>();
  return (language, at) => {
    let format = made.get(language);
    if (!format) {
      format = new Intl.DateTimeFormat(locale(language), { timeZone: TIME_ZONE, ...options });
      made.set(language, format);
    }
    return format.format(at);
  };
}

const clock = formatter({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const clockSeconds = formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = formatter({ day: '2-digit', month: '2-digit', year: 'numeric' });

/** `10:42`, with the day before it when it is not today. */
export function moment(language: string, iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  const date = day(language, at);
  return date === day(language, now) ? clock(language, at) : `${clock(language, at)} ${date}`;
}

/** `10:42:07`. */
export function exactTime(language: string, iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : clockSeconds(language, at);
}

/** `22/11/2026` in the Vietnamese day of `iso`. */
export function dayOf(language: string, iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : day(language, at);
}

/** A DICOM DA as `22/11/2026`; what is not one comes back as it is. */
export function dicomDate(value: string): string {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(value);
  return match ? `${match[3]}/${match[2]}/${match[1]}` : value;
}

/** The hours and minutes of a DICOM TM. */
export function dicomTime(value: string): string {
  const match = /^(\d{2})(\d{2})/.exec(value);
  return match ? `${match[1]}:${match[2]}` : '';
}

/** A DICOM PN for reading: the first group, the title (`BS.`) before the name (PS3.5 6.2.1: family^given^middle^prefix^suffix). */
export function personName(value: string): string {
  const [family = '', given = '', middle = '', prefix = '', ...suffix] = (value.split('=')[0] ?? '').split('^');
  return [prefix, family, given, middle, ...suffix].join(' ').replace(/\s+/g, ' ').trim();
}

export interface Span {
  unit: 'seconds' | 'minutes' | 'hours' | 'days';
  values: [number] | [number, number];
}

/** Splits seconds into the one or two units that matter. */
export function span(seconds: number): Span {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return { unit: 'seconds', values: [whole] };
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return { unit: 'minutes', values: [minutes, whole % 60] };
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return { unit: 'hours', values: [hours, minutes % 60] };
  return { unit: 'days', values: [Math.floor(hours / 24), hours % 24] };
}

/** `3:07`, `1:02:33`: for times that tick. */
export function ticking(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** Seconds between two ISO times. */
export const between = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

/** The above in the language that is shown. */
export function useFormat() {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  return {
    language,
    moment: (iso: string) => moment(language, iso),
    exactTime: (iso: string) => exactTime(language, iso),
    dayOf: (iso: string) => dayOf(language, iso),
    duration: (seconds: number) => {
      const { unit, values } = span(seconds);
      const [a, b = 0] = values;
      return t(`duration.${unit}`, { a, b });
    },
    age: (value: string) => {
      const match = /^(\d{3})([YMWD])$/.exec(value);
      if (!match) return value;
      return t(`age.${match[2] as 'Y' | 'M' | 'W' | 'D'}`, { n: Number(match[1]) });
    },
    sex: (value: string) => (value === 'M' || value === 'F' || value === 'O' ? t(`sex.${value}`) : ''),
    number: (value: number) => value.toLocaleString(locale(language)),
  };
}
