import { describe, expect, it, vi } from 'vitest';
import { aTask } from '../worklist/testing';
import { freshTasks } from './tasks';
import type { Task } from './types';

const page = (items: Task[], cursor = 'c1') => ({ items, cursor });

describe('the kept list', () => {
  const first = aTask('1', { ready_at: '2026-11-22T01:00:00Z' });
  const second = aTask('2', { ready_at: '2026-11-22T02:00:00Z' });
  const begin = () =>
    freshTasks(
      'open',
      undefined,
      async () => page([first, second]),
      () => 1_000,
    );

  it('asks only for what changed, and leaves the rest the same objects', async () => {
    const known = await begin();
    const ask = vi.fn(async () => page([{ ...second, state: 'claimed' }], 'c2'));
    const then = await freshTasks('open', known, ask, () => 2_000);
    expect(ask).toHaveBeenCalledWith('c1');
    expect(then.cursor).toBe('c2');
    expect(then.items[0]).toBe(known.items[0]);
    expect(then.items[1]).toMatchObject({ id: '2', state: 'claimed', seenAt: 2_000 });
  });

  it('is the same list when nothing changed', async () => {
    const known = await begin();
    const then = await freshTasks(
      'open',
      known,
      async () => page([]),
      () => 2_000,
    );
    expect(then.items).toBe(known.items);
    const again = await freshTasks(
      'open',
      known,
      async () => page([{ ...first, waiting_seconds: 99 }]),
      () => 2_000,
    );
    expect(again.items[0]).toBe(known.items[0]);
  });

  it('lets go what is signed, takes in what is new, in the order of the node', async () => {
    const known = await begin();
    const news = aTask('3', { priority: 'emergency' });
    const then = await freshTasks(
      'open',
      known,
      async () => page([{ ...first, state: 'final' }, news]),
      () => 2_000,
    );
    expect(then.items.map((task) => task.id)).toEqual(['3', '2']);
  });

  it('is read whole again after a while', async () => {
    const known = await begin();
    const ask = vi.fn(async () => page([first]));
    const then = await freshTasks('open', known, ask, () => 200_000);
    expect(ask).toHaveBeenCalledWith(null);
    expect(then.items.map((task) => task.id)).toEqual(['1']);
  });
});
