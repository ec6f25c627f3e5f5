/**
 * The keys of who writes a report: one table, by which the handlers act and which the list of keys shows. They are the same for
 * everyone, since most hold Alt or Ctrl, or mean something only in a text.
 */

/** What a press must look like. */
interface Press {
  /** As `KeyboardEvent.key`, letters small; or, for what a keyboard's language must not change, `code`. */
  readonly key?: string;
  readonly code?: RegExp;
  readonly ctrl?: boolean;
  readonly alt?: boolean;
}

interface Row {
  /** As it is printed. */
  readonly shown: string;
  /** Only while the caret is in a section. */
  readonly inText?: boolean;
  /** Absent: the text field itself looks at this key. */
  readonly press?: Press;
}

export const REPORT_KEYS = {
  section: { shown: 'Alt + 1 … 9', press: { code: /^Digit([1-9])$/, alt: true } },
  'section-before': { shown: 'Ctrl + ↑', inText: true, press: { key: 'ArrowUp', ctrl: true } },
  'section-after': { shown: 'Ctrl + ↓', inText: true, press: { key: 'ArrowDown', ctrl: true } },
  fill: { shown: 'F2', press: { key: 'F2' } },
  'next-placeholder': { shown: 'F4', press: { key: 'F4' } },
  'newest-mark': { shown: 'Ctrl + M', inText: true, press: { key: 'm', ctrl: true } },
  macro: { shown: '/', inText: true },
  'take-macro': { shown: 'Tab', inText: true },
  'show-mark': { shown: 'Enter', inText: true },
  leave: { shown: 'Esc', inText: true },
  sign: { shown: 'Ctrl + Enter', press: { key: 'Enter', ctrl: true } },
} as const satisfies Record<string, Row>;

export type ReportKey = keyof typeof REPORT_KEYS;
/** Those that are heard wherever the writer is. */
export type ReportAction = {
  [Name in ReportKey]: (typeof REPORT_KEYS)[Name] extends { press: Press } ? Name : never;
}[ReportKey];

const ROWS = Object.entries(REPORT_KEYS) as [ReportKey, Row][];

/** What a press asks for, and with which digit; nothing in a dialog or while letters are composed. A form that sends something by
 * itself (`data-sends`) has its own Ctrl+Enter. */
export function reportActionOf(event: KeyboardEvent): { action: ReportAction; digit: number } | null {
  if (event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('[role="dialog"]')) return null;
  for (const [name, { press, inText }] of ROWS) {
    if (!press || !pressed(press, event) || (inText && !target?.closest('[data-section]'))) continue;
    if (name === 'sign' && target?.closest('[data-sends]')) return null;
    return { action: name as ReportAction, digit: Number(press.code?.exec(event.code)?.[1] ?? 0) };
  }
  return null;
}

function pressed({ key, code, ctrl = false, alt = false }: Press, event: KeyboardEvent): boolean {
  if ((event.ctrlKey || event.metaKey) !== ctrl || event.altKey !== alt) return false;
  return code ? code.test(event.code) : event.key === key || event.key.toLowerCase() === key;
}
