/** Report templates: which one fits a study, and its normal text with its fields in it. Pure. */
import type { Schemas } from '../api/schema';
import type { FieldValue, Link, StudyDetail } from '../api/types';
import { shifted } from './links';
import { defaultOf, type Tongue, valueText } from './words';
import { SECTIONS, type Section, textOf, type Written } from './written';

export type Both = Schemas['Both'];
export type TemplateField = Schemas['TemplateField'];
export type NormalText = Schemas['NormalText'];
export type Template = Schemas['Template'];

/** Words of descriptions that tell the body part where the attribute does not; without accents, small. */
const SAID_AS: Record<string, RegExp> = {
  CHEST: /\b(nguc|phoi|chest|thorax|lung)\b/,
  ABDOMEN: /\b(bung|abdomen|abdominal|gan|liver)\b/,
  HEAD: /\b(so nao|so|nao|dau|head|brain|skull)\b/,
  LSPINE: /\b(that lung|lumbar|l-?spine|cot song)\b/,
  BREAST: /\b(vu|nhu anh|breast|mammo\w*)\b/,
  KNEE: /\b(goi|knee)\b/,
  HAND: /\b(ban tay|tay|hand|wrist|co tay)\b/,
  FOOT: /\b(ban chan|chan|foot|ankle|co chan)\b/,
  EXTREMITY: /\b(xuong|khop|gay|extremity|bone|femur|dui|vai|shoulder|khuyu|elbow|hang|hip)\b/,
};

/** Letters without marks, small: what people type when they are in a hurry. */
export const folded = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase();

/** The template for a study, by modality and body part; what the description says stands in for a body part that is missing. */
export function fitting(
  templates: readonly Template[],
  study: Pick<StudyDetail, 'modalities' | 'body_part' | 'description'> & { series?: StudyDetail['series'] },
): Template | undefined {
  const parts = new Set(
    [study.body_part, ...(study.series ?? []).map((one) => one.body_part)]
      .map((part) => part.toUpperCase().trim())
      .filter(Boolean),
  );
  const words = folded([study.description, ...(study.series ?? []).map((one) => one.description)].join(' '));
  const said = (part: string) => SAID_AS[part]?.test(words) ?? false;
  const ofModality = templates.filter((one) => one.modality.some((modality) => study.modalities.includes(modality)));
  return (
    ofModality.find((one) => one.body_part.some((part) => parts.has(part))) ??
    ofModality.find((one) => one.body_part.some(said)) ??
    (ofModality.length === 1 && parts.size === 0 ? ofModality[0] : undefined)
  );
}

const PLACEHOLDER = /\{([a-z0-9_.-]+)\}/g;

export const placeholders = (template: Template): ReadonlySet<string> =>
  new Set(
    Object.values(template.normal_text.vi).flatMap((text) => [...text.matchAll(PLACEHOLDER)].map(([, id]) => id!)),
  );

/** How a placeholder reads: its value, its normal words, or its name in braces for the reader to fill in. */
export function placeholderText(field: TemplateField, value: FieldValue | undefined, language: Tongue): string {
  return (
    valueText(field, value, language) || field.normal?.[language] || `{${field.label[language].toLocaleLowerCase()}}`
  );
}

/** A template's text with the fields in it, and where they are. */
export function filled(
  template: Template,
  text: string,
  fields: Record<string, FieldValue>,
  language: Tongue,
  section: string,
): { text: string; links: Link[] } {
  const links: Link[] = [];
  let made = '';
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const field = template.fields.find((one) => one.id === match[1]);
    if (!field) continue;
    made += text.slice(at, match.index);
    let words = placeholderText(field, fields[field.id], language);
    if (made === '') words = words.charAt(0).toLocaleUpperCase() + words.slice(1);
    links.push({ section, start: made.length, end: made.length + words.length, kind: 'field', id: field.id });
    made += words;
    at = match.index + match[0].length;
  }
  return { text: made + text.slice(at), links };
}

/** The fields of a template with what they hold by default; what was given already stays. */
export function withDefaults(
  template: Template,
  fields: Record<string, FieldValue>,
  language: Tongue,
): Record<string, FieldValue> {
  const held: Record<string, FieldValue> = {};
  for (const field of template.fields) {
    const value = fields[field.id] ?? defaultOf(field, language);
    if (value !== null && value !== undefined) held[field.id] = value;
  }
  return held;
}

/** Takes a template and writes its normal text into the sections that are still empty. */
export function fill(written: Written, template: Template, language: Tongue): Partial<Written> {
  const fields = withDefaults(template, written.template === template.code ? written.fields : {}, language);
  const patch: Partial<Written> = { template: template.code, fields };
  let links = written.links;
  for (const [section, normal] of Object.entries(template.normal_text[language]) as [Section, string][]) {
    if (!normal || textOf(written, section).trim()) continue;
    const made = filled(template, normal, fields, language, section);
    patch[section] = made.text;
    links = [...links.filter((link) => link.section !== section), ...made.links];
  }
  return { ...patch, links };
}

/** The report when a field gets another value: its places in the text follow; a value that has none gets a sentence at the end
 * of the findings, which goes again with the value. */
export function withField(
  written: Written,
  template: Template,
  field: TemplateField,
  value: FieldValue,
): Partial<Written> {
  const language: Tongue = written.language === 'en' ? 'en' : 'vi';
  const inText = placeholders(template).has(field.id);
  const words = inText ? placeholderText(field, value, language) : sentence(field, value, language);
  const patch: Partial<Written> = { template: template.code, fields: { ...written.fields, [field.id]: value } };
  let links: Link[] = written.links;
  let found = false;
  for (const section of SECTIONS) {
    const places = links.filter((link) => link.kind === 'field' && link.id === field.id && link.section === section);
    let text = textOf(written, section);
    for (const { start, end } of places.sort((a, b) => b.start - a.start)) {
      found = true;
      const gap = words === '' && start > 0 && /\s/.test(text[start - 1]!) ? 1 : 0;
      const change = { from: start - gap, to: end, text: words && start === 0 ? capital(words) : words };
      text = text.slice(0, change.from) + change.text + text.slice(change.to);
      links = shifted(links, section, change);
      if (words) links = [...links, { section, start, end: start + words.length, kind: 'field', id: field.id }];
    }
    if (places.length) patch[section] = text;
  }
  if (!found && !inText && words) {
    const before = patch.findings ?? written.findings;
    const gap = before === '' || /\s$/.test(before) ? '' : '\n';
    const start = before.length + gap.length;
    patch.findings = before + gap + words;
    links = [...links, { section: 'findings', start, end: start + words.length, kind: 'field', id: field.id }];
  }
  return { ...patch, links };
}

const capital = (words: string) => words.charAt(0).toLocaleUpperCase() + words.slice(1);

function sentence(field: TemplateField, value: FieldValue, language: Tongue): string {
  const words = valueText(field, value, language);
  const same = JSON.stringify(value) === JSON.stringify(defaultOf(field, language));
  if (!words || same || (field.type === 'bool' && value === false)) return '';
  const group = field.group ? `${field.group[language]} – ` : '';
  const label = group ? field.label[language].toLocaleLowerCase() : field.label[language];
  if (field.type === 'bool') return `${group}${label}.`;
  return `${group}${label}: ${words}${field.unit ? ` ${field.unit}` : ''}.`;
}
