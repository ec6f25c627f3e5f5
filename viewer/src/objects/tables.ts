/** The content tree of a structured report made fit for reading: values in tables, repeated groups as rows of one. Pure. */
import type { Code, ContentItem } from './types';

export interface Leaf {
  readonly name: string;
  readonly value: string;
  readonly item: ContentItem;
}

export interface Grid {
  readonly columns: readonly string[];
  /** A value for each column, and the item itself for its links. */
  readonly rows: readonly { readonly item: ContentItem; readonly values: readonly string[] }[];
}

export type Block =
  | { kind: 'leaf'; leaf: Leaf }
  | { kind: 'values'; leaves: readonly Leaf[] }
  | { kind: 'grid'; title: string; grid: Grid }
  | { kind: 'section'; title: string; item: ContentItem; blocks: readonly Block[] };

export const wordOf = (code: Code | null | undefined, language: string) =>
  code ? ((language === 'vi' ? code.vi : undefined) ?? (code.meaning || code.value)) : '';

export function saidBy(item: ContentItem, language: string): string {
  if (item.type === 'NUM')
    return (
      [readable(item.value ?? '', language), printed(item.unit ?? '')].filter(Boolean).join(' ') ||
      wordOf(item.code, language)
    );
  if (item.code) return wordOf(item.code, language);
  if (item.type === 'DATE' || item.type === 'DATETIME') return dateOf(item.value ?? '');
  if (item.type === 'TIME') return timeOf(item.value ?? '');
  if (item.type === 'PNAME') return (item.value ?? '').split('=')[0]!.split('^').filter(Boolean).join(' ');
  return item.value ?? '';
}

/** Numbers as devices write them have more digits than they know; the decimal sign is the language's. */
export function readable(number: string, language: string): string {
  const value = Number(number);
  if (!number.trim() || !Number.isFinite(value)) return number;
  const short = number.length <= 9 ? number.trim() : String(Number(value.toPrecision(6)));
  return language === 'vi' ? short.replace('.', ',') : short;
}

/** Units of UCUM that nobody reads as they are written there. */
const PRINTED: Readonly<Record<string, string>> = {
  "[hnsf'U]": 'HU',
  mm2: 'mm²',
  mm3: 'mm³',
  cm2: 'cm²',
  cm3: 'cm³',
  'mGy.cm': 'mGy·cm',
  mGycm: 'mGy·cm',
  'Gy.m2': 'Gy·m²',
  'dGy.cm2': 'dGy·cm²',
  'mGy.cm2': 'mGy·cm²',
  'g/ml{SUVbw}': 'SUVbw',
  deg: '°',
  '1': '',
};
/** The unit as it is printed; annotations in braces alone ({ratio}) are words for machines. */
const printed = (unit: string) => PRINTED[unit] ?? (/^\{[^}]*\}$/.test(unit) ? '' : unit);

const dateOf = (value: string) => {
  const [, year, month, day, hour, minute] = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2}))?/.exec(value) ?? [];
  return year ? `${day}/${month}/${year}${hour ? ` ${hour}:${minute}` : ''}` : value;
};
const timeOf = (value: string) => value.replace(/^(\d{2})(\d{2}).*$/, '$1:$2');

const isLeaf = (item: ContentItem) => !item.children?.length;
const isPointer = (item: ContentItem) =>
  ['IMAGE', 'COMPOSITE', 'WAVEFORM', 'SCOORD', 'SCOORD3D', 'TCOORD'].includes(item.type);
const FEW = 2;
const MOST_COLUMNS = 14;

/** The blocks of an item's children, in their order. */
export function blocksOf(item: ContentItem, language: string): Block[] {
  const blocks: Block[] = [];
  const children = item.children ?? [];
  for (let at = 0; at < children.length; ) {
    if (children[at]!.type === 'UIDREF') {
      at += 1; // names for machines
      continue;
    }
    const child = children[at]!;
    const name = wordOf(child.name, language);
    if (child.type === 'CONTAINER') {
      let end = at + 1;
      while (
        end < children.length &&
        children[end]!.type === 'CONTAINER' &&
        wordOf(children[end]!.name, language) === name
      )
        end += 1;
      const grid = end - at >= FEW ? gridOf(children.slice(at, end), language) : null;
      if (grid) {
        blocks.push({ kind: 'grid', title: name, grid });
        at = end;
        continue;
      }
      blocks.push({ kind: 'section', title: name, item: child, blocks: blocksOf(child, language) });
      at += 1;
      continue;
    }
    const leaf = { name, value: saidBy(child, language), item: child };
    const long = child.type === 'TEXT' && leaf.value.length > 90;
    const inner = child.children?.filter((one) => !isPointer(one)) ?? [];
    if (long || inner.length) {
      blocks.push({ kind: 'leaf', leaf });
      if (inner.length) blocks.push(...blocksOf({ ...child, children: inner }, language));
    } else {
      const last = blocks.at(-1);
      if (last?.kind === 'values') blocks[blocks.length - 1] = { kind: 'values', leaves: [...last.leaves, leaf] };
      else blocks.push({ kind: 'values', leaves: [leaf] });
    }
    at += 1;
  }
  return blocks;
}

/** Rows of groups that are alike: every value below a group has a column; null where that is no table to be read. */
export function gridOf(groups: readonly ContentItem[], language: string): Grid | null {
  const columns: string[] = [];
  const rows = groups.map((item) => {
    const found = new Map<string, string>();
    collect(item, language, found);
    for (const name of found.keys()) if (!columns.includes(name)) columns.push(name);
    return { item, found };
  });
  if (columns.length > MOST_COLUMNS * 3 || columns.length < FEW) return null;
  const telling = columns.filter(
    (name) => new Set(rows.map((row) => row.found.get(name) ?? '')).size > 1 || groups.length === 1,
  );
  const rest = columns.filter((name) => !telling.includes(name));
  const kept = [...telling, ...rest].slice(0, MOST_COLUMNS);
  const ordered = columns.filter((name) => kept.includes(name));
  return {
    columns: ordered,
    rows: rows.map(({ item, found }) => ({ item, values: ordered.map((name) => found.get(name) ?? '') })),
  };
}

function collect(item: ContentItem, language: string, found: Map<string, string>): void {
  for (const child of item.children ?? []) {
    if (child.type === 'UIDREF' || isPointer(child)) continue;
    const value = saidBy(child, language);
    const name = wordOf(child.name, language);
    if (value && name) found.set(name, found.has(name) ? `${found.get(name)}; ${value}` : value);
    collect(child, language, found);
  }
}

/** Images that an item or what is inside it points to. */
export function imagesOf(item: ContentItem): { sop: string; frame: number }[] {
  const own =
    item.reference && item.type === 'IMAGE' ? [{ sop: item.reference.sop, frame: item.reference.frames[0] ?? 1 }] : [];
  const inner = (item.children ?? []).flatMap(imagesOf);
  const all = [...own, ...inner];
  return all.filter((one, at) => all.findIndex((other) => other.sop === one.sop && other.frame === one.frame) === at);
}

export { isLeaf };
