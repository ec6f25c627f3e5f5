/** Where the frames of a stack come from: one queue per series, however many viewports show it. */
import { cache, Enums, imageLoader } from '@cornerstonejs/core';
import { bring } from './frames';
import { FrameScheduler, type FrameState } from './scheduler';
import type { Stack } from './stack';
import { CACHE_BYTES } from './toolkit';

const REQUESTS = 4;
/** The part of the cache that one stack may fill by itself. */
const STACK_SHARE = 0.6;

export class Feed {
  readonly stack: Stack;
  private readonly scheduler: FrameScheduler;
  private readonly listeners = new Set<() => void>();
  /** Stops what is still being fetched when the study is left. */
  private readonly leaving = new AbortController();

  constructor(stack: Stack) {
    this.stack = stack;
    this.scheduler = new FrameScheduler({
      count: stack.frames.length,
      limit: REQUESTS,
      budget: Math.max(8, Math.floor((CACHE_BYTES * STACK_SHARE) / Math.max(1, stack.frameBytes))),
      load: async (index) => {
        const { imageId } = stack.frames[index]!;
        if (cache.getImage(imageId)) return;
        await bring(imageId, this.leaving.signal);
        await imageLoader.loadAndCacheImage(imageId, { requestType: Enums.RequestType.Prefetch, priority: 0 });
      },
      changed: () => {
        for (const listener of this.listeners) listener();
      },
    });
  }

  get states(): readonly FrameState[] {
    return this.scheduler.states;
  }

  /** Calls `listener` when the state of a frame changed. Returns the way to stop listening. */
  follow(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Wants frame `index` next. Resolves when it is here, rejects when it cannot be had. */
  want(index: number): Promise<void> {
    return this.scheduler.want(index);
  }

  /** Loads the rest in the background. */
  prefetch(): void {
    this.scheduler.prefetch();
  }

  stop(): void {
    this.scheduler.stop();
    this.leaving.abort();
    this.listeners.clear();
  }
}

const feeds = new Map<string, Feed>();

/** The feed of a stack: the one that other viewports use already, or a new one where images have come since. */
export function feedOf(stack: Stack): Feed {
  const key = `${stack.study}/${stack.series}`;
  const known = feeds.get(key);
  if (known?.stack.frames.length === stack.frames.length) return known;
  known?.stop();
  const feed = new Feed(stack);
  feeds.set(key, feed);
  return feed;
}

/** Ends all of them: the study is left. */
export function stopFeeds(): void {
  for (const feed of feeds.values()) feed.stop();
  feeds.clear();
}
