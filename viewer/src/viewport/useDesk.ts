import { useEffect, useRef, useState } from 'react';
import type { Linker } from '../imaging/link';
import { joinDesk, type Message } from './desk';
import type { ViewRegistry } from './views';

const QUIET_MS = 60;

/** Tells the other windows of this desk which study is shown and where, and goes where they are. */
export function useDesk(study: string, leads: boolean, registry: ViewRegistry, linker: Linker | null): void {
  const latest = useRef(linker);
  latest.current = linker;
  useEffect(() => {
    const hear = (message: Message) => {
      if (message.kind === 'hello' && leads) desk.say({ kind: 'study', study });
      if (message.kind === 'at' && message.study === study && !document.hasFocus())
        latest.current?.alignWith(message.plane);
    };
    const desk = joinDesk(hear);
    const lead = () => leads && desk.say({ kind: 'study', study });
    lead();
    window.addEventListener('focus', lead); // of several reading pages the one in hand leads
    let [said, timer] = ['', undefined as ReturnType<typeof setTimeout> | undefined];
    const tell = () => {
      timer = undefined;
      const plane = registry.get().active?.plane;
      const place = JSON.stringify(plane?.origin ?? null);
      if (!plane || place === said || !document.hasFocus()) return;
      said = place;
      desk.say({ kind: 'at', study, plane });
    };
    const soon = () => {
      timer ??= setTimeout(tell, QUIET_MS);
    };
    let unfollow = registry.get().active?.subscribe(soon);
    const stop = registry.subscribe(() => {
      unfollow?.();
      unfollow = registry.get().active?.subscribe(soon);
    });
    return () => {
      clearTimeout(timer);
      window.removeEventListener('focus', lead);
      unfollow?.();
      stop();
      if (leads) desk.say({ kind: 'left' });
      desk.close();
    };
  }, [study, leads, registry]);
}

/** The study that the reading page shows, for a window that follows it; null while it is not known. */
export function useLedStudy(follows: boolean): { study: string | null; left: boolean } {
  const [led, setLed] = useState<{ study: string | null; left: boolean }>({ study: null, left: false });
  useEffect(() => {
    if (!follows) return undefined;
    const desk = joinDesk((message) => {
      if (message.kind === 'study') setLed({ study: message.study, left: false });
      if (message.kind === 'left') setLed((known) => ({ ...known, left: true }));
    });
    desk.say({ kind: 'hello' });
    return () => desk.close();
  }, [follows]);
  return led;
}
