import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/problem';
import type { Mark, MarkContent } from './mark';
import { type MarkSource, MarkStore } from './store';

const ID = 'a';
const mark = (text = '', id = ID): MarkContent => ({
  id,
  kind: 'length',
  series_instance_uid: '1.1',
  sop_instance_uid: '1.1.1',
  frame: 1,
  points: [
    [1, 1],
    [2, 2],
  ],
  values: [],
  basis: 'none',
  text,
  in_report: true,
});

/** A node that keeps marks as the real one does: by revision, and the same once more has no effect. */
class FakeNode implements MarkSource {
  readonly kept = new Map<string, { content: MarkContent; revision: number; deleted: boolean }>();
  readonly requests: string[] = [];
  writable = true;
  /** What the next requests meet. */
  faults: ('lost' | 'down' | ApiError)[] = [];

  async list() {
    const items = [...this.kept.values()]
      .filter((one) => !one.deleted)
      .map(({ content, revision }) => this.shown(content, revision));
    return { items, writable: this.writable };
  }

  private shown(content: MarkContent, revision: number): Mark {
    return { ...content, revision, author: 'bs', author_name: 'BS', mine: true };
  }

  private answer(result: Mark, fault: 'lost' | 'down' | ApiError | undefined): Mark {
    if (fault === 'lost') throw new ApiError({ status: 0, code: 'offline' });
    return result;
  }

  async save(content: MarkContent, base: number) {
    const fault = this.faults.shift();
    this.requests.push(`save ${content.text} on ${base}`);
    if (fault === 'down') throw new ApiError({ status: 503, code: 'retryable' });
    if (fault instanceof ApiError) throw fault;
    const known = this.kept.get(content.id);
    const again = known && known.revision === base + 1 && JSON.stringify(known.content) === JSON.stringify(content);
    if (!again) {
      if ((known?.revision ?? 0) !== base) throw new ApiError({ status: 409, code: 'conflict' });
      this.kept.set(content.id, { content, revision: base + 1, deleted: false });
    }
    return this.answer(this.shown(content, this.kept.get(content.id)!.revision), fault);
  }

  async remove(id: string, base: number) {
    const fault = this.faults.shift();
    this.requests.push(`remove on ${base}`);
    const known = this.kept.get(id)!;
    if (!known.deleted) this.kept.set(id, { ...known, revision: base + 1, deleted: true });
    return this.answer(this.shown(known.content, this.kept.get(id)!.revision), fault);
  }
}

describe('the marks of a study', () => {
  let node: FakeNode;
  let store: MarkStore;
  const texts = () => store.get().marks.map((one) => one.text);
  const settle = () => vi.advanceTimersByTimeAsync(60_000);

  beforeEach(async () => {
    vi.useFakeTimers();
    node = new FakeNode();
    store = new MarkStore(node);
    await store.load();
  });
  afterEach(() => vi.useRealTimers());

  it('are sent a moment later, and several changes as one', async () => {
    store.put([mark('a')]);
    store.put([mark('b')]);
    expect(store.get().pending).toBe(1);
    await settle();
    expect(node.requests).toEqual(['save b on 0']);
    expect(store.get()).toMatchObject({ pending: 0, offline: false });
    expect(store.get().marks[0]).toMatchObject({ revision: 1, author: 'bs' });
  });

  it('are sent again until the node has them, and never kept twice', async () => {
    node.faults = ['down', 'lost'];
    store.put([mark('a')]);
    await vi.advanceTimersByTimeAsync(500);
    expect(store.get()).toMatchObject({ pending: 1, offline: true });
    store.put([mark('b')]); // while the first is still unanswered
    await settle();
    expect(node.requests).toEqual(['save a on 0', 'save a on 0', 'save a on 0', 'save b on 1']);
    expect(node.kept.get(ID)).toMatchObject({ revision: 2 });
    expect(store.get()).toMatchObject({ pending: 0, offline: false });
  });

  it('can be taken back and done again, deletions too', async () => {
    store.put([mark('a')]);
    await settle();
    store.put([], [ID]);
    await settle();
    expect(node.kept.get(ID)!.deleted).toBe(true);
    expect(store.undo()).toBe(true);
    await settle();
    expect(node.kept.get(ID)).toMatchObject({ deleted: false, revision: 3 });
    expect(texts()).toEqual(['a']);
    store.undo();
    expect(texts()).toEqual([]);
    expect(store.undo()).toBe(false);
    store.redo();
    await settle();
    expect(texts()).toEqual(['a']);
    expect(store.get()).toMatchObject({ canUndo: true, canRedo: true });
  });

  it('that were drawn and deleted at once never reach the node', async () => {
    store.put([mark('a')]);
    store.put([], [ID]);
    await settle();
    expect(node.requests).toEqual([]);
    expect(store.get().pending).toBe(0);
  });

  it('show what is kept when somebody else was quicker', async () => {
    store.put([mark('a')]);
    await settle();
    node.kept.set(ID, { content: mark('other'), revision: 2, deleted: false });
    store.put([mark('mine')]);
    await settle();
    expect(texts()).toEqual(['other']);
    expect(store.get().trouble?.kind).toBe('conflict');
    store.put([mark('mine again')]);
    await settle();
    expect(node.kept.get(ID)).toMatchObject({ revision: 3, content: { text: 'mine again' } });
  });

  it('stay on the screen without being sent where nothing is kept, and are kept once they may be', async () => {
    node.writable = false;
    await store.load();
    store.put([mark('a')]);
    await settle();
    expect(node.requests).toEqual([]);
    await store.load();
    expect(texts()).toEqual(['a']);
    node.writable = true; // the study was claimed
    await store.load();
    await settle();
    expect(node.requests).toEqual(['save a on 0']);
  });

  it('are all at the node when a flush is over, also those whose request is on its way', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const save = node.save.bind(node);
    node.save = async (content, base) => {
      await gate;
      return save(content, base);
    };
    store.put([mark('a')]);
    await vi.advanceTimersByTimeAsync(450); // the first request is on its way
    store.put([mark('b')]);
    const flushed = store.flush();
    open();
    expect(await flushed).toBe(true);
    expect(node.kept.get(ID)).toMatchObject({ revision: 2, content: { text: 'b' } });
    node.faults = ['down'];
    store.put([mark('c')]);
    expect(await store.flush()).toBe(false);
  });

  it('stay when a list comes that was asked for before they were kept', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const list = node.list.bind(node);
    node.list = async () => {
      const old = await list();
      await gate;
      return old;
    };
    const loaded = store.load();
    store.put([mark('a')]);
    await settle();
    open();
    await loaded;
    expect(texts()).toEqual(['a']);
  });

  it('are not lost when the claim is', async () => {
    node.faults = [new ApiError({ status: 409, code: 'not-allowed', detail: 'Không.' })];
    node.writable = true;
    store.put([mark('a')]);
    await vi.advanceTimersByTimeAsync(450);
    expect(texts()).toEqual(['a']);
    expect(store.get().trouble).toEqual({ kind: 'refused', detail: 'Không.' });
  });
});
