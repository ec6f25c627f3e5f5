/** Hanging protocols: which studies a rule is for, and what it puts where. Rules are data: people edit and save them. Pure. */
import { LAYOUTS, type Layout, type PlaneName } from '../viewport/grid';

export interface When {
  /** DICOM modalities of the study; empty: any. */
  readonly modalities: readonly string[];
  /** Values of Body Part Examined; empty: any. A word in the descriptions serves as well. */
  readonly bodyParts: readonly string[];
  /** Words in the study's or a series' description, without accents. */
  readonly words: readonly string[];
  /** Priors there must be, at least. */
  readonly priors: number;
  /** Views that must be there, all of them. */
  readonly views: readonly string[];
}

export interface Pick {
  /** 0: the study that is read; 1: its newest prior. */
  readonly prior: number;
  readonly modality?: string | undefined;
  readonly plane?: PlaneName | undefined;
  readonly laterality?: 'R' | 'L' | undefined;
  /** A view position, or several with `|` between them. */
  readonly view?: string | undefined;
  /** Preferred: more of these words in the description. */
  readonly words: readonly string[];
  /** Never one with any of these. */
  readonly avoid: readonly string[];
  /** Of those that fit, the largest or the first in the study's order. */
  readonly first: 'largest' | 'in-order';
}

export interface Show {
  /** Name of a window preset. */
  readonly preset?: string | undefined;
  readonly invert?: boolean | undefined;
  /** Mammograms: the chest wall towards the middle of the screen. */
  readonly chestWall?: 'left' | 'right' | undefined;
}

export interface CellRule {
  readonly pick: Pick;
  readonly show: Show;
}

export interface Protocol {
  readonly id: string;
  readonly name: { readonly vi: string; readonly en: string };
  readonly when: When;
  readonly layout: Layout;
  /** Cells for which nothing is there stay empty; otherwise a smaller layout is taken. */
  readonly keepEmpty?: boolean | undefined;
  readonly cells: readonly CellRule[];
}

/** What is kept in the preferences. */
export interface Protocols {
  readonly version: 1;
  readonly protocols: readonly Protocol[];
}

const MOST_PROTOCOLS = 64;
const PLANES: readonly unknown[] = ['axial', 'coronal', 'sagittal'];

type Raw = Record<string, unknown>;
const isRecord = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);
const words = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one.trim() !== '') : [];
const count = (value: unknown) => (Number.isInteger(value) ? Math.min(9, Math.max(0, value as number)) : 0);

function readCell(value: unknown): CellRule {
  const raw = isRecord(value) ? value : {};
  const pick = isRecord(raw.pick) ? raw.pick : {};
  const show = isRecord(raw.show) ? raw.show : {};
  return {
    pick: {
      prior: count(pick.prior),
      ...(typeof pick.modality === 'string' && pick.modality ? { modality: pick.modality.toUpperCase() } : {}),
      ...(PLANES.includes(pick.plane) ? { plane: pick.plane as PlaneName } : {}),
      ...(pick.laterality === 'R' || pick.laterality === 'L' ? { laterality: pick.laterality } : {}),
      ...(typeof pick.view === 'string' && pick.view ? { view: pick.view.toUpperCase() } : {}),
      words: words(pick.words),
      avoid: words(pick.avoid),
      first: pick.first === 'in-order' ? 'in-order' : 'largest',
    },
    show: {
      ...(typeof show.preset === 'string' && show.preset ? { preset: show.preset } : {}),
      ...(show.invert === true ? { invert: true } : {}),
      ...(show.chestWall === 'left' || show.chestWall === 'right' ? { chestWall: show.chestWall } : {}),
    },
  };
}

function readProtocol(value: unknown): Protocol | null {
  if (!isRecord(value) || typeof value.id !== 'string' || !value.id) return null;
  const when = isRecord(value.when) ? value.when : {};
  const name = isRecord(value.name) ? value.name : {};
  const wanted = isRecord(value.layout) ? value.layout : {};
  const layout = LAYOUTS.find(({ rows, columns }) => rows === wanted.rows && columns === wanted.columns);
  if (!layout || !Array.isArray(value.cells)) return null;
  const vi = typeof name.vi === 'string' && name.vi ? name.vi : value.id;
  return {
    id: value.id,
    name: { vi, en: typeof name.en === 'string' && name.en ? name.en : vi },
    when: {
      modalities: words(when.modalities).map((one) => one.toUpperCase()),
      bodyParts: words(when.bodyParts).map((one) => one.toUpperCase()),
      words: words(when.words),
      priors: count(when.priors),
      views: words(when.views).map((one) => one.toUpperCase()),
    },
    layout: { rows: layout.rows, columns: layout.columns },
    ...(value.keepEmpty === true ? { keepEmpty: true } : {}),
    cells: value.cells.slice(0, layout.rows * layout.columns).map(readCell),
  };
}

/** Reads what was kept; what cannot be understood is left out, so that one bad rule never keeps a study from opening. */
export function readProtocols(value: unknown): Protocol[] {
  if (!isRecord(value) || !Array.isArray(value.protocols)) return [];
  return value.protocols
    .slice(0, MOST_PROTOCOLS)
    .map(readProtocol)
    .filter((one) => one !== null);
}

/** Personal rules before the site's, the site's before the built-in ones; a rule with the same id takes the other's place. */
export function merged(...lists: readonly (readonly Protocol[])[]): Protocol[] {
  const seen = new Set<string>();
  return lists.flat().filter(({ id }) => !seen.has(id) && seen.add(id));
}
