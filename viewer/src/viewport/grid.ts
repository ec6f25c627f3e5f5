/** What stands where on the screen: a grid of cells. Pure: every function returns a new grid. */
import { EMPTY, type ViewState } from '../imaging/viewstate';

export type PlaneName = 'axial' | 'coronal' | 'sagittal';

/** How a series is first shown in a cell; what the reader changes afterwards stays changed. */
export interface Look {
  /** Name of a window preset. */
  readonly preset?: string | undefined;
  /** The values that are black and white, instead of a preset. */
  readonly range?: { readonly lower: number; readonly upper: number } | undefined;
  readonly invert?: boolean | undefined;
  readonly flip?: boolean | undefined;
  /** The edge of the cell that the image lies against: mammograms meet in the middle. */
  readonly against?: 'left' | 'right' | undefined;
}

export interface SeriesPlace {
  readonly kind: 'series';
  readonly study: string;
  readonly series: string;
  /** The image to open at; absent: where the series was left, or opens. */
  readonly sop?: string | undefined;
  readonly look?: Look | undefined;
}

/** A plane through the volume of a series. */
export interface ReformatPlace {
  readonly kind: 'reformat';
  readonly study: string;
  readonly series: string;
  readonly plane: PlaneName;
  readonly look?: Look | undefined;
}

export type Place = SeriesPlace | ReformatPlace | null;

export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** By cell, row by row. Those beyond the grid are kept for when it grows again. */
  readonly places: readonly Place[];
  readonly active: number;
  /** The active cell fills the whole grid. */
  readonly maximised: boolean;
}

export interface Layout {
  readonly rows: number;
  readonly columns: number;
}

/** Layouts to choose from, with the digit that stands for each (with Shift). */
export const LAYOUTS: readonly (Layout & { readonly digit: number })[] = [
  { rows: 1, columns: 1, digit: 1 },
  { rows: 1, columns: 2, digit: 2 },
  { rows: 2, columns: 1, digit: 3 },
  { rows: 2, columns: 2, digit: 4 },
  { rows: 2, columns: 3, digit: 6 },
  { rows: 3, columns: 3, digit: 9 },
];

export const sizeOf = ({ rows, columns }: Layout) => rows * columns;

export const EMPTY_GRID: Grid = { rows: 1, columns: 1, places: [null], active: 0, maximised: false };

/** The places that are on the grid. */
export function placesOn(grid: Grid): readonly Place[] {
  return Array.from({ length: sizeOf(grid) }, (_, cell) => grid.places[cell] ?? null);
}

/** Whether two places show the same thing. */
export function same(a: Place, b: Place): boolean {
  if (a === null || b === null || a.kind !== b.kind) return a === b;
  if (a.study !== b.study || a.series !== b.series) return false;
  return a.kind === 'reformat' ? a.plane === (b as ReformatPlace).plane : a.sop === (b as SeriesPlace).sop;
}

/** Another layout. The active picture stays on the screen; new cells get what was in them before, else the next of `spare`. */
export function lay(grid: Grid, { rows, columns }: Layout, spare: readonly Place[] = []): Grid {
  const size = rows * columns;
  const places = [...grid.places];
  let { active } = grid;
  if (active >= size) {
    [places[0], places[active]] = [places[active] ?? null, places[0] ?? null];
    active = 0;
  }
  const left = spare.filter((one) => !places.some((known) => same(one, known)));
  for (let cell = 0; cell < size; cell += 1) places[cell] ??= left.shift() ?? null;
  return { rows, columns, places, active, maximised: false };
}

/** Puts something into a cell. */
export function put(grid: Grid, cell: number, place: Place): Grid {
  if (same(grid.places[cell] ?? null, place)) return grid;
  const places = [...placesOn(grid), ...grid.places.slice(sizeOf(grid))];
  places[cell] = place;
  return { ...grid, places };
}

export function activate(grid: Grid, cell: number): Grid {
  return cell === grid.active || cell < 0 || cell >= sizeOf(grid) ? grid : { ...grid, active: cell };
}

/** The neighbour becomes active; at an edge nothing changes. */
export function move(grid: Grid, right: number, down: number): Grid {
  const row = Math.floor(grid.active / grid.columns) + down;
  const column = (grid.active % grid.columns) + right;
  if (row < 0 || row >= grid.rows || column < 0 || column >= grid.columns) return grid;
  return activate(grid, row * grid.columns + column);
}

/** The next (or, with -1, the previous) cell that shows something becomes active, round and round. */
export function cycle(grid: Grid, by: 1 | -1): Grid {
  const size = sizeOf(grid);
  for (let step = 1; step < size; step += 1) {
    const cell = (((grid.active + by * step) % size) + size) % size;
    if (grid.places[cell]) return activate(grid, cell);
  }
  return grid;
}

/** The active cell fills the grid, or goes back to its place. */
export function maximise(grid: Grid): Grid {
  return sizeOf(grid) === 1 ? grid : { ...grid, maximised: !grid.maximised };
}

/** Three planes through one series and the series itself: axial and sagittal above, coronal below. */
export function reformatted(of: SeriesPlace): Grid {
  const plane = (name: PlaneName): ReformatPlace => ({
    kind: 'reformat',
    study: of.study,
    series: of.series,
    plane: name,
    look: of.look,
  });
  const places = [plane('axial'), plane('sagittal'), plane('coronal'), of];
  return { rows: 2, columns: 2, places, active: 0, maximised: false };
}

export const showsReformat = (grid: Grid) => placesOn(grid).some((place) => place?.kind === 'reformat');

/**
 * What a cell says of its view. While the images of its place are on their way the view still holds what hung there before; that is never
 * shown under the name and date of what is coming. `failed`: they do not come.
 */
export function stateAt(state: ViewState | null, place: SeriesPlace, failed: boolean): ViewState | null {
  const { stack } = state ?? EMPTY;
  if (!state || !stack || (stack.study === place.study && stack.series === place.series)) return state;
  return { ...EMPTY, status: failed ? 'empty' : 'loading', tool: state.tool };
}
