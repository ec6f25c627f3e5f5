import { describe, expect, it } from 'vitest';
import type { Kept } from './draft';
import type { Found } from './kept';
import { begunWith, distinct, notOf } from './waiting';
import { EMPTY_REPORT } from './written';

const written = (findings: string) => ({ ...EMPTY_REPORT, findings });
const found = (page: string, findings: string, at: number, more: Partial<Kept> = {}): Found => ({
  name: `place.${page}`,
  page,
  kept: { written: written(findings), base: 'r', sent: [], count: 3, at, ...more },
});
const shown = (list: readonly { kept: Kept }[]) => list.map((one) => one.kept.written.findings);

describe('texts that wait', () => {
  it('are each there once, the newest first', () => {
    const list = distinct([found('a', 'một', 1), found('b', 'hai', 3), found('c', 'một', 2)]);
    expect(shown(list)).toEqual(['hai', 'một']);
    expect(list[1]!.covers.map((one) => one.page)).toEqual(['a']);
  });

  it('stand behind a text that goes on from them, but not behind one that left them aside', () => {
    const old = found('a', 'một', 1);
    expect(shown(distinct([old, found('b', 'một hai', 2, { pages: { a: 3 } })]))).toEqual(['một hai']);
    expect(shown(distinct([old, found('b', 'một hai', 2, { pages: { a: 2 } })]))).toEqual(['một hai', 'một']);
    expect(shown(distinct([old, found('b', 'khác', 2)]))).toEqual(['khác', 'một']);
  });

  it('are not those that the node has', () => {
    expect(shown(notOf(written('hai'), distinct([found('a', 'một', 1), found('b', 'hai', 2)])))).toEqual(['một']);
  });

  it('are not gone on with once they were set aside', () => {
    const list = distinct([found('a', 'để riêng', 9, { aside: true }), found('b', 'đang viết', 1)]);
    expect(begunWith(list)?.kept.written.findings).toBe('đang viết');
    expect(begunWith(list.slice(0, 1))).toBeUndefined();
  });
});
