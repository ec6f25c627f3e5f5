/** What can be hung: a series that is scrolled, or one picture of a series of pictures that each show something else. Pure. */
import type { Series } from '../api/types';
import { type Dataset, numeric, text, values } from '../imaging/dicom';
import { nameOf, planeOf } from '../imaging/geometry';
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

/** Whether the pictures of a series are looked at one by one, so that their attributes must be known before they are hung. */
export const isOneByOne = (series: Series) => ONE_BY_ONE.includes(series.modality);

/** The item of a series by what the list of series says of it. */
export function roughItem(study: string, series: Series, prior: number, frames: number): Item {
  const words = plain(series.description);
  return {
    study,
    series: series.series_instance_uid,
    prior,
    modality: series.modality,
    words,
    bodyPart: series.body_part.toUpperCase(),
    plane: planeByWords(words),
    laterality: '',
    view: '',
    frames,
    rowTo: '',
  };
}

/** The items of a series by its images' attributes: one, or one for each picture. */
export function itemsOf(study: string, series: Series, datasets: readonly Dataset[], prior: number): Item[] {
  const first = datasets[0];
  if (!first) return [];
  const modality = text(first, 'Modality') || series.modality;
  const framesIn = (ds: Dataset) => Math.max(1, numeric(ds, 'NumberOfFrames') ?? 1);
  const rough = roughItem(study, series, prior, 0);
  const about = (ds: Dataset, frames: number) => itemOf(rough, ds, modality, frames);
  if (!ONE_BY_ONE.includes(modality)) {
    return [
      about(
        first,
        datasets.reduce((sum, ds) => sum + framesIn(ds), 0),
      ),
    ];
  }
  return datasets.map((ds) => ({ ...about(ds, framesIn(ds)), sop: text(ds, 'SOPInstanceUID') }));
}

function itemOf(rough: Item, ds: Dataset, modality: string, frames: number): Item {
  const words = plain(text(ds, 'SeriesDescription')) || rough.words;
  const plane = planeOf(ds);
  const view = text(ds, 'ViewPosition').toUpperCase();
  const laterality = (text(ds, 'ImageLaterality') || text(ds, 'Laterality')).toUpperCase();
  return {
    ...rough,
    modality,
    words,
    bodyPart: text(ds, 'BodyPartExamined').toUpperCase() || rough.bodyPart,
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
