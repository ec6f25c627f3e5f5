import { describe, expect, it } from 'vitest';
import { FrameScheduler } from './scheduler';

/** A loader that answers only when told to. */
function aLoader() {
  const asked: number[] = [];
  const answers = new Map<number, { resolve: () => void; reject: (reason: unknown) => void }>();
  const load = (index: number) => {
    asked.push(index);
    return new Promise<void>((resolve, reject) => answers.set(index, { resolve, reject }));
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    asked,
    load,
    finish: async (index: number) => {
      answers.get(index)!.resolve();
      await settled();
    },
    fail: async (index: number, reason: unknown) => {
      answers.get(index)!.reject(reason);
      await settled();
    },
  };
}

describe('the frame scheduler', () => {
  it('loads what is looked at first, then outwards', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 7, limit: 1, load: loader.load });
    void frames.want(3);
    frames.prefetch();
    for (const index of [3, 4, 2, 5, 1, 6, 0]) await loader.finish(index);
    expect(loader.asked).toEqual([3, 4, 2, 5, 1, 6, 0]);
    expect(frames.count('full')).toBe(7);
  });

  it('says when no more comes by itself, though frames are missing that it may not hold', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 5, limit: 1, budget: 3, load: loader.load });
    frames.hold(true);
    expect(frames.busy).toBe(true);
    frames.hold(false);
    void frames.want(1);
    frames.prefetch();
    for (const index of [1, 2, 0]) {
      expect(frames.busy).toBe(true);
      await loader.finish(index);
    }
    expect(frames.busy).toBe(false);
    expect(frames.states).toEqual(['full', 'full', 'full', 'none', 'none']);
  });

  it('looks back first when the reader scrolls back', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 9, limit: 1, load: loader.load });
    void frames.want(6);
    await loader.finish(6);
    void frames.want(5);
    frames.prefetch();
    await loader.finish(5);
    expect(loader.asked).toEqual([6, 5, 4]);
  });

  it('keeps the number of requests small', () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 100, limit: 4, load: loader.load });
    void frames.want(50);
    frames.prefetch();
    expect(loader.asked).toHaveLength(4);
  });

  it('lets a jump to a far frame pass the queue at once', () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 200, limit: 4, load: loader.load });
    void frames.want(0);
    frames.prefetch();
    void frames.want(150);
    expect(loader.asked.slice(4)[0]).toBe(150);
  });

  it('loads nothing by itself before it is told to', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 5, limit: 4, load: loader.load });
    void frames.want(2);
    await loader.finish(2);
    expect(loader.asked).toEqual([2]);
  });

  it('prefetches no more than it may hold, but shows what is asked for', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 50, limit: 2, budget: 3, load: loader.load });
    void frames.want(0);
    frames.prefetch();
    for (const index of [0, 1, 2]) await loader.finish(index);
    expect(loader.asked).toEqual([0, 1, 2]);
    void frames.want(40);
    expect(loader.asked[3]).toBe(40);
  });

  it('says why a frame cannot be shown and goes on with the others', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 3, limit: 1, load: loader.load });
    const wanted = frames.want(1);
    frames.prefetch();
    const refusal = expect(wanted).rejects.toThrow('broken');
    await loader.fail(1, new Error('broken'));
    await refusal;
    await loader.finish(2);
    await loader.finish(0);
    expect(frames.states).toEqual(['full', 'failed', 'full']);
  });

  it('tries a failed frame again when it is asked for again', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 3, limit: 1, load: loader.load });
    frames.want(1).catch(() => undefined);
    await loader.fail(1, new Error('broken'));
    const again = frames.want(1);
    await loader.finish(1);
    await expect(again).resolves.toBeUndefined();
    expect(frames.errors.size).toBe(0);
  });

  it('is silent after it was stopped', async () => {
    const loader = aLoader();
    let changes = 0;
    const frames = new FrameScheduler({
      count: 9,
      limit: 1,
      load: loader.load,
      changed: () => {
        changes += 1;
      },
    });
    void frames.want(4);
    frames.prefetch();
    const before = changes;
    frames.stop();
    await loader.finish(4);
    expect(changes).toBe(before);
    expect(loader.asked).toEqual([4]);
  });

  it('shows a preview at once and goes on to the whole image', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 9, limit: 1, load: loader.load });
    frames.previewed(4);
    await expect(frames.want(4)).resolves.toBeUndefined();
    expect(frames.states[4]).toBe('preview');
    await loader.finish(4);
    expect(frames.states[4]).toBe('full');
    frames.previewed(4);
    expect(frames.states[4]).toBe('full');
  });

  it('loads only what is looked at while the line brings previews', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 9, limit: 3, load: loader.load });
    frames.hold(true);
    frames.prefetch();
    void frames.want(4);
    expect(loader.asked).toEqual([4]);
    frames.hold(false);
    expect(loader.asked).toEqual([4, 5, 3]);
  });

  it('stops what is loaded far from where the reader jumped to', () => {
    const stopped: number[] = [];
    const load = (index: number, signal: AbortSignal) => {
      signal.addEventListener('abort', () => stopped.push(index));
      return new Promise<void>(() => undefined);
    };
    const frames = new FrameScheduler({ count: 100, limit: 2, load });
    void frames.want(10);
    frames.prefetch();
    void frames.want(12);
    expect(stopped).toEqual([]);
    void frames.want(80);
    expect(stopped.sort()).toEqual([10, 11, 12]);
    expect(frames.states[10]).toBe('none');
  });

  it('lets far frames go for near ones', async () => {
    const loader = aLoader();
    const released: number[] = [];
    const release = (index: number) => {
      released.push(index);
      return 'preview' as const;
    };
    const frames = new FrameScheduler({ count: 50, limit: 1, budget: 3, load: loader.load, release });
    void frames.want(0);
    frames.prefetch();
    for (const index of [0, 1, 2]) await loader.finish(index);
    void frames.want(30);
    await loader.finish(30);
    expect(released[0]).toBe(0);
    expect(frames.states[0]).toBe('preview');
    expect(loader.asked.at(-1)).toBe(31);
  });

  it('says when all is here that may be held', async () => {
    const loader = aLoader();
    let rested = 0;
    const frames = new FrameScheduler({
      count: 3,
      limit: 3,
      load: loader.load,
      rested: () => {
        rested += 1;
      },
    });
    void frames.want(0);
    frames.prefetch();
    for (const index of [0, 1]) await loader.finish(index);
    expect(rested).toBe(0);
    await loader.finish(2);
    expect(rested).toBe(1);
  });

  it('tries again what may come back', async () => {
    const loader = aLoader();
    const frames = new FrameScheduler({ count: 2, limit: 1, load: loader.load });
    frames.want(0).catch(() => undefined);
    await loader.fail(0, new Error('the line broke'));
    frames.again(0, 'preview');
    expect(frames.states[0]).toBe('preview');
    expect(loader.asked).toEqual([0, 0]);
  });
});
