/**
 * The marks of one study: what is on the screen, what the node has, and the way from the one to the other.
 *
 * Every change is sent a moment later, one request at a time for a mark, again and again until the node has it. A request whose answer was
 * lost is sent again unchanged, so nothing is kept twice. Pure: requests and timers are given to it.
 */
import { ApiError } from '../api/problem';
import { contentOf, isKeepable, type Mark, type MarkContent, sameContent } from './mark';

export interface MarkSource {
  list(): Promise<{ items: readonly Mark[]; writable: boolean }>;
  save(content: MarkContent, base: number, leaving: boolean): Promise<Mark>;
  remove(id: string, base: number, leaving: boolean): Promise<Mark>;
}

export interface MarksState {
  readonly marks: readonly Mark[];
  readonly status: 'loading' | 'ready' | 'failed';
  /** False: what is drawn stays on this screen. */
  readonly writable: boolean;
  /** How many changes the node has not got yet. */
  readonly pending: number;
  /** The last attempt to save failed; it will be repeated. */
  readonly offline: boolean;
  /** What the node refused, in its own words; or that a mark was changed elsewhere. */
  readonly trouble: { kind: 'refused' | 'conflict'; detail: string } | null;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

interface Change {
  readonly id: string;
  readonly before: MarkContent | null;
  readonly after: MarkContent | null;
}

/** What is on its way to the node for one mark. */
interface Outgoing {
  /** Null: it is to be deleted. */
  wanted: MarkContent | null;
  /** Sent and not yet answered. */
  sent: { content: MarkContent | null } | null;
  /** Settles when what was sent is answered. */
  answer: Promise<void> | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  failures: number;
}

const DELAY_MS = 400;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 20_000];
const HISTORY = 200;

export class MarkStore {
  private state: MarksState = {
    marks: [],
    status: 'loading',
    writable: false,
    pending: 0,
    offline: false,
    trouble: null,
    canUndo: false,
    canRedo: false,
  };
  private readonly listeners = new Set<() => void>();
  private readonly source: MarkSource;
  private readonly revisions = new Map<string, number>();
  private readonly outgoing = new Map<string, Outgoing>();
  /** How many answers to changes have come. */
  private answers = 0;
  private past: (readonly Change[])[] = [];
  private future: (readonly Change[])[] = [];

  constructor(source: MarkSource) {
    this.source = source;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): MarksState => this.state;

  private update(patch: Partial<MarksState>): void {
    const waiting = [...this.outgoing.values()];
    this.state = {
      ...this.state,
      ...patch,
      pending: waiting.length,
      offline: waiting.some((one) => one.failures > 0),
      canUndo: this.past.length > 0,
      canRedo: this.future.length > 0,
    };
    for (const listener of this.listeners) listener();
  }

  /** Reads what the node has; what is on its way to it stays as it is here. */
  async load(): Promise<void> {
    try {
      const { items, writable } = await this.listed();
      for (const { id, revision } of items) {
        if (!this.outgoing.has(id)) this.revisions.set(id, revision);
      }
      const own = this.state.marks.filter((mark) => this.outgoing.has(mark.id) || mark.revision === 0);
      const others = items.filter((mark) => !this.outgoing.has(mark.id));
      this.state = { ...this.state, marks: [...others, ...own], status: 'ready', writable };
      // what was drawn before the study was claimed is kept from now on
      for (const mark of own) {
        if (writable && isKeepable(mark) && !this.outgoing.has(mark.id)) this.queue(mark.id, contentOf(mark));
      }
      this.update({});
    } catch {
      if (this.state.status === 'loading') this.update({ status: 'failed' });
    }
  }

  /** A list that was on its way while a change was answered may not have the change: it is asked for again. */
  private async listed(): ReturnType<MarkSource['list']> {
    for (;;) {
      const { answers } = this;
      const list = await this.source.list();
      if (answers === this.answers) return list;
    }
  }

  /** The marks with this one new, changed or, without `after`, gone. */
  private show(id: string, after: MarkContent | null): void {
    const { marks } = this.state;
    const known = marks.find((mark) => mark.id === id);
    const revision = this.revisions.get(id) ?? 0;
    if (!after) this.state = { ...this.state, marks: marks.filter((mark) => mark.id !== id) };
    else {
      const next: Mark = { author: '', author_name: '', mine: true, ...known, ...after, revision };
      const list = known ? marks.map((mark) => (mark.id === id ? next : mark)) : [...marks, next];
      this.state = { ...this.state, marks: list };
    }
  }

  private carryOut(changes: readonly Change[], way: 'before' | 'after'): void {
    for (const change of changes) {
      const content = change[way];
      this.show(change.id, content);
      if (this.state.writable && isKeepable((change.after ?? change.before)!)) this.queue(change.id, content);
    }
    this.update({});
  }

  /** Keeps new and changed marks, and deletes those of `gone`: one step of the history. */
  put(contents: readonly MarkContent[], gone: readonly string[] = []): void {
    const of = (id: string) => {
      const known = this.state.marks.find((mark) => mark.id === id);
      return known ? contentOf(known) : null;
    };
    const changes: Change[] = [
      ...contents.map((mark) => ({ id: mark.id, before: of(mark.id), after: contentOf(mark) })),
      ...gone.map((id) => ({ id, before: of(id), after: null })),
    ].filter(({ before, after }) => !(before && after && sameContent(before, after)));
    if (!changes.length) return;
    this.past = [...this.past.slice(1 - HISTORY), changes];
    this.future = [];
    this.state = { ...this.state, trouble: null };
    this.carryOut(changes, 'after');
  }

  /** Takes back the last step. False: there is none. */
  undo(): boolean {
    const last = this.past.at(-1);
    if (!last) return false;
    this.past = this.past.slice(0, -1);
    this.future = [...this.future, last];
    this.carryOut([...last].reverse(), 'before');
    return true;
  }

  redo(): boolean {
    const last = this.future.at(-1);
    if (!last) return false;
    this.future = this.future.slice(0, -1);
    this.past = [...this.past, last];
    this.carryOut(last, 'after');
    return true;
  }

  /* --- to the node ----------------------------------------------------------------------------------------------- */

  private queue(id: string, wanted: MarkContent | null): void {
    const known = this.outgoing.get(id);
    const entry = known ?? { wanted, sent: null, answer: undefined, timer: undefined, failures: 0 };
    entry.wanted = wanted;
    this.outgoing.set(id, entry);
    this.schedule(id, entry, DELAY_MS);
  }

  private schedule(id: string, entry: Outgoing, delay: number): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void this.send(id), delay);
  }

  /** Sends everything now, and waits for the answers. True: the node has all of it. `leaving`: the page is being left. */
  async flush(leaving = false): Promise<boolean> {
    while (this.outgoing.size > 0) {
      await Promise.all([...this.outgoing.keys()].map((id) => this.send(id, leaving)));
      if ([...this.outgoing.values()].some((one) => one.failures > 0)) return false;
    }
    return true;
  }

  /** One request at a time for a mark; resolves, whatever became of it. */
  private send(id: string, leaving = false): Promise<void> {
    const entry = this.outgoing.get(id);
    if (!entry) return Promise.resolve();
    entry.answer ??= this.sendOnce(id, entry, leaving).finally(() => {
      entry.answer = undefined;
    });
    return entry.answer;
  }

  private async sendOnce(id: string, entry: Outgoing, leaving: boolean): Promise<void> {
    clearTimeout(entry.timer);
    const content = entry.sent ? entry.sent.content : entry.wanted;
    const base = this.revisions.get(id) ?? 0;
    if (content === null && base === 0 && !entry.sent) {
      this.done(id); // drawn and deleted before the node heard of it
      return;
    }
    entry.sent = { content };
    try {
      const kept = content
        ? await this.source.save(content, base, leaving)
        : await this.source.remove(id, base, leaving);
      this.settle(id, entry, content, kept);
    } catch (error) {
      this.failed(id, entry, error);
    }
  }

  private settle(id: string, entry: Outgoing, content: MarkContent | null, kept: Mark): void {
    this.answers += 1;
    entry.sent = null;
    entry.failures = 0;
    this.revisions.set(id, kept.revision);
    const { marks } = this.state;
    const { revision, author, author_name, mine } = kept;
    this.state = {
      ...this.state,
      marks: marks.map((mark) => (mark.id === id ? { ...mark, revision, author, author_name, mine } : mark)),
    };
    const { wanted } = entry;
    const same = content && wanted ? sameContent(content, wanted) : content === wanted;
    if (same) this.done(id);
    else {
      this.schedule(id, entry, 0);
      this.update({});
    }
  }

  private done(id: string): void {
    clearTimeout(this.outgoing.get(id)?.timer);
    this.outgoing.delete(id);
    this.update({});
  }

  private failed(id: string, entry: Outgoing, error: unknown): void {
    if (!(error instanceof ApiError) || error.mayPass || error.needsLogin) {
      const wait = RETRY_MS[Math.min(entry.failures, RETRY_MS.length - 1)]!;
      entry.failures += 1;
      this.schedule(id, entry, wait);
      this.update({});
      return;
    }
    this.outgoing.delete(id);
    clearTimeout(entry.timer);
    const kind = error.code === 'conflict' ? 'conflict' : 'refused';
    const stays = (mark: Mark) => mark.id !== id || mark.revision > 0 || error.code === 'not-allowed';
    this.state = { ...this.state, writable: false, marks: this.state.marks.filter(stays) };
    this.update({ trouble: { kind, detail: error.detail || error.title } });
    void this.load(); // shows what is kept
  }

  /** The reader has seen what went wrong. */
  calm(): void {
    this.update({ trouble: null });
  }
}
