/**
 * Keeps what is written: on this machine at once, on the node a moment later, again and again until it is there.
 *
 * Pure: saving, storage and the clock are given to it.
 */
import { ApiError } from '../api/problem';
import type { Report } from '../api/types';

export type SaveState =
  | { kind: 'clean' }
  | { kind: 'saved'; at: Date }
  | { kind: 'unsaved' }
  | { kind: 'saving' }
  | { kind: 'failed'; error: unknown; retrying: boolean };

/** Where a draft waits until the node has it. */
export interface DraftStore {
  read(): Report | null;
  write(report: Report): void;
  clear(): void;
}

const DELAY_MS = 1_200;
const RETRY_MS = [2_000, 5_000, 10_000, 20_000];

export const EMPTY_REPORT: Report = {
  technique: '',
  findings: '',
  conclusion: '',
  recommendation: '',
  key_images: [],
  language: 'vi',
};

export const isEmpty = (report: Report) =>
  !(report.technique || report.findings || report.conclusion || report.recommendation || report.key_images.length);

export interface DraftOptions {
  initial: Report;
  store: DraftStore;
  save: (report: Report) => Promise<unknown>;
  changed: () => void;
  now?: () => Date;
}

export class Draft {
  report: Report;
  state: SaveState = { kind: 'clean' };
  /** The draft was found on this machine and had not reached the node. */
  readonly restored: boolean;
  private readonly options: DraftOptions;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private inFlight: Promise<boolean> | undefined;
  private version = 0;
  private savedVersion = 0;
  private failures = 0;
  private closed = false;

  constructor(options: DraftOptions) {
    this.options = options;
    const waiting = options.store.read();
    this.restored = waiting !== null;
    this.report = waiting ?? options.initial;
    if (waiting) {
      this.version = 1;
      this.state = { kind: 'unsaved' };
    }
  }

  get dirty(): boolean {
    return this.version !== this.savedVersion;
  }

  edit(patch: Partial<Report>): void {
    this.report = { ...this.report, ...patch };
    this.version += 1;
    this.options.store.write(this.report);
    this.failures = 0;
    this.become({ kind: 'unsaved' });
    this.schedule(DELAY_MS);
  }

  /** Saves now what is not saved yet. True when the node has everything. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.inFlight) await this.inFlight;
    if (!this.dirty) return true;
    this.inFlight = this.saveOnce();
    const done = await this.inFlight;
    return done && (this.dirty ? this.flush() : true);
  }

  /** Goes on after `close`. */
  open(): void {
    this.closed = false;
    if (this.dirty) this.schedule(DELAY_MS);
  }

  /** Saves no more by itself. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private schedule(delay: number): void {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => void this.flush(), delay);
  }

  private async saveOnce(): Promise<boolean> {
    const version = this.version;
    this.become({ kind: 'saving' });
    try {
      await this.options.save(this.report);
    } catch (error) {
      this.inFlight = undefined;
      const retrying = error instanceof ApiError && error.mayPass;
      this.become({ kind: 'failed', error, retrying });
      if (retrying) this.schedule(RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!);
      this.failures += 1;
      return false;
    }
    this.inFlight = undefined;
    this.failures = 0;
    this.savedVersion = version;
    if (this.dirty) this.schedule(DELAY_MS);
    else {
      this.options.store.clear();
      this.become({ kind: 'saved', at: (this.options.now ?? (() => new Date()))() });
    }
    return true;
  }

  private become(state: SaveState): void {
    this.state = state;
    this.options.changed();
  }
}

/** A draft's place in the browser's storage, by user and task. A browser that keeps nothing loses only this safety net. */
export function browserStore(username: string, taskId: string): DraftStore {
  const key = `lientuyen.draft.${username}.${taskId}`;
  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      return otherwise;
    }
  };
  return {
    read: () =>
      attempt(() => {
        const kept = localStorage.getItem(key);
        return kept ? { ...EMPTY_REPORT, ...(JSON.parse(kept) as Partial<Report>) } : null;
      }, null),
    write: (report) => attempt(() => localStorage.setItem(key, JSON.stringify(report)), undefined),
    clear: () => attempt(() => localStorage.removeItem(key), undefined),
  };
}
