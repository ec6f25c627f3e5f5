/**
 * Keys of the study view: one table of what there is to do, and the keys that do it. They rest while the user writes, chooses in a menu
 * or answers a dialog. A room adds its rows here and its texts as `keys.do.<id>`.
 */
import { useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import type { ToolName } from '../imaging/viewstate';
import { LAYOUTS } from './grid';
import { type KeyMap, keyMap, keyOf, type OwnKeys } from './keymap';

export type Command =
  | { do: 'tool'; tool: ToolName }
  | { do: 'scroll'; steps: number }
  | { do: 'preset'; number: number }
  | { do: 'layout'; rows: number; columns: number }
  | { do: 'move-cell'; right: number; down: number }
  | {
      do:
        | 'first'
        | 'last'
        | 'previous-series'
        | 'next-series'
        | 'invert'
        | 'reset'
        | 'play'
        | 'key-image'
        | 'flip'
        | 'flip-vertical'
        | 'rotate'
        | 'rotate-back'
        | 'zoom-in'
        | 'zoom-out'
        | 'fit'
        | 'actual-size'
        | 'window-values'
        | 'delete'
        | 'undo'
        | 'redo'
        | 'previous-mark'
        | 'next-mark'
        | 'marks'
        | 'overlay'
        | 'layers'
        | 'next-window'
        | 'attributes'
        | 'help'
        | 'next-study'
        | 'report'
        | 'next-cell'
        | 'maximise'
        | 'choose-series'
        | 'hang-again'
        | 'protocols'
        | 'lines'
        | 'link'
        | 'link-look'
        | 'link-here'
        | 'compare'
        | 'planes'
        | 'slab'
        | 'thicker'
        | 'thinner'
        | 'second-window'
        | 'faster'
        | 'slower'
        | 'sweep';
    };

export type Group = 'images' | 'show' | 'layout' | 'tools' | 'marks' | 'report';

/** One row of the table. */
export interface Action {
  /** Names it in the catalogue (`keys.do.<id>`) and in the user's own key map. */
  readonly id: string;
  readonly group: Group;
  /** As `keyOf` writes them; the first one is shown in the toolbar. */
  readonly keys: readonly string[];
  readonly command: Command;
}

const PAGE = 10;

type Row = readonly [id: string, command: Command, ...keys: string[]];
const tool = (name: ToolName, ...keys: string[]): Row => [`tool-${name}`, { do: 'tool', tool: name }, ...keys];
const PRESETS = Array.from(
  { length: 9 },
  (_, index): Row => [`preset-${index + 1}`, { do: 'preset', number: index + 1 }, String(index + 1)],
);

const TABLE: Record<Group, readonly Row[]> = {
  images: [
    ['scroll-back', { do: 'scroll', steps: -1 }, 'ArrowUp', 'ArrowLeft'],
    ['scroll-on', { do: 'scroll', steps: 1 }, 'ArrowDown', 'ArrowRight'],
    ['page-back', { do: 'scroll', steps: -PAGE }, 'PageUp'],
    ['page-on', { do: 'scroll', steps: PAGE }, 'PageDown'],
    ['first', { do: 'first' }, 'Home'],
    ['last', { do: 'last' }, 'End'],
    ['previous-series', { do: 'previous-series' }, '['],
    ['next-series', { do: 'next-series' }, ']'],
    ['play', { do: 'play' }, 'Space'],
    ['faster', { do: 'faster' }, '>'],
    ['slower', { do: 'slower' }, '<'],
    ['sweep', { do: 'sweep' }, 'Shift+S'],
  ],
  show: [
    ...PRESETS,
    ['window-values', { do: 'window-values' }, 'Shift+W'],
    ['invert', { do: 'invert' }, 'I'],
    ['flip', { do: 'flip' }, 'H'],
    ['flip-vertical', { do: 'flip-vertical' }, 'Shift+H'],
    ['rotate', { do: 'rotate' }, 'T'],
    ['rotate-back', { do: 'rotate-back' }, 'Shift+T'],
    ['zoom-in', { do: 'zoom-in' }, '+', '='],
    ['zoom-out', { do: 'zoom-out' }, '-'],
    ['fit', { do: 'fit' }, '0'],
    ['actual-size', { do: 'actual-size' }, 'Shift+Z'],
    ['overlay', { do: 'overlay' }, 'O'],
    ['layers', { do: 'layers' }, 'Shift+O'],
    ['next-window', { do: 'next-window' }, ';'],
    ['attributes', { do: 'attributes' }, 'Shift+I'],
    ['reset', { do: 'reset' }, 'R'],
  ],
  layout: [
    ...LAYOUTS.map(
      ({ rows, columns, digit }): Row => [
        `layout-${rows}-${columns}`,
        { do: 'layout', rows, columns },
        `Shift+${digit}`,
      ],
    ),
    ['cell-left', { do: 'move-cell', right: -1, down: 0 }, 'Shift+ArrowLeft'],
    ['cell-right', { do: 'move-cell', right: 1, down: 0 }, 'Shift+ArrowRight'],
    ['cell-up', { do: 'move-cell', right: 0, down: -1 }, 'Shift+ArrowUp'],
    ['cell-down', { do: 'move-cell', right: 0, down: 1 }, 'Shift+ArrowDown'],
    ['next-cell', { do: 'next-cell' }, '`'],
    ['maximise', { do: 'maximise' }, 'Enter'],
    ['choose-series', { do: 'choose-series' }, 'F'],
    ['link', { do: 'link' }, 'X'],
    ['link-here', { do: 'link-here' }, 'Shift+X'],
    ['link-look', { do: 'link-look' }, 'Shift+Y'],
    ['lines', { do: 'lines' }, 'Y'],
    ['compare', { do: 'compare' }, 'J'],
    ['planes', { do: 'planes' }, 'V'],
    ['slab', { do: 'slab' }, 'Shift+V'],
    ['thicker', { do: 'thicker' }, '}'],
    ['thinner', { do: 'thinner' }, '{'],
    ['hang-again', { do: 'hang-again' }, 'Shift+R'],
    ['protocols', { do: 'protocols' }, 'Shift+P'],
    ['second-window', { do: 'second-window' }, 'Shift+D'],
  ],
  tools: [
    tool('window', 'W'),
    tool('scroll', 'S'),
    tool('zoom', 'Z'),
    tool('pan', 'P'),
    tool('magnify', 'G'),
    tool('length', 'L'),
    tool('bidirectional', 'D'),
    tool('angle', 'A'),
    tool('cobb', 'C'),
    tool('ellipse', 'E'),
    tool('rectangle', 'Q'),
    tool('probe', 'U'),
    tool('arrow', 'Shift+A'),
    tool('cardiothoracic', 'Shift+C'),
    tool('calibration', 'Shift+L'),
  ],
  marks: [
    ['next-mark', { do: 'next-mark' }, '.'],
    ['previous-mark', { do: 'previous-mark' }, ','],
    ['marks', { do: 'marks' }, 'M'],
    ['delete', { do: 'delete' }, 'Delete', 'Backspace'],
    ['undo', { do: 'undo' }, 'Ctrl+Z'],
    ['redo', { do: 'redo' }, 'Ctrl+Shift+Z', 'Ctrl+Y'],
  ],
  report: [
    ['key-image', { do: 'key-image' }, 'K'],
    ['report', { do: 'report' }, 'B'],
    ['next-study', { do: 'next-study' }, 'N'],
    ['help', { do: 'help' }, '?'],
  ],
};

export const ACTIONS: readonly Action[] = (Object.keys(TABLE) as Group[]).flatMap((group) =>
  TABLE[group].map(([id, command, ...keys]) => ({ id, group, keys, command })),
);

const ROWS = new Map(ACTIONS.map((action) => [action.id, action]));

let keys = keyMap(ACTIONS, {});
const keysListeners = new Set<() => void>();

/** The keys as the user has them. */
export const currentKeys = (): KeyMap => keys;

/** Takes the user's own keys in place of the table's. */
export function setOwnKeys(own: OwnKeys): void {
  keys = keyMap(ACTIONS, own);
  for (const listener of keysListeners) listener();
}

/** The keys as the user has them, kept up to date. */
export function useKeys(): KeyMap {
  return useSyncExternalStore((listener) => {
    keysListeners.add(listener);
    return () => keysListeners.delete(listener);
  }, currentKeys);
}

const WRITING = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]';

/** What a key asks for, or nothing. Vietnamese input methods compose letters: those are text, never commands. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  if (event.metaKey || event.altKey || event.isComposing) return undefined;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(WRITING)) return undefined;
  const pressed = keyOf(event);
  if ((pressed === 'Space' || pressed === 'Enter') && target?.closest('button, a, [role="button"]')) return undefined;
  const id = currentKeys().byKey.get(pressed);
  return id === undefined ? undefined : ROWS.get(id)?.command;
}

type Interceptor = (event: KeyboardEvent) => boolean;
const interceptors = new Set<Interceptor>();
const decided = new WeakMap<Event, boolean>();

/** Asks `interceptor` about every key before it becomes a command; true: it was taken. Returns the way to stop. */
export function interceptKeys(interceptor: Interceptor): () => void {
  interceptors.add(interceptor);
  return () => interceptors.delete(interceptor);
}

function isIntercepted(event: KeyboardEvent): boolean {
  const known = decided.get(event); // several listen to the same press
  if (known !== undefined) return known;
  const taken = [...interceptors].some((interceptor) => interceptor(event));
  decided.set(event, taken);
  return taken;
}

const listening = new Set<{ readonly current: (command: Command) => void }>();

/** Does what a key would do, for buttons and menus. */
export function send(command: Command): void {
  for (const listener of listening) listener.current(command);
}

/** Sends each command to `run` while the component is shown. Several may listen; each does what is its own. */
export function useShortcuts(run: (command: Command) => void): void {
  const latest = useRef(run);
  latest.current = run;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = isIntercepted(event) ? null : commandOf(event);
      if (command === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      if (command) latest.current(command);
    };
    // before the toolkit, which takes every key that is pressed over an image
    window.addEventListener('keydown', onKey, { capture: true });
    listening.add(latest);
    return () => {
      window.removeEventListener('keydown', onKey, { capture: true });
      listening.delete(latest);
    };
  }, []);
}
