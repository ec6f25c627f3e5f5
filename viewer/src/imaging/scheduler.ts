/**
 * The order in which the frames of a stack are loaded: what the user looks at first, then outwards from there.
 *
 * There is one queue per stack and few requests at a time, so that a jump to a far slice never waits behind a hundred prefetched ones.
 * Pure: how a frame is loaded is given to it.
 */

export type FrameState = 'waiting' | 'loading' | 'loaded' | 'failed';

export interface SchedulerOptions {
  count: number;
  /** Requests at the same time. */
  limit: number;
  /** Loads frame `index`; rejects when it cannot. */
  load: (index: number) => Promise<unknown>;
  /** Frames that may be held; those beyond are loaded only when looked at. */
  budget?: number;
  /** Something changed. */
  changed?: () => void;
}

interface Waiter {
  resolve: () => void;
  reject: (reason: unknown) => void;
}

export class FrameScheduler {
  readonly states: FrameState[];
  readonly errors = new Map<number, unknown>();
  private readonly waiters = new Map<number, Waiter[]>();
  private readonly options: SchedulerOptions;
  private target = 0;
  private forward = true;
  private running = 0;
  private prefetching = false;
  private stopped = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.states = Array.from({ length: options.count }, () => 'waiting');
  }

  get loaded(): number {
    return this.states.reduce((sum, state) => sum + (state === 'loaded' ? 1 : 0), 0);
  }

  /** Wants frame `index` next. Resolves when it is loaded, rejects when it cannot be. */
  want(index: number): Promise<void> {
    this.forward = index >= this.target;
    this.target = index;
    if (this.states[index] === 'loaded') {
      this.pump();
      return Promise.resolve();
    }
    if (this.states[index] === 'failed') {
      this.states[index] = 'waiting';
      this.errors.delete(index);
    }
    const promise = new Promise<void>((resolve, reject) => {
      this.waiters.set(index, [...(this.waiters.get(index) ?? []), { resolve, reject }]);
    });
    this.pump();
    return promise;
  }

  /** Loads the rest of the stack in the background, too. */
  prefetch(): void {
    this.prefetching = true;
    this.pump();
  }

  stop(): void {
    this.stopped = true;
    this.waiters.clear();
  }

  /** The frame to load next: the target, then the nearest one, the direction of travel first. */
  next(): number | undefined {
    if (this.states[this.target] === 'waiting') return this.target;
    if (!this.prefetching) return undefined;
    const held = this.states.filter((state) => state === 'loaded' || state === 'loading').length;
    if (held >= (this.options.budget ?? Number.POSITIVE_INFINITY)) return undefined;
    const sign = this.forward ? 1 : -1;
    for (let distance = 1; distance < this.options.count; distance += 1) {
      for (const index of [this.target + sign * distance, this.target - sign * distance]) {
        if (this.states[index] === 'waiting') return index;
      }
    }
    return undefined;
  }

  private pump(): void {
    while (!this.stopped) {
      const index = this.next();
      if (index === undefined) return;
      // the frame that is looked at may use one more place than the background has
      if (this.running >= this.options.limit + (index === this.target ? 1 : 0)) return;
      this.start(index);
    }
  }

  private start(index: number): void {
    this.states[index] = 'loading';
    this.running += 1;
    this.options.load(index).then(
      () => this.settle(index, 'loaded'),
      (reason: unknown) => this.settle(index, 'failed', reason),
    );
    this.options.changed?.();
  }

  private settle(index: number, state: 'loaded' | 'failed', reason?: unknown): void {
    this.running -= 1;
    if (this.stopped) return;
    this.states[index] = state;
    if (state === 'failed') this.errors.set(index, reason);
    const waiters = this.waiters.get(index) ?? [];
    this.waiters.delete(index);
    for (const waiter of waiters) state === 'loaded' ? waiter.resolve() : waiter.reject(reason);
    this.options.changed?.();
    this.pump();
  }
}
