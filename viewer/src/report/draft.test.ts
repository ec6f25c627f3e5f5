import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/problem';
import { Draft, type DraftStore, EMPTY_REPORT, type Kept, type Saved } from './draft';
import { browserStore, findKept, notArrived } from './kept';
import { same, type Written } from './written';

const text = (more: Partial<Written> = {}): Written => ({ ...EMPTY_REPORT, ...more });

function aStore(): DraftStore & { kept: Kept | null } {
  return {
    kept: null,
    write(kept) {
      this.kept = kept;
    },
    clear() {
      this.kept = null;
    },
  };
}

/** Keeps one text with a revision, as the node does. */
function aNode(written = text(), revision = 'r0') {
  let trouble: unknown = null;
  let loseAnswers = false;
  const node = {
    has: { written, revision } as Saved,
    saves: [] as string[],
    fails: (error: unknown) => {
      trouble = error;
    },
    losesAnswers: (does: boolean) => {
      loseAnswers = does;
    },
    save: async (wanted: Written, base: string) => {
      if (trouble) throw trouble;
      node.saves.push(wanted.findings);
      if (base !== node.has.revision && !same(wanted, node.has.written))
        throw new ApiError({ status: 409, code: 'draft-conflict' });
      if (!same(wanted, node.has.written)) node.has = { written: wanted, revision: `r${node.saves.length}` };
      if (loseAnswers) throw new ApiError({ status: 0, code: 'offline' });
      return { revision: node.has.revision };
    },
    load: async () => node.has,
  };
  return node;
}

const now = () => new Date('2026-11-22T03:42:00Z');
const unreachable = new ApiError({ status: 0, code: 'offline' });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const aDraft = (node = aNode(), store: DraftStore = aStore(), kept: Kept | null = null) =>
  new Draft({ initial: node.has, kept, store, save: node.save, load: node.load, changed: () => undefined, now });

describe('a draft', () => {
  it('is kept on this machine at once and on the node a moment later', async () => {
    const node = aNode();
    const store = aStore();
    const draft = aDraft(node, store);
    draft.edit({ findings: 'phổi sáng' });
    expect(store.kept?.written.findings).toBe('phổi sáng');
    expect(node.saves).toEqual([]);
    await vi.advanceTimersByTimeAsync(450);
    expect(node.has.written.findings).toBe('phổi sáng');
    expect(store.kept).toBeNull();
    expect(draft.state).toEqual({ kind: 'saved', at: now() });
  });

  it('is saved once for a burst of typing, and at the latest after a second and a half', async () => {
    const node = aNode();
    const draft = aDraft(node);
    for (const findings of ['a', 'ab', 'abc']) {
      draft.edit({ findings });
      await vi.advanceTimersByTimeAsync(300);
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(node.saves).toEqual(['abc']);
    for (let n = 0; n < 8; n += 1) {
      draft.edit({ findings: `abc${n}` });
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(node.saves.length).toBeGreaterThan(1);
  });

  it('tries again until the node has it, and keeps the words meanwhile', async () => {
    const node = aNode();
    const store = aStore();
    const draft = aDraft(node, store);
    node.fails(unreachable);
    draft.edit({ conclusion: 'bình thường' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(draft.state).toMatchObject({ kind: 'failed', retrying: true });
    expect(store.kept?.written.conclusion).toBe('bình thường');
    node.fails(null);
    draft.hurry();
    await vi.advanceTimersByTimeAsync(10);
    expect(node.has.written.conclusion).toBe('bình thường');
    expect(draft.dirty).toBe(false);
  });

  it('does not insist when the node refuses for good', async () => {
    const node = aNode();
    const draft = aDraft(node);
    node.fails(new ApiError({ status: 409, code: 'not-allowed', title: 'Ca này của người khác' }));
    draft.edit({ conclusion: 'x' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(draft.state).toMatchObject({ kind: 'failed', retrying: false });
    expect(node.saves).toEqual([]);
  });

  it('saves what was written while it was saving', async () => {
    const saved: string[] = [];
    let finish: (value: { revision: string }) => void = () => undefined;
    const save = (written: Written) =>
      new Promise<{ revision: string }>((resolve) => {
        saved.push(written.findings);
        finish = resolve;
      });
    const node = aNode();
    const draft = new Draft({ initial: node.has, store: aStore(), save, load: node.load, changed: () => undefined });
    draft.edit({ findings: 'một' });
    const flushed = draft.flush();
    draft.edit({ findings: 'một hai' });
    finish({ revision: 'r1' });
    await vi.advanceTimersByTimeAsync(0);
    finish({ revision: 'r2' });
    await expect(flushed).resolves.toBe(true);
    expect(saved).toEqual(['một', 'một hai']);
    expect(draft.dirty).toBe(false);
    expect(draft.revision).toBe('r2');
  });

  it('says no when it is asked to be saved and cannot', async () => {
    const node = aNode();
    node.fails(unreachable);
    const draft = aDraft(node);
    draft.edit({ conclusion: 'x' });
    await expect(draft.flush()).resolves.toBe(false);
    draft.close();
  });
});

describe('a draft that was interrupted', () => {
  const kept = (written: Written, more: Partial<Kept> = {}): Kept => ({
    written,
    base: 'r0',
    sent: [],
    count: 1,
    at: 1,
    ...more,
  });

  it('comes back after the page was lost', async () => {
    const node = aNode();
    const draft = aDraft(node, aStore(), kept(text({ findings: 'dở dang' })));
    draft.open();
    expect(draft.restored).toBe(true);
    await vi.advanceTimersByTimeAsync(450);
    expect(node.has.written.findings).toBe('dở dang');
  });

  it('is not restored when the node has it already', () => {
    const node = aNode(text({ findings: 'đã tới' }), 'r5');
    expect(aDraft(node, aStore(), kept(text({ findings: 'đã tới' }))).restored).toBe(false);
  });

  it('goes on from a save whose answer was lost', async () => {
    const node = aNode();
    const draft = aDraft(node);
    node.losesAnswers(true);
    draft.edit({ findings: 'một' });
    await vi.advanceTimersByTimeAsync(450);
    node.losesAnswers(false);
    draft.edit({ findings: 'một hai' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(node.has.written.findings).toBe('một hai');
    expect(draft.state.kind).toBe('saved');
  });

  it('recognises after a crash what it had sent before', async () => {
    const sent = text({ findings: 'một' });
    const node = aNode(sent, 'r1');
    const draft = aDraft(node, aStore(), kept(text({ findings: 'một hai' }), { sent: [sent] }));
    expect(draft.state.kind).toBe('unsaved');
    draft.open();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(node.has.written.findings).toBe('một hai');
  });
});

describe('two windows', () => {
  it('never overwrite each other: the second is told, and both texts are there', async () => {
    const node = aNode();
    const first = aDraft(node);
    const store = aStore();
    const second = aDraft(node, store);
    first.edit({ findings: 'của cửa sổ một' });
    await vi.advanceTimersByTimeAsync(450);
    second.edit({ findings: 'của cửa sổ hai' });
    await vi.advanceTimersByTimeAsync(450);
    expect(second.state).toMatchObject({ kind: 'conflict', theirs: { written: { findings: 'của cửa sổ một' } } });
    expect(node.has.written.findings).toBe('của cửa sổ một');
    expect(store.kept?.written.findings).toBe('của cửa sổ hai');
    second.edit({ findings: 'của cửa sổ hai, thêm' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(node.has.written.findings).toBe('của cửa sổ một');
    await expect(second.flush()).resolves.toBe(false);
    expect(second.leaving()).toBeNull();
  });

  it('go on with the text that was chosen', async () => {
    for (const choice of ['mine', 'theirs'] as const) {
      const node = aNode();
      const draft = aDraft(node);
      node.has = { written: text({ findings: 'kia' }), revision: 'r9' };
      draft.edit({ findings: 'tôi' });
      await vi.advanceTimersByTimeAsync(450);
      expect(draft.settle(choice)?.findings).toBe(choice === 'mine' ? 'kia' : 'tôi');
      await vi.advanceTimersByTimeAsync(450);
      expect(node.has.written.findings).toBe(choice === 'mine' ? 'tôi' : 'kia');
      expect(draft.report.findings).toBe(node.has.written.findings);
      expect(draft.dirty).toBe(false);
    }
  });

  it('are told of the other text when one of them crashed', () => {
    const node = aNode(text({ findings: 'kia' }), 'r9');
    const mine: Kept = { written: text({ findings: 'tôi' }), base: 'r0', sent: [], count: 1, at: 1 };
    expect(aDraft(node, aStore(), mine).state.kind).toBe('conflict');
  });
});

describe('the browser as a store', () => {
  beforeEach(() => {
    vi.useRealTimers();
    localStorage.clear();
  });
  const kept = (findings: string, at = Date.now()): Kept => ({
    written: text({ findings }),
    base: 'r',
    sent: [],
    count: 3,
    at,
  });
  const found = async (username: string, task: string) =>
    (await findKept(username, task)).map((one) => one.kept.written.findings);

  it('keeps drafts apart by user and task', async () => {
    browserStore('ánh', '1').write(kept('của Ánh'));
    expect(await found('ánh', '1')).toEqual(['của Ánh']);
    expect(await found('hải', '1')).toEqual([]);
    expect(await found('ánh', '2')).toEqual([]);
  });

  it('keeps what each page wrote, the newest first, and forgets what was adopted', async () => {
    const at = Date.now();
    browserStore('ánh', '1').write(kept('cũ', at - 10));
    browserStore('ánh', '1').write(kept('mới', at));
    expect(await found('ánh', '1')).toEqual(['mới', 'cũ']);
    const store = browserStore('ánh', '1', await findKept('ánh', '1'));
    store.write(kept('tiếp', at + 10));
    store.clear();
    expect(await found('ánh', '1')).toEqual([]);
  });

  it('knows old copies by what the node has of their page', async () => {
    const store = browserStore('ánh', '1');
    store.write(kept('một'));
    const list = await findKept('ánh', '1');
    expect(notArrived(list, { [store.page]: 2, other: 9 })).toEqual(list);
    expect(notArrived(list, { [store.page]: 3 })).toEqual([]);
    expect(await found('ánh', '1')).toEqual([]);
  });

  it('survives rubbish and what is too old', async () => {
    localStorage.setItem('lientuyen.draft.ánh.2.x', '{');
    localStorage.setItem('lientuyen.draft.ánh.2.y', '{"written":{},"base":7}');
    localStorage.setItem('lientuyen.draft.ánh.2.z', JSON.stringify(kept('xưa', 1)));
    expect(await found('ánh', '2')).toEqual([]);
  });

  it('says when the browser takes nothing', () => {
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    vi.stubGlobal('localStorage', { setItem: full, removeItem: full, getItem: full });
    const store = browserStore('ánh', '1');
    expect(store.keeping()).toBe('disk');
    store.write(kept('x'));
    expect(store.keeping()).toBe('nowhere');
    vi.unstubAllGlobals();
  });
});
