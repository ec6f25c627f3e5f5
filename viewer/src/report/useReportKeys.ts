import { useLayoutEffect, useRef } from 'react';
import { type ReportAction, reportActionOf } from './keys';

/** What is done for a key; false: nothing, the key is somebody else's. */
type Doing = (press: { digit: number; repeat: boolean }) => unknown;

/** Listens to the keys of the report while the component is shown, before the toolkit, which takes every key over an image. */
export function useReportKeys(actions: Partial<Record<ReportAction, Doing>>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const found = reportActionOf(event);
      const act = found && latest.current[found.action];
      if (!act || act({ digit: found.digit, repeat: event.repeat }) === false) return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}
