import { useLayoutEffect, useRef } from 'react';

const BUSY = '[role="dialog"], [role="menu"], [role="listbox"], [role="option"]';

/** Whether a key belongs to what has the focus and not to the list. */
function isElsewhere(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input, textarea, select, [contenteditable="true"]') || target.closest(BUSY)) return true;
  return (event.key === 'Enter' || event.key === ' ') && target.closest('button, a') !== null;
}

/** Keys of the page wherever the focus is, but for text fields and what is opened above the list. True: it was ours. */
export function useKeys(onKey: (event: KeyboardEvent) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event)) return;
      if (latest.current(event)) event.preventDefault();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
