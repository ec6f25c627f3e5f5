/** Keys by name, and which action each one starts: the table's own keys, or those that the user chose instead. Pure. */

/** What a key map needs of a row of the table. */
export interface Bound {
  readonly id: string;
  readonly keys: readonly string[];
}

/** The user's own keys by action; an empty list: this action has none. */
export type OwnKeys = Readonly<Record<string, readonly string[]>>;

export interface KeyMap {
  /** The action of each key. */
  readonly byKey: ReadonlyMap<string, string>;
  /** The keys of each action, the one to show first. */
  readonly byAction: ReadonlyMap<string, readonly string[]>;
}

const LETTER = /^\p{L}$/u;
/** Keys that belong to the browser, to writing or to moving between controls. */
const RESERVED =
  /^(Ctrl\+([ACFLNPRSTVWX]|Shift\+[A-Y]|Enter|Tab|[0-9+-])|(Shift\+)?(Tab|Escape|Enter)|F\d+|Ctrl|Shift|Alt|Meta)$/;
const MODIFIERS = ['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Process', 'Unidentified'];

/** The name of the pressed key with what is held: `L`, `Shift+L`, `Ctrl+Shift+Z`, `?`, `Space`, `PageUp`. A mere modifier has none. */
export function keyOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'shiftKey'> & { readonly code?: string }): string {
  const { key } = event;
  if (MODIFIERS.includes(key)) return '';
  const ctrl = event.ctrlKey ? 'Ctrl+' : '';
  // which sign stands above a digit differs from keyboard to keyboard
  const digit = event.shiftKey ? /^Digit(\d)$/.exec(event.code ?? '')?.[1] : undefined;
  if (digit) return `${ctrl}Shift+${digit}`;
  if (key === ' ') return `${ctrl}Space`;
  // the shift of `?` is part of the sign; that of a letter or of a named key is not
  const shift = event.shiftKey && (LETTER.test(key) || key.length > 1) ? 'Shift+' : '';
  return `${ctrl}${shift}${LETTER.test(key) ? key.toUpperCase() : key}`;
}

export const isReserved = (key: string) => RESERVED.test(key);

/** Who has which keys. An action of `own` has those of `own` alone; where two claim a key, the one who chose it has it. */
export function keyMap(rows: readonly Bound[], own: OwnKeys): KeyMap {
  const byKey = new Map<string, string>();
  const byAction = new Map<string, readonly string[]>();
  const chosen = rows.filter((row) => own[row.id]);
  const others = rows.filter((row) => !own[row.id]);
  for (const { id } of chosen) for (const key of own[id]!) if (!byKey.has(key)) byKey.set(key, id);
  for (const { id, keys } of others) for (const key of keys) if (!byKey.has(key)) byKey.set(key, id);
  for (const { id, keys } of rows)
    byAction.set(
      id,
      (own[id] ?? keys).filter((key) => byKey.get(key) === id),
    );
  return { byKey, byAction };
}

/** The action that has the key now, if it is another one. */
export function conflict(map: KeyMap, id: string, key: string): string | null {
  const holder = map.byKey.get(key);
  return holder === undefined || holder === id ? null : holder;
}

/** The user's keys after giving `key` to `id`: whoever had it loses it. What equals the table's own is left out. */
export function withKey(rows: readonly Bound[], own: OwnKeys, id: string, key: string): OwnKeys {
  const map = keyMap(rows, own);
  const holder = conflict(map, id, key);
  const next: Record<string, readonly string[]> = { ...own, [id]: [key] };
  if (holder) next[holder] = map.byAction.get(holder)!.filter((one) => one !== key);
  return tidy(rows, next);
}

function tidy(rows: readonly Bound[], own: OwnKeys): OwnKeys {
  const kept = rows.filter(({ id, keys }) => own[id] && own[id].join(' ') !== keys.join(' '));
  return Object.fromEntries(kept.map(({ id }) => [id, own[id]!]));
}

/** Reads what the node keeps; anything that is no key map is nobody's wish. */
export function readOwnKeys(rows: readonly Bound[], value: unknown): OwnKeys {
  if (typeof value !== 'object' || value === null) return {};
  const known = new Set(rows.map((row) => row.id));
  const entries = Object.entries(value as Record<string, unknown>).filter(
    (entry): entry is [string, string[]] =>
      known.has(entry[0]) &&
      Array.isArray(entry[1]) &&
      entry[1].every((key) => typeof key === 'string' && !isReserved(key)),
  );
  return Object.fromEntries(entries);
}

const SIGNS: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  '-': '−',
};

/** The key as it is printed; `space` is the name of the space bar. */
export function shown(key: string, space: string): string {
  const parts = key.length > 1 ? key.split(/(?<=.)\+(?=.)/) : [key];
  return parts.map((part) => (part === 'Space' ? space : (SIGNS[part] ?? part))).join(' + ');
}
