/**
 * The order in which the frames of a stack are loaded in full: what the user looks at first, then outwards from there.
 *
 * There is one queue per stack and few requests at a time, so that a jump to a far slice never waits behind a hundred prefetched ones.
 * Previews come by another way and are only told. Pure: how a frame is loaded is given to it.
 */

export type FrameState = 'none' | 'preview' | 'full' | 'failed';

export interface SchedulerOptions {
  count: number;
  /** Requests at the same time. */
  limit: number;
  /** Loads frame `index` in full; rejects when it cannot. `signal` stops it when it is not needed any more. */
  load: (index: number, signal: AbortSignal) => Promise<unknown>;
  /** Full frames that may be held; beyond it the farthest ones make room for nearer ones. */
  budget?: number;
  /** Lets a full frame go. Returns the state in which that leaves it. */
  release?: (index: number) => 'none' | 'preview';
  /** The state in which a frame is that could not be loaded, when it is tried again. */
  failed?: (index: number) => 'none' | 'preview';
  /** Something changed. */
  changed?: () => void;
  /** All is here that may be held. */
  rested?: () => void;
}

interface Waiter {
  resolve: () => void;
  reject: (reason: unknown) => void;
}

export class FrameScheduler {
  readonly states: FrameState[];
  readonly errors = new Map<number, unknown>();
  private readonly waiters = new Map<number, Waiter[]>();
  private readonly wholes = new Map<number, Waiter[]>();
  private readonly options: SchedulerOptions;
  private readonly running = new Map<number, AbortController>();
  private target = -1;
  private forward = true;
  private prefetching = false;
  private held = false;
  private stopped = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.states = Array.from({ length: options.count }, () => 'none');
  }

  count(state: FrameState): number {
    return this.states.reduce((sum, one) => sum + (one === state ? 1 : 0), 0);
  }

  /** Wants frame `index` next. Resolves when it can be shown, if only as a preview; rejects when it cannot be. */
  want(index: number): Promise<void> {
    if (index !== this.target) this.forward = index > this.target || this.target < 0;
    this.target = index;
    if (this.states[index] === 'failed') {
      this.states[index] = this.options.failed?.(index) ?? 'none';
      this.errors.delete(index);
    }
    const promise = this.shown(index);
    if (this.states[index] !== 'full') this.makeWay();
    this.pump();
    return promise;
  }

  /** Resolves when frame `index` can be shown, without wanting it before others. */
  shown(index: number): Promise<void> {
    if (this.states[index] === 'preview' || this.states[index] === 'full') return Promise.resolve();
    return this.wait(this.waiters, index);
  }

  /** Resolves when frame `index` is here in full. */
  full(index: number): Promise<void> {
    if (this.states[index] === 'full') return Promise.resolve();
    const promise = this.wait(this.wholes, index);
    this.pump();
    return promise;
  }

  private wait(list: Map<number, Waiter[]>, index: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      list.set(index, [...(list.get(index) ?? []), { resolve, reject }]);
    });
  }

  /** Whether it is the frame that was wanted last. */
  looksAt(index: number): boolean {
    return index === this.target;
  }

  /** A preview of frame `index` has come. */
  previewed(index: number): void {
    if (this.states[index] !== 'none' && this.states[index] !== 'failed') return;
    this.become(index, 'preview');
    if (index === this.target) this.pump();
  }

  /** A full frame is not held any more, for reasons of others. */
  lost(index: number, state: 'none' | 'preview'): void {
    if (this.states[index] === 'full') this.become(index, state);
  }

  /** Forgets that a frame could not be had, so that it is tried once more. */
  again(index: number, state: 'none' | 'preview'): void {
    if (this.stopped || this.states[index] !== 'failed') return;
    this.errors.delete(index);
    this.become(index, state);
    this.pump();
  }

  /** Loads the rest of the stack in the background, too. */
  prefetch(): void {
    this.prefetching = true;
    this.pump();
  }

  /** While `held`, only the frame that is looked at is loaded: the line is busy with previews. */
  hold(held: boolean): void {
    this.held = held;
    this.pump();
  }

  /** Frames are being loaded, or will be when the line is free. */
  get busy(): boolean {
    return this.held || this.running.size > 0;
  }

  stop(): void {
    this.stopped = true;
    for (const load of this.running.values()) load.abort();
    this.waiters.clear();
    this.wholes.clear();
  }

  private open(index: number): boolean {
    if (index < 0) return false;
    const state = this.states[index];
    return (state === 'none' || state === 'preview') && !this.running.has(index);
  }

  /** The frame to load next: the target, then the nearest one, the direction of travel first. */
  next(): number | undefined {
    if (this.open(this.target)) return this.target;
    if (!this.prefetching || this.held || this.target < 0) return undefined;
    const sign = this.forward ? 1 : -1;
    for (let distance = 1; distance < this.options.count; distance += 1) {
      for (const index of [this.target + sign * distance, this.target - sign * distance]) {
        if (index >= 0 && index < this.options.count && this.open(index)) {
          return this.roomFor(distance) ? index : undefined;
        }
      }
    }
    return undefined;
  }

  /** Whether one more frame at this distance may be held; lets a farther one go for it. */
  private roomFor(distance: number): boolean {
    const budget = this.options.budget ?? Number.POSITIVE_INFINITY;
    if (this.count('full') + this.running.size < budget) return true;
    let farthest = -1;
    this.states.forEach((state, index) => {
      const away = Math.abs(index - this.target);
      if (state === 'full' && (farthest < 0 || away > Math.abs(farthest - this.target))) farthest = index;
    });
    if (farthest < 0 || Math.abs(farthest - this.target) <= distance) return false;
    this.become(farthest, this.options.release?.(farthest) ?? 'none');
    return true;
  }

  /** Stops what is loaded for the background far from the frame that is wanted now. */
  private makeWay(): void {
    for (const [index, load] of this.running) {
      if (index === this.target || Math.abs(index - this.target) <= this.options.limit) continue;
      this.running.delete(index);
      load.abort();
    }
  }

  private pump(): void {
    while (!this.stopped) {
      const index = this.next();
      if (index === undefined) {
        if (this.prefetching && !this.held && this.running.size === 0) this.options.rested?.();
        return;
      }
      // the frame that is looked at may use one more place than the background has
      if (this.running.size >= this.options.limit + (index === this.target ? 1 : 0)) return;
      this.start(index);
    }
  }

  private start(index: number): void {
    const load = new AbortController();
    this.running.set(index, load);
    this.options.load(index, load.signal).then(
      () => this.settle(index, load, 'full'),
      (reason: unknown) => this.settle(index, load, 'failed', reason),
    );
  }

  private settle(index: number, load: AbortController, state: 'full' | 'failed', reason?: unknown): void {
    if (this.running.get(index) === load) this.running.delete(index);
    if (this.stopped) return;
    if (state === 'full') this.become(index, 'full');
    else if (!load.signal.aborted) this.fail(index, reason);
    this.pump();
  }

  private fail(index: number, reason: unknown): void {
    this.errors.set(index, reason);
    this.become(index, 'failed', reason);
  }

  private become(index: number, state: FrameState, reason?: unknown): void {
    this.states[index] = state;
    if (state !== 'none') this.answer(this.waiters, index, state, reason);
    if (state === 'full' || state === 'failed') this.answer(this.wholes, index, state, reason);
    this.options.changed?.();
  }

  private answer(list: Map<number, Waiter[]>, index: number, state: FrameState, reason: unknown): void {
    const waiters = list.get(index) ?? [];
    list.delete(index);
    for (const waiter of waiters) state === 'failed' ? waiter.reject(reason) : waiter.resolve();
  }
}
