import { useMemo } from 'react';
import type { Editor } from './usePen';

/** So long is remembered that somebody wants to write. */
const SOON_MS = 5_000;

/** The editor of the page. Who asks to `write` before it is there gets it when it is. */
export function useEditor() {
  return useMemo(() => {
    let editor: Editor | null = null;
    let asked = Number.NEGATIVE_INFINITY;
    return {
      get current(): Editor | null {
        return editor;
      },
      set current(next: Editor | null) {
        editor = next;
        if (!next || Date.now() - asked > SOON_MS) return;
        asked = Number.NEGATIVE_INFINITY;
        next.focus();
      },
      write(): void {
        if (editor) editor.focus();
        else asked = Date.now();
      },
    };
  }, []);
}
