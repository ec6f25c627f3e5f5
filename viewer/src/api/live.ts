/** Keeps lists live: the node's event stream when it works, asking again and again when it does not. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState } from 'react';

export type Liveness = 'connecting' | 'live' | 'polling';

const POLL_MS = 10_000;
const RECONNECT_MS = 15_000;

interface Changed {
  studies?: boolean;
  tasks?: boolean;
  orders?: boolean;
  notices?: boolean;
}

const EVERYTHING: Changed = { studies: true, tasks: true, orders: true, notices: true };

/** Whether what is shown is live, for every page inside `LivePages`. */
export const LivenessContext = createContext<Liveness>('connecting');
export const useLiveness = (): Liveness => useContext(LivenessContext);

/** Follows GET /api/events while the component is shown and refreshes what has changed. */
export function useLiveUpdates(): Liveness {
  const client = useQueryClient();
  const [liveness, setLiveness] = useState<Liveness>('connecting');

  useEffect(() => {
    let source: EventSource | undefined;
    let reconnect: ReturnType<typeof setTimeout> | undefined;
    let poll: ReturnType<typeof setInterval> | undefined;
    const refresh = (changed: Changed) => {
      if (changed.studies) void client.invalidateQueries({ queryKey: ['studies'] });
      if (changed.tasks) void client.invalidateQueries({ queryKey: ['tasks'] });
      if (changed.orders) void client.invalidateQueries({ queryKey: ['orders'] });
      if (changed.notices) void client.invalidateQueries({ queryKey: ['notices'] });
      void client.invalidateQueries({ queryKey: ['queue'] });
    };
    const startPolling = () => {
      setLiveness('polling');
      poll ??= setInterval(() => refresh(EVERYTHING), POLL_MS);
    };
    const stopPolling = () => {
      clearInterval(poll);
      poll = undefined;
    };
    const connect = () => {
      if (typeof EventSource === 'undefined') return startPolling();
      source = new EventSource('/api/events');
      source.onopen = () => {
        stopPolling();
        setLiveness('live');
        refresh(EVERYTHING);
      };
      source.addEventListener('changed', (event) => {
        try {
          refresh(JSON.parse((event as MessageEvent<string>).data) as Changed);
        } catch {
          refresh(EVERYTHING);
        }
      });
      source.onerror = () => {
        startPolling();
        if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
        clearTimeout(reconnect);
        reconnect = setTimeout(connect, RECONNECT_MS);
      };
    };
    connect();
    return () => {
      source?.close();
      clearTimeout(reconnect);
      stopPolling();
    };
  }, [client]);

  return liveness;
}
