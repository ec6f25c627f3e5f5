import type { Instance, Series } from '../api/types';

const ENCAPSULATED = '1.2.840.10008.5.1.4.1.1.104.';
const STRUCTURED_REPORT = '1.2.840.10008.5.1.4.1.1.88.';
const PRESENTATION = '1.2.840.10008.5.1.4.1.1.11.';
const WAVEFORM = '1.2.840.10008.5.1.4.1.1.9.';

export type DocumentKind = 'pdf' | 'encapsulated' | 'report' | 'presentation' | 'waveform' | 'other';

/** What a document is, by its SOP class (PS3.4 B.5). */
export function documentKind(instance: Instance): DocumentKind {
  if (instance.sop_class_uid === `${ENCAPSULATED}1`) return 'pdf';
  if (instance.sop_class_uid.startsWith(ENCAPSULATED)) return 'encapsulated';
  if (instance.sop_class_uid.startsWith(STRUCTURED_REPORT)) return 'report';
  if (instance.sop_class_uid.startsWith(PRESENTATION)) return 'presentation';
  if (instance.sop_class_uid.startsWith(WAVEFORM)) return 'waveform';
  return 'other';
}

const NAMES = {
  KO: 'view.document-name.key-objects',
  PR: 'view.document-name.presentation',
  SR: 'view.document-name.report',
  ECG: 'view.document-name.waveform',
} as const;

/** What a series of documents is called where it has no description: a key of the catalogue. */
export const documentName = ({ modality }: Pick<Series, 'modality'>) =>
  modality in NAMES ? NAMES[modality as keyof typeof NAMES] : ('view.document' as const);

const holdsNoPixels = (instance: Instance) =>
  instance.rows === 0 ||
  instance.sop_class_uid.startsWith(ENCAPSULATED) ||
  instance.sop_class_uid.startsWith(STRUCTURED_REPORT) ||
  instance.sop_class_uid.startsWith(PRESENTATION);

/** A series without a single picture. */
export const isDocument = (series: Series) => series.instances.every(holdsNoPixels);

export const framesIn = (series: Series) =>
  series.instances.reduce((sum, one) => sum + (holdsNoPixels(one) ? 0 : Math.max(1, one.frames)), 0);

/** Pictures first, in series order; then the documents. */
export function inReadingOrder(series: readonly Series[]): Series[] {
  const rank = (one: Series) => (isDocument(one) ? 2 : isMask(one) ? 1 : 0);
  return [...series].sort(
    (a, b) => rank(a) - rank(b) || (a.number ?? Number.MAX_SAFE_INTEGER) - (b.number ?? Number.MAX_SAFE_INTEGER),
  );
}

/** Pictures that are laid over others; by themselves they say little. */
const isMask = (series: Series) => series.modality === 'SEG';

/** The series that are looked at by themselves. */
export function picturesOf(series: readonly Series[]): Series[] {
  const all = series.filter((one) => !isDocument(one));
  const own = all.filter((one) => !isMask(one));
  return own.length ? own : all;
}

/** The series that opens first: the one with the most pictures. */
export function openingSeries(series: readonly Series[]): Series | undefined {
  const pictures = picturesOf(series);
  return pictures.reduce<Series | undefined>(
    (best, one) => (best === undefined || framesIn(one) > framesIn(best) ? one : best),
    undefined,
  );
}

/** The series that holds an instance. */
export const seriesOf = (series: readonly Series[], sop: string) =>
  series.find((one) => one.instances.some((instance) => instance.sop_instance_uid === sop));
