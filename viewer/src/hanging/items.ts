/** What can be hung: a series that is scrolled, or one picture of a series of pictures that each show something else. Pure. */
import type { Series } from '../api/types';
import { type Dataset, numeric, text, values } from '../imaging/dicom';
import { nameOf, planeOf } from '../imaging/geometry';
import type { Stack } from '../imaging/stack';
import type { PlaneName } from '../viewport/grid';

export interface Item {
  readonly study: string;
  readonly series: string;
  /** Set when the item is one picture. */
  readonly sop?: string;
  /** 0: of the study that is read; 1: of its newest prior, and so on. */
  readonly prior: number;
  readonly modality: string;
  /** Description without accents, in small letters. */
  readonly words: string;
  readonly bodyPart: string;
  readonly plane: PlaneName | null;
  /** `R`, `L`, or empty. */
  readonly laterality: string;
  /** `PA`, `LL`, `CC`, `MLO`… or empty. */
  readonly view: string;
  readonly frames: number;
  /** Which way the rows of the picture run, from Patient Orientation (PS3.3 C.7.6.1.1.1): `A`, `P`, `L`, `R`, or empty. */
  readonly rowTo: string;
}

/** Modalities whose pictures are looked at one by one. */
const ONE_BY_ONE: readonly string[] = [
  'CR',
  'DX',
  'MG',
  'IO',
  'PX',
  'RG',
  'RF',
  'XA',
  'US',
  'ES',
  'XC',
  'OP',
  'SC',
  'OT',
];
const VIEW_MODIFIERS = /\b(mlo|cc|ml|lm|xccl|fb|ap|pa|lat|ll|rl)\b/;

/** Letters alone: `Lồng ngực` and `long nguc` are the same word. */
export const plain = (words: string) =>
  words
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll(/[đĐ]/g, 'd')
    .toLowerCase();

function planeByWords(words: string): PlaneName | null {
  if (/\b(ax|axial|tra|transverse|ngang)\b/.test(words)) return 'axial';
  if (/\b(cor|coronal)\b/.test(words)) return 'coronal';
  if (/\b(sag|sagittal)\b/.test(words)) return 'sagittal';
  return null;
}

/** The items of a series: one, or one for each picture. */
export function itemsOf(series: Series, stack: Stack, prior: number): Item[] {
  const datasets = [...stack.datasets.values()];
  const first = datasets[0];
  if (!first) return [];
  const modality = stack.modality || series.modality;
  if (!ONE_BY_ONE.includes(modality)) return [itemOf(series, stack, first, modality, stack.frames.length, prior)];
  return datasets.map((ds) => ({
    ...itemOf(series, stack, ds, modality, Math.max(1, numeric(ds, 'NumberOfFrames') ?? 1), prior),
    sop: text(ds, 'SOPInstanceUID'),
  }));
}

function itemOf(series: Series, stack: Stack, ds: Dataset, modality: string, frames: number, prior: number): Item {
  const words = plain(stack.description || series.description);
  const plane = planeOf(ds);
  const view = text(ds, 'ViewPosition').toUpperCase();
  const laterality = (text(ds, 'ImageLaterality') || text(ds, 'Laterality')).toUpperCase();
  return {
    study: stack.study,
    series: stack.series,
    prior,
    modality,
    words,
    bodyPart: (text(ds, 'BodyPartExamined') || series.body_part).toUpperCase(),
    plane: plane ? nameOf(plane) : planeByWords(words),
    laterality: laterality === 'R' || laterality === 'L' ? laterality : '',
    view: normalView(view || (VIEW_MODIFIERS.exec(words)?.[0] ?? '').toUpperCase()),
    frames,
    rowTo: String(values(ds, 'PatientOrientation')[0] ?? '').charAt(0),
  };
}

/** View positions that mean the same in one word. */
function normalView(view: string): string {
  if (view === 'LL' || view === 'RL' || view === 'LLD' || view === 'RLD') return 'LAT';
  if (view === 'LATERAL') return 'LAT';
  return view;
}
