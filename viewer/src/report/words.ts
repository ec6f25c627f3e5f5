/** Numbers and values in the words of the report's language. Pure. */
import type { FieldValue } from '../api/types';
import type { Both, TemplateField } from './templates';

export type Tongue = 'vi' | 'en';

export const tongueOf = (language: string): Tongue => (language === 'en' ? 'en' : 'vi');

/** A number with the decimal sign of the language, at most `digits` after it. */
export function numberText(value: number, language: Tongue, digits = 2): string {
  const text = String(Number(value.toFixed(digits)));
  return language === 'vi' ? text.replace('.', ',') : text;
}

/** The opposite: takes a comma and a point. Nothing for what is no number. */
export function numberOf(text: string): number | null {
  const plain = text.trim().replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}

const SIDES: Record<string, Both> = {
  right: { vi: 'phải', en: 'right' },
  left: { vi: 'trái', en: 'left' },
  both: { vi: 'hai bên', en: 'both' },
};
export const SIDE_VALUES = Object.keys(SIDES);

export const sideText = (side: string, language: Tongue): string => SIDES[side]?.[language] ?? side;

/** How a field's value reads in the text; empty when there is none. */
export function valueText(field: TemplateField, value: FieldValue | undefined, language: Tongue): string {
  if (value === null || value === undefined || value === '') return '';
  if (field.type === 'number') return typeof value === 'number' ? numberText(value, language) : String(value);
  if (field.type === 'bool')
    return value === true ? { vi: 'có', en: 'yes' }[language] : { vi: 'không', en: 'no' }[language];
  if (field.type === 'laterality') return sideText(String(value), language);
  if (field.type === 'enum') {
    const values = Array.isArray(value) ? value : [String(value)];
    return values.map((one) => field.options.find((option) => option.value === one)?.[language] ?? one).join(', ');
  }
  return String(value);
}

/** What a field holds before anybody has touched it. */
export function defaultOf(field: TemplateField, language: Tongue): FieldValue {
  const { default: given } = field;
  if (given === null || given === undefined) return null;
  if (typeof given === 'object') return given[language];
  return field.multiple && typeof given === 'string' ? [given] : given;
}
