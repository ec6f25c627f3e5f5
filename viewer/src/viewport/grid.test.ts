import { describe, expect, it } from 'vitest';
import { stackOf } from '../imaging/stack';
import { EMPTY, type ViewState } from '../imaging/viewstate';
import {
  activate,
  cycle,
  EMPTY_GRID,
  type Grid,
  LAYOUTS,
  lay,
  maximise,
  move,
  placesOn,
  put,
  reformatted,
  type SeriesPlace,
  stateAt,
} from './grid';

const series = (uid: string): SeriesPlace => ({ kind: 'series', study: '1', series: uid });
const names = (grid: Grid) => placesOn(grid).map((place) => place?.series ?? '-');
const four: Grid = lay(put(EMPTY_GRID, 0, series('a')), { rows: 2, columns: 2 }, [
  series('a'),
  series('b'),
  series('c'),
]);

describe('a grid', () => {
  it('fills new cells with what is not on the screen yet', () => {
    expect(names(four)).toEqual(['a', 'b', 'c', '-']);
  });

  it('keeps the active picture when it gets smaller, and all places when it grows again', () => {
    const one = lay(activate(four, 2), { rows: 1, columns: 1 });
    expect([names(one), one.active]).toEqual([['c'], 0]);
    expect(names(lay(one, { rows: 2, columns: 2 }))).toEqual(['c', 'b', 'a', '-']);
  });

  it('moves among its cells and stops at its edges', () => {
    expect(move(four, 1, 0).active).toBe(1);
    expect(move(four, 0, 1).active).toBe(2);
    expect(move(four, -1, 0).active).toBe(0);
    expect(move(activate(four, 3), 1, 0).active).toBe(3);
  });

  it('goes round the cells that show something', () => {
    expect(cycle(activate(four, 2), 1).active).toBe(0);
    expect(cycle(four, -1).active).toBe(2);
  });

  it('shows one cell alone and comes back', () => {
    expect(maximise(maximise(four))).toEqual(four);
    expect(maximise(four).maximised).toBe(true);
    expect(maximise(EMPTY_GRID).maximised).toBe(false);
  });

  it('shows three planes beside the series', () => {
    const planes = placesOn(reformatted(series('a')));
    expect(planes.map((place) => (place?.kind === 'reformat' ? place.plane : place?.kind))).toEqual([
      'axial',
      'sagittal',
      'coronal',
      'series',
    ]);
  });

  it('never shows what hung in a cell before under the name of what is coming', () => {
    const before: ViewState = { ...EMPTY, status: 'ready', stack: stackOf('prior', 'a', []), shown: 3, tool: 'length' };
    expect(stateAt(before, series('a'), false)).toMatchObject({ status: 'loading', stack: null, shown: -1 });
    expect(stateAt(before, series('a'), true)?.status).toBe('empty');
    expect(stateAt(before, { ...series('a'), study: 'prior' }, false)).toBe(before);
  });

  it('has a digit of its own for each layout', () => {
    expect(new Set(LAYOUTS.map((one) => one.digit)).size).toBe(LAYOUTS.length);
    for (const { rows, columns, digit } of LAYOUTS) expect(digit >= Math.min(9, rows * columns)).toBe(true);
  });
});
