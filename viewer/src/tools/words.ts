/** Numbers of marks in words: few, with their unit and what it rests on. The decimal sign is the language's. */
import i18n from '../i18n';
import type { Mark, MarkContent, Value, ValueName } from './mark';

/** Decimal places that the number deserves: what the eye can set apart on the screen, no more. */
function places({ name, number, unit }: Value): number {
  if (name === 'ratio' || unit === 'g/ml{SUVbw}') return 2;
  if (name === 'angle' || name === 'mean' || name === 'stddev') return 1;
  if (name === 'area') return Math.abs(number) >= 1000 ? 0 : 1;
  if (['min', 'max', 'value'].includes(name)) return Number.isInteger(number) || Math.abs(number) >= 1000 ? 0 : 2;
  return Math.abs(number) < 1 ? 2 : 1;
}

const UNITS: Record<string, string> = {
  mm2: 'mm²',
  deg: '°',
  "[hnsf'U]": 'HU',
  'g/ml{SUVbw}': 'SUV',
  '{pixels}': 'px',
  '1': '',
};

/** The unit as it is printed. */
export const unitOf = (unit: string, area = false) => (area && unit === '{pixels}' ? 'px²' : (UNITS[unit] ?? unit));

const formats = new Map<string, Intl.NumberFormat>();

/** A number in the language's way, e.g. `12,3`. */
export function numberOf(value: number, digits: number, language: string = i18n.language): string {
  const key = `${language} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language === 'en' ? 'en-GB' : 'vi-VN', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
    });
    formats.set(key, format);
  }
  return format.format(value);
}

/** One value with its unit: `12,3 mm`, `45,0°`. */
export function valueWords(value: Value, language?: string): string {
  const unit = unitOf(value.unit, value.name === 'area');
  const number = numberOf(value.number, places(value), language);
  if (value.name === 'ratio') return `${number} (${numberOf(value.number * 100, 0, language)} %)`;
  return unit === '°' ? `${number}°` : `${number} ${unit}`.trim();
}

const spoken = (key: string) => i18n.t(key as 'marks.value.mean');

/** What the lengths of a mark rest on, where that must be said; patients' millimetres speak for themselves. */
export function basisWords({ basis, values }: Pick<MarkContent, 'basis' | 'values'>): string {
  const sized = values.some(({ unit }) => unit === 'mm' || unit === 'mm2');
  if (!sized && basis !== 'region') return '';
  return basis === 'patient' || basis === 'none' ? '' : spoken(`marks.basis.${basis}`);
}

/** The lines beside a mark. */
export function linesOf(mark: Pick<MarkContent, 'kind' | 'values' | 'basis' | 'text'>, language?: string): string[] {
  const lines: string[] = [];
  const say = (name: ValueName, label = '') => {
    const value = mark.values.find((one) => one.name === name);
    if (value) lines.push(`${label ? `${label} ` : ''}${valueWords(value, language)}`);
  };
  const labelled = (name: ValueName) => say(name, spoken(`marks.value.${name}`));
  if (mark.text) lines.push(...mark.text.split('\n'));
  for (const name of ['length', 'angle', 'value', 'horizontal', 'vertical', 'ratio'] as const) say(name);
  labelled('long-axis');
  labelled('short-axis');
  labelled('heart-width');
  labelled('chest-width');
  regionLines(mark.values, lines, language);
  labelled('area');
  const basis = basisWords(mark);
  if (basis && lines.length) lines[lines.length - 1] += ` · ${basis}`;
  return lines;
}

/** `TB 31,4 ± 12,0 HU`, `từ −20 đến 80 HU`. */
function regionLines(values: readonly Value[], lines: string[], language?: string): void {
  const found = (name: ValueName) => values.find((value) => value.name === name);
  const [mean, spread, min, max] = [found('mean'), found('stddev'), found('min'), found('max')];
  const bare = (value: Value) => numberOf(value.number, places(value), language);
  if (mean) {
    const unit = unitOf(mean.unit);
    const range = spread ? ` ± ${bare(spread)}` : '';
    lines.push(`${spoken('marks.value.mean')} ${bare(mean)}${range} ${unit}`.trim());
  }
  if (min && max) lines.push(`${spoken('marks.value.min')} ${bare(min)} · ${spoken('marks.value.max')} ${bare(max)}`);
}

/** The first number of a mark, for a list or a report: `12,3 mm`, `12,3 × 8,1 mm`, `TB 31,4 ± 12,0 HU`. */
export function shortWords(mark: Pick<MarkContent, 'kind' | 'values' | 'basis' | 'text'>, language?: string): string {
  const found = (name: ValueName) => mark.values.find((value) => value.name === name);
  const [long, short] = [found('long-axis'), found('short-axis')];
  const basis = basisWords(mark);
  const more = basis ? ` (${basis})` : '';
  if (long && short) return `${numberOf(long.number, 1, language)} × ${valueWords(short, language)}${more}`;
  if (mark.kind === 'ellipse' || mark.kind === 'rectangle') {
    const lines: string[] = [];
    regionLines(mark.values, lines, language);
    if (lines[0]) return lines[0];
  }
  if (mark.kind === 'cardiothoracic') {
    const ratio = found('ratio');
    return ratio ? valueWords(ratio, language) : '';
  }
  if (mark.kind === 'arrow') return mark.text;
  const first = mark.values[0];
  const second = first?.name === 'horizontal' ? found('vertical') : undefined;
  const words = first ? valueWords(first, language) : '';
  return `${second ? `${words} × ${valueWords(second, language)}` : words}${first ? more : ''}`;
}

/** Kind and number: how a mark is named aloud. */
export function spokenName(mark: Mark | MarkContent): string {
  const kind = spoken(`marks.kind.${mark.kind}`);
  const value = shortWords(mark);
  const label = mark.kind !== 'arrow' && mark.text ? `${mark.text}, ` : '';
  return value ? `${label}${kind} ${value}` : `${label}${kind}`;
}
