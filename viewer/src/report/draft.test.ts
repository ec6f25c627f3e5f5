import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/problem';
import type { Report } from '../api/types';
import { browserStore, Draft, type DraftStore, EMPTY_REPORT } from './draft';

function aStore(kept: Report | null = null): DraftStore & { kept: Report | null } {
  return {
    kept,
    read() {
      return this.kept;
    },
    write(report) {
      this.kept = report;
    },
    clear() {
      this.kept = null;
    },
  };
}

function aNode() {
  const saved: Report[] = [];
  let trouble: unknown = null;
  return {
    saved,
    fails: (error: unknown) => {
      trouble = error;
    },
    save: async (report: Report) => {
      if (trouble) throw trouble;
      saved.push(report);
    },
  };
}

const now = () => new Date('2026-11-22T03:42:00Z');
const unreachable = new ApiError({ status: 0, code: 'offline' });

describe('a draft', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const aDraft = (node: ReturnType<typeof aNode>, store = aStore()) =>
    new Draft({ initial: EMPTY_REPORT, store, save: node.save, changed: () => undefined, now });

  it('is kept on this machine at once and on the node a moment later', async () => {
    const node = aNode();
    const store = aStore();
    const draft = aDraft(node, store);
    draft.edit({ findings: 'phổi sáng' });
    expect(store.kept?.findings).toBe('phổi sáng');
    expect(node.saved).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(node.saved.map((report) => report.findings)).toEqual(['phổi sáng']);
    expect(store.kept).toBeNull();
    expect(draft.state).toEqual({ kind: 'saved', at: now() });
  });

  it('saves once for a burst of typing', async () => {
    const node = aNode();
    const draft = aDraft(node);
    for (const findings of ['a', 'ab', 'abc']) {
      draft.edit({ findings });
      await vi.advanceTimersByTimeAsync(300);
    }
    await vi.advanceTimersByTimeAsync(2_000);
    expect(node.saved.map((report) => report.findings)).toEqual(['abc']);
  });

  it('tries again until the node has it, and keeps the words meanwhile', async () => {
    const node = aNode();
    const store = aStore();
    const draft = aDraft(node, store);
    node.fails(unreachable);
    draft.edit({ conclusion: 'bình thường' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(draft.state).toMatchObject({ kind: 'failed', retrying: true });
    expect(store.kept?.conclusion).toBe('bình thường');
    node.fails(null);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(node.saved.map((report) => report.conclusion)).toEqual(['bình thường']);
    expect(draft.dirty).toBe(false);
  });

  it('does not insist when the node refuses for good', async () => {
    const node = aNode();
    const draft = aDraft(node);
    node.fails(new ApiError({ status: 409, code: 'not-allowed', title: 'Ca này của người khác' }));
    draft.edit({ conclusion: 'x' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(draft.state).toMatchObject({ kind: 'failed', retrying: false });
    expect(node.saved).toHaveLength(0);
  });

  it('saves what was written while it was saving', async () => {
    const saved: string[] = [];
    let finish = () => {};
    const save = (report: Report) =>
      new Promise<void>((resolve) => {
        saved.push(report.findings);
        finish = resolve;
      });
    const draft = new Draft({ initial: EMPTY_REPORT, store: aStore(), save, changed: () => undefined, now });
    draft.edit({ findings: 'một' });
    const flushed = draft.flush();
    draft.edit({ findings: 'một hai' });
    finish();
    await vi.advanceTimersByTimeAsync(0);
    finish();
    await expect(flushed).resolves.toBe(true);
    expect(saved).toEqual(['một', 'một hai']);
    expect(draft.dirty).toBe(false);
  });

  it('comes back after the page was lost', async () => {
    const node = aNode();
    const store = aStore({ ...EMPTY_REPORT, findings: 'dở dang' });
    const draft = aDraft(node, store);
    draft.open();
    expect(draft.restored).toBe(true);
    expect(draft.report.findings).toBe('dở dang');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(node.saved.map((report) => report.findings)).toEqual(['dở dang']);
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

describe('the browser as a store', () => {
  it('keeps drafts apart by user and task', () => {
    browserStore('ánh', '1').write({ ...EMPTY_REPORT, findings: 'của Ánh' });
    expect(browserStore('ánh', '1').read()?.findings).toBe('của Ánh');
    expect(browserStore('hải', '1').read()).toBeNull();
    browserStore('ánh', '1').clear();
    expect(browserStore('ánh', '1').read()).toBeNull();
  });

  it('survives rubbish', () => {
    localStorage.setItem('lientuyen.draft.ánh.2', '{');
    expect(browserStore('ánh', '2').read()).toBeNull();
  });
});
