/** Keys of the study view. They rest while the user writes, chooses in a menu or answers a dialog. */
import { useEffect, useRef } from 'react';
import type { ToolName } from '../imaging/viewstate';

export type Command =
  | { do: 'tool'; tool: ToolName }
  | { do: 'scroll'; steps: number }
  | { do: 'preset'; number: number }
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
        | 'rotate'
        | 'zoom-in'
        | 'zoom-out'
        | 'delete'
        | 'overlay'
        | 'help'
        | 'next-study'
        | 'report';
    };

const PAGE = 10;

const BY_KEY: Record<string, Command> = {
  ArrowUp: { do: 'scroll', steps: -1 },
  ArrowDown: { do: 'scroll', steps: 1 },
  ArrowLeft: { do: 'scroll', steps: -1 },
  ArrowRight: { do: 'scroll', steps: 1 },
  PageUp: { do: 'scroll', steps: -PAGE },
  PageDown: { do: 'scroll', steps: PAGE },
  Home: { do: 'first' },
  End: { do: 'last' },
  '[': { do: 'previous-series' },
  ']': { do: 'next-series' },
  ' ': { do: 'play' },
  '+': { do: 'zoom-in' },
  '=': { do: 'zoom-in' },
  '-': { do: 'zoom-out' },
  '?': { do: 'help' },
  Delete: { do: 'delete' },
  w: { do: 'tool', tool: 'window' },
  s: { do: 'tool', tool: 'scroll' },
  z: { do: 'tool', tool: 'zoom' },
  p: { do: 'tool', tool: 'pan' },
  l: { do: 'tool', tool: 'length' },
  e: { do: 'tool', tool: 'ellipse' },
  i: { do: 'invert' },
  r: { do: 'reset' },
  k: { do: 'key-image' },
  h: { do: 'flip' },
  t: { do: 'rotate' },
  n: { do: 'next-study' },
  b: { do: 'report' },
  o: { do: 'overlay' },
};

const WRITING = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]';

/** What a key asks for, or nothing. Vietnamese input methods compose letters: those are text, never commands. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(WRITING)) return undefined;
  if (event.key === ' ' && target?.closest('button, a, [role="button"]')) return undefined;
  if (/^[1-9]$/.test(event.key)) return { do: 'preset', number: Number(event.key) };
  return BY_KEY[event.key] ?? BY_KEY[event.key.toLowerCase()];
}

/** Sends each command to `run` while the component is shown. */
export function useShortcuts(run: (command: Command) => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = commandOf(event);
      if (!command) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current(command);
    };
    // before the toolkit, which takes every key that is pressed over an image
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}
