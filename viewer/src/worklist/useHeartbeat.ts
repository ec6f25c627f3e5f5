import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import * as node from '../api/node';
import { ApiError } from '../api/problem';

const EVERY_MS = 30_000;
const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel'] as const;

/**
 * Says every half minute that the reader of a claimed study is here, and how long they did nothing; without it the study
 * goes back to the list. `onLost` hears when it is theirs no longer.
 */
export function useHeartbeat(taskId: string, active: boolean, onLost?: (reason: unknown) => void): void {
  const client = useQueryClient();
  const lost = useRef(onLost);
  lost.current = onLost;
  useEffect(() => {
    if (!active) return undefined;
    let last = Date.now();
    const sign = () => {
      last = Date.now();
    };
    const beat = async () => {
      try {
        const task = await node.heartbeat(taskId, (Date.now() - last) / 1000);
        if (!task.mine) void client.invalidateQueries({ queryKey: ['tasks'] });
      } catch (reason) {
        if (reason instanceof ApiError && reason.mayPass) return;
        lost.current?.(reason);
        void client.invalidateQueries({ queryKey: ['tasks'] });
      }
    };
    for (const name of SIGNS) window.addEventListener(name, sign, { passive: true, capture: true });
    void beat();
    const timer = setInterval(() => void beat(), EVERY_MS);
    return () => {
      clearInterval(timer);
      for (const name of SIGNS) window.removeEventListener(name, sign, { capture: true });
    };
  }, [active, taskId, client]);
}
