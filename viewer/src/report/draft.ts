/**
 * Keeps what is written: on this machine at once, on the node a moment later, again and again until it is there.
 *
 * Every save names the revision that it was written from. When the node has something newer, nothing is overwritten: both
 * texts are kept and the writer chooses. A save whose answer was lost is recognised by its own words.
 *
 * Pure: saving, storage and the clock are given to it.
 */
import { ApiError } from '../api/problem';
import { same, type Written } from './written';

export { EMPTY_REPORT } from './written';

export type SaveState =
  | { kind: 'clean' }
  | { kind: 'saved'; at: Date }
  | { kind: 'unsaved' }
  | { kind: 'saving' }
  | { kind: 'failed'; error: unknown; retrying: boolean }
  | { kind: 'conflict'; theirs: Saved };

/** A text as the node has it. */
export interface Saved {
  written: Written;
  revision: string;
}

/** A text that waits on this machine until the node has it. */
export interface Kept {
  written: Written;
  /** The revision that it was written from. */
  base: string;
  /** What was sent and not answered: the node may have it. */
  sent: Written[];
  /** Which change of its page it is; what the node says to have of that page is older or the same. */
  count: number;
  /** When, in milliseconds. */
  at: number;
  /** The other pages that it goes on from: up to which change of each. */
  pages?: Record<string, number>;
  /** It was offered beside another text: nobody goes on with it without being asked. */
  aside?: boolean;
}

/** Where a draft waits. */
export interface DraftStore {
  write(kept: Kept): void;
  clear(): void;
}

const DELAY_MS = 400;
/** So long at most typing without a pause goes unsaved. */
const LONGEST_MS = 1_500;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000];
const SENT_KEPT = 4;

export interface DraftOptions {
  initial: Saved;
  kept?: Kept | null;
  store: DraftStore;
  /** `count`: which change of this page it is. */
  save: (written: Written, base: string, count: number) => Promise<{ revision: string }>;
  /** What the node has now. */
  load: () => Promise<Saved>;
  changed: () => void;
  now?: () => Date;
}

export class Draft {
  report: Written;
  state: SaveState = { kind: 'clean' };
  /** The draft was found on this machine and had not reached the node. */
  readonly restored: boolean;
  private base: string;
  private sent: Written[] = [];
  private readonly options: DraftOptions;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unsavedSince = 0;
  private inFlight: Promise<boolean> | undefined;
  private last: Kept | null = null;
  private version = 0;
  private savedVersion = 0;
  private failures = 0;
  private closed = false;

  constructor(options: DraftOptions) {
    const { initial, kept } = options;
    this.options = options;
    this.base = initial.revision;
    this.report = initial.written;
    this.restored = kept !== null && kept !== undefined && !same(kept.written, initial.written);
    if (!kept || !this.restored) return;
    this.report = kept.written;
    this.last = kept;
    this.sent = kept.sent;
    this.version = 1;
    const ours = kept.base === initial.revision || kept.sent.some((text) => same(text, initial.written));
    this.state = ours ? { kind: 'unsaved' } : { kind: 'conflict', theirs: initial };
  }

  get dirty(): boolean {
    return this.version !== this.savedVersion;
  }

  /** What the node does not have yet. */
  get waiting(): Kept | null {
    return this.dirty ? this.last : null;
  }

  /** The revision that the text on the page rests on. */
  get revision(): string {
    return this.base;
  }

  edit(patch: Partial<Written>): void {
    this.report = { ...this.report, ...patch };
    this.version += 1;
    this.keep();
    if (this.state.kind === 'conflict') {
      this.options.changed();
      return;
    }
    this.failures = 0;
    if (this.unsavedSince === 0) this.unsavedSince = Date.now();
    this.become({ kind: 'unsaved' });
    this.schedule(Math.max(0, Math.min(DELAY_MS, this.unsavedSince + LONGEST_MS - Date.now())));
  }

  /** Saves now what is not saved yet. True when the node has everything. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    while (this.inFlight) await this.inFlight; // several may wait for the same answer
    if (!this.dirty) return true;
    if (this.state.kind === 'conflict') return false;
    this.inFlight = this.saveOnce();
    const done = await this.inFlight;
    return done && (this.dirty ? this.flush() : true);
  }

  /** What the page sends when it is being left, and with which base. */
  leaving(): { written: Written; base: string; count: number } | null {
    if (!this.dirty || this.state.kind === 'conflict') return null;
    this.remember();
    return { written: this.report, base: this.base, count: this.version };
  }

  /** The writer has chosen: their own text, or the one that the node has. Gives the other one. */
  settle(choice: 'mine' | 'theirs'): Written | null {
    if (this.state.kind !== 'conflict') return null;
    const { theirs } = this.state;
    const mine = this.report;
    this.base = theirs.revision;
    this.sent = [];
    if (choice === 'mine') {
      this.version += 1;
      this.keep();
      this.become({ kind: 'unsaved' });
      this.schedule(0);
      return theirs.written;
    }
    this.report = theirs.written;
    this.savedVersion = this.version;
    this.options.store.clear();
    this.become({ kind: 'saved', at: this.now() });
    return mine;
  }

  /** Goes on after `close`. */
  open(): void {
    this.closed = false;
    if (!this.dirty) return;
    this.keep();
    if (this.state.kind !== 'conflict') this.schedule(DELAY_MS);
  }

  /** Tries at once: the line is back. */
  hurry(): void {
    if (this.state.kind === 'failed' && this.state.retrying) this.schedule(0);
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
    const { version, report } = this;
    this.become({ kind: 'saving' });
    this.unsavedSince = 0;
    this.remember();
    try {
      const { revision } = await this.options.save(report, this.base, version);
      this.arrived(version, revision);
      return true;
    } catch (error) {
      return await this.failed(error, report, version);
    } finally {
      this.inFlight = undefined;
    }
  }

  private arrived(version: number, revision: string): void {
    this.failures = 0;
    this.base = revision;
    this.sent = [];
    this.savedVersion = version;
    if (this.dirty) {
      this.keep();
      this.schedule(DELAY_MS);
    } else {
      this.options.store.clear();
      this.become({ kind: 'saved', at: this.now() });
    }
  }

  private async failed(error: unknown, report: Written, version: number): Promise<boolean> {
    if (error instanceof ApiError && error.code === 'draft-conflict') {
      try {
        return this.compare(await this.options.load(), report, version);
      } catch (reason) {
        error = reason;
      }
    }
    const retrying = error instanceof ApiError && error.mayPass;
    this.become({ kind: 'failed', error, retrying });
    if (retrying) this.schedule(RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!);
    this.failures += 1;
    return false;
  }

  /** What the node has is not what this text was written from: our own words, or somebody else's? */
  private compare(theirs: Saved, report: Written, version: number): boolean {
    if (same(theirs.written, report)) {
      this.arrived(version, theirs.revision);
      return true;
    }
    if (theirs.revision !== this.base && !this.sent.some((text) => same(text, theirs.written))) {
      this.become({ kind: 'conflict', theirs });
      return false;
    }
    this.base = theirs.revision;
    this.become({ kind: 'unsaved' });
    this.schedule(RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!);
    this.failures += 1;
    return false;
  }

  private remember(): void {
    this.sent = [...this.sent.slice(1 - SENT_KEPT), this.report];
    this.keep();
  }

  private keep(): void {
    const { report: written, base, sent, version: count } = this;
    this.last = { written, base, sent, count, at: this.now().getTime() };
    this.options.store.write(this.last);
  }

  private now(): Date {
    return (this.options.now ?? (() => new Date()))();
  }

  private become(state: SaveState): void {
    this.state = state;
    this.options.changed();
  }
}
