/** Marks on images, as the node keeps them (`node/domain/measurement.py`). Pure. */
import type { Schemas } from '../api/schema';

/** Column and row on the frame: (0, 0) is the upper left corner of the upper left pixel, whose middle is (0.5, 0.5). */
export type Point = readonly [column: number, row: number];
export type Kind = Schemas['MeasurementKind'];
/** What lengths rest on; `none`: pixels. */
export type Basis = Schemas['SpacingBasis'];
/** By hand: the node takes any name. */
export type ValueName =
  | 'length'
  | 'long-axis'
  | 'short-axis'
  | 'angle'
  | 'area'
  | 'mean'
  | 'stddev'
  | 'min'
  | 'max'
  | 'value'
  | 'ratio'
  | 'heart-width'
  | 'chest-width'
  | 'horizontal'
  | 'vertical';

/** One number. `unit` is a UCUM code: mm, mm2, deg, [hnsf'U], g/ml{SUVbw}, 1; {pixels} where there is no spacing. */
export type Value = Readonly<Omit<Schemas['MarkValue'], 'name'>> & { readonly name: ValueName };

type Lists = { readonly points: readonly Point[]; readonly values: readonly Value[] };

/** Frames count from 1. */
export type MarkContent = Readonly<Required<Omit<Schemas['NewMark'], 'base_revision' | keyof Lists>>> & Lists;

/** Of revision 0 the node has not got it yet. */
export type Mark = MarkContent & Readonly<Pick<Schemas['Mark'], 'revision' | 'author' | 'author_name' | 'mine'>>;

/** How many points the reader sets; the others of a kind follow from these. */
export const STROKE: Readonly<Record<Kind, number>> = {
  length: 2,
  bidirectional: 2,
  angle: 3,
  cobb: 4,
  ellipse: 2,
  rectangle: 2,
  probe: 1,
  arrow: 2,
  cardiothoracic: 4,
  calibration: 2,
};

export const isPen = (tool: string | undefined): tool is Kind => tool !== undefined && tool in STROKE;

const CONTENT = [
  'id',
  'kind',
  'series_instance_uid',
  'sop_instance_uid',
  'frame',
  'points',
  'values',
  'basis',
  'text',
  'in_report',
] as const;

/** What of a mark is sent to the node. */
export function contentOf(mark: MarkContent): MarkContent {
  return Object.fromEntries(CONTENT.map((name) => [name, mark[name]])) as unknown as MarkContent;
}

export const sameContent = (a: MarkContent, b: MarkContent) =>
  JSON.stringify(contentOf(a)) === JSON.stringify(contentOf(b));

export const isOn = (mark: MarkContent, sop: string, frame: number) =>
  mark.sop_instance_uid === sop && mark.frame === frame;

/** Whether the node can keep it: its image is the study's own, not a plane that was reconstructed here. */
export const isKeepable = (mark: MarkContent) => /^[0-9.]{1,64}$/.test(mark.sop_instance_uid);
