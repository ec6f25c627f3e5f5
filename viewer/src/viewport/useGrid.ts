/** The grid of the study on the screen: hung once enough is known, then as the reader changes it. */
import { useCallback, useEffect, useMemo, useReducer, useRef } from 'react';
import type { Hung } from '../hanging/hang';
import * as g from './grid';
import type { ViewRegistry } from './views';

interface Hanged {
  grid: g.Grid;
  /** The reader changed what hangs where. */
  touched: boolean;
  /** What hung before planes through the volume were shown. */
  before: g.Grid | null;
}

type Change =
  | { do: 'hang'; hung: Hung }
  | { do: 'first'; place: g.Place }
  | { do: 'reader'; by: (grid: g.Grid) => g.Grid }
  | { do: 'reformat'; of: g.SeriesPlace };

const placesEqual = (a: readonly g.Place[], b: readonly g.Place[]) =>
  a.length === b.length && a.every((place, index) => g.same(place, b[index] ?? null));

function hung(known: Hanged, { layout, places, waiting }: Hung): Hanged {
  const { grid } = known;
  if (known.touched) {
    // only what was kept free for a prior may still come
    const late = waiting.length === 0 ? places : [];
    const filled = g.placesOn(grid).map((place, cell) => place ?? (late[cell]?.kind === 'series' ? late[cell] : null));
    return placesEqual(filled, g.placesOn(grid)) ? known : { ...known, grid: { ...grid, places: filled } };
  }
  if (grid.rows === layout.rows && grid.columns === layout.columns && placesEqual(places, g.placesOn(grid)))
    return known;
  const active = Math.min(grid.active, Math.max(0, g.sizeOf(layout) - 1));
  return { ...known, grid: { ...layout, places, active, maximised: false } };
}

function change(known: Hanged, wish: Change): Hanged {
  switch (wish.do) {
    case 'hang':
      return hung(known, wish.hung);
    case 'first':
      return known.touched || known.grid.places.some(Boolean)
        ? known
        : { ...known, grid: g.put(known.grid, 0, wish.place) };
    case 'reformat':
      if (g.showsReformat(known.grid) && known.before) return { grid: known.before, touched: true, before: null };
      return { grid: g.reformatted(wish.of), touched: true, before: known.grid };
    case 'reader': {
      const grid = wish.by(known.grid);
      if (grid === known.grid) return known;
      // going from cell to cell changes nothing of what hangs
      const moved =
        grid.places === known.grid.places && grid.rows === known.grid.rows && grid.columns === known.grid.columns;
      return { ...known, grid, touched: known.touched || !moved };
    }
  }
}

export interface Cells {
  readonly grid: g.Grid;
  readonly activate: (cell: number) => void;
  readonly put: (cell: number, place: g.Place) => void;
  readonly by: (step: (grid: g.Grid) => g.Grid) => void;
  readonly toggleReformat: (of: g.SeriesPlace) => void;
  /** Forgets what the reader changed and hangs the study again. */
  readonly hangAgain: () => void;
}

/** `first` is shown while too little is known to hang the study. */
export function useGrid(registry: ViewRegistry, hanging: Hung | null, first: g.Place): Cells {
  const [{ grid }, send] = useReducer(change, { grid: g.EMPTY_GRID, touched: false, before: null });
  const wanted = useRef(hanging);
  wanted.current = hanging;
  const { active } = grid;

  useEffect(() => registry.activate(active), [registry, active]);
  useEffect(() => {
    if (hanging) send({ do: 'hang', hung: hanging });
    else if (first) send({ do: 'first', place: first });
  }, [hanging, first]);

  const by = useCallback((step: (grid: g.Grid) => g.Grid) => send({ do: 'reader', by: step }), []);
  return useMemo(
    () => ({
      grid,
      by,
      activate: (cell) => by((known) => g.activate(known, cell)),
      put: (cell, place) => by((known) => g.put(known, cell, place)),
      toggleReformat: (of) => send({ do: 'reformat', of }),
      hangAgain: () => {
        const { current } = wanted;
        if (current)
          by((known) => ({
            ...current.layout,
            places: current.places,
            active: Math.min(known.active, current.places.length - 1),
            maximised: false,
          }));
      },
    }),
    [grid, by],
  );
}
