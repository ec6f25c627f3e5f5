/** Reading of the DICOM JSON model (PS3.18 F.2). */

export interface Element {
  vr?: string;
  Value?: unknown[];
  InlineBinary?: string;
}
export type Dataset = Record<string, Element | undefined>;

/** The attributes that this application reads, by keyword. */
export const TAG = {
  SOPClassUID: '00080016',
  SOPInstanceUID: '00080018',
  Modality: '00080060',
  SeriesDescription: '0008103E',
  SeriesInstanceUID: '0020000E',
  InstanceNumber: '00200013',
  FrameOfReferenceUID: '00200052',
  Laterality: '00200060',
  ImageLaterality: '00200062',
  ViewPosition: '00185101',
  BodyPartExamined: '00180015',
  ImagePositionPatient: '00200032',
  ImageOrientationPatient: '00200037',
  PatientOrientation: '00200020',
  SliceLocation: '00201041',
  SliceThickness: '00180050',
  FrameTime: '00181063',
  CineRate: '00180040',
  RecommendedDisplayFrameRate: '00082144',
  NumberOfFrames: '00280008',
  PhotometricInterpretation: '00280004',
  SamplesPerPixel: '00280002',
  Rows: '00280010',
  Columns: '00280011',
  BitsAllocated: '00280100',
  PixelSpacing: '00280030',
  ImagerPixelSpacing: '00181164',
  NominalScannedPixelSpacing: '00182010',
  PixelSpacingCalibrationType: '00280A02',
  EstimatedRadiographicMagnificationFactor: '00181114',
  LossyImageCompression: '00282110',
  BitsStored: '00280101',
  PixelRepresentation: '00280103',
  PixelPaddingValue: '00280120',
  PixelPaddingRangeLimit: '00280121',
  WindowCenter: '00281050',
  WindowWidth: '00281051',
  VOILUTFunction: '00281056',
  RescaleIntercept: '00281052',
  RescaleSlope: '00281053',
} as const;

export type Keyword = keyof typeof TAG;

const SHARED_GROUPS = '52009229';
const PER_FRAME_GROUPS = '52009230';

/**
 * The attributes of one frame (1-based): an enhanced object keeps them in functional groups (PS3.3 C.7.6.16), the shared ones first, the
 * frame's own over them; any other object has the same for all its frames.
 */
export function ofFrame(ds: Dataset, number: number): Dataset {
  const groups = [ds[SHARED_GROUPS]?.Value?.[0], ds[PER_FRAME_GROUPS]?.Value?.[number - 1]] as (Dataset | undefined)[];
  if (!groups.some(Boolean)) return ds;
  const merged: Dataset = { ...ds };
  for (const group of groups) {
    for (const sequence of Object.values(group ?? {})) Object.assign(merged, sequence?.Value?.[0]);
  }
  return merged;
}

const SPACINGS: readonly string[] = [TAG.PixelSpacing, TAG.ImagerPixelSpacing];

const ROUNDED = 1e-4;

/**
 * Direction cosines of length 1 (PS3.3 C.7.6.2.1.1). Some devices round them, some round them badly: an image would be drawn smaller than it
 * is, and its pixels between those of the screen. Null for what are no directions.
 */
function unitDirections(cosines: number[]): number[] | null {
  const lengths = [Math.hypot(...cosines.slice(0, 3)), Math.hypot(...cosines.slice(3))];
  if (cosines.length !== 6 || !lengths.every((length) => length > 0.5 && length < 2)) return null;
  if (lengths.every((length) => Math.abs(length - 1) < ROUNDED)) return cosines;
  return cosines.map((value, at) => value / lengths[at < 3 ? 0 : 1]!);
}

/**
 * The attributes without spacings that cannot be: some devices, and files that were cleaned carelessly, say 0. Such an image has no size,
 * and a display that believes them shows nothing. Functional groups included.
 */
export function withoutImpossibleSpacing(ds: Dataset): Dataset {
  if (!mayBeImpossible(ds)) return ds;
  const clean: Dataset = {};
  for (const [tag, element] of Object.entries(ds)) {
    if (SPACINGS.includes(tag)) {
      const spacing = (element?.Value ?? []).map(Number);
      if (spacing.length === 2 && spacing.every((value) => Number.isFinite(value) && value > 0)) clean[tag] = element;
    } else if (tag === TAG.ImageOrientationPatient) {
      const directions = unitDirections((element?.Value ?? []).map(Number));
      if (directions) clean[tag] = { ...element, Value: directions };
    } else if (element?.vr === 'SQ' && element.Value) {
      clean[tag] = { ...element, Value: element.Value.map((item) => withoutImpossibleSpacing(item as Dataset)) };
    } else clean[tag] = element;
  }
  return clean;
}

/** Whether anything in it needs a second look: nearly always nothing does, and a copy of thousands of them would take its time. */
function mayBeImpossible(ds: Dataset): boolean {
  for (const tag in ds) {
    const element = ds[tag];
    if (SPACINGS.includes(tag)) {
      if (element?.Value?.length !== 2 || !element.Value.every((value) => typeof value === 'number' && value > 0))
        return true;
    } else if (tag === TAG.ImageOrientationPatient) {
      const cosines = (element?.Value ?? []).map(Number);
      if (unitDirections(cosines) !== cosines) return true;
    } else if (element?.vr === 'SQ' && element.Value?.some((item) => mayBeImpossible(item as Dataset))) return true;
  }
  return false;
}

/** What the toolkit would do with the values of an image: our own drawing does it (`drawing`), and colours have no units. */
const DRAWN_HERE: readonly string[] = [TAG.VOILUTFunction, '00283010'];
const OF_GREY: readonly string[] = [TAG.RescaleSlope, TAG.RescaleIntercept, TAG.WindowCenter, TAG.WindowWidth];

const forms = new WeakMap<Dataset, Dataset>();

/** The attributes as the toolkit's loader wants them; the same ones for all frames of an object. */
export function forToolkit(ds: Dataset): Dataset {
  const known = forms.get(ds);
  if (known) return known;
  const colour = (numeric(ds, 'SamplesPerPixel') ?? 1) > 1;
  const form = without(ds, colour ? [...DRAWN_HERE, ...OF_GREY] : DRAWN_HERE);
  forms.set(ds, form);
  return form;
}

function without(ds: Dataset, tags: readonly string[]): Dataset {
  const rest: Dataset = {};
  for (const [tag, element] of Object.entries(ds)) {
    if (tags.includes(tag)) continue;
    const inner = element?.vr === 'SQ' && element.Value;
    rest[tag] = inner ? { ...element, Value: inner.map((item) => without(item as Dataset, tags)) } : element;
  }
  return rest;
}

export function values(ds: Dataset, keyword: Keyword): unknown[] {
  return ds[TAG[keyword]]?.Value ?? [];
}

export function text(ds: Dataset, keyword: Keyword): string {
  const value = values(ds, keyword)[0];
  return value === undefined || value === null ? '' : String(value);
}

/** The first value as a number, or null. */
export function numeric(ds: Dataset, keyword: Keyword): number | null {
  const value = values(ds, keyword)[0];
  if (value === undefined || value === null || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

export function numbers(ds: Dataset, keyword: Keyword): number[] {
  return values(ds, keyword).map(Number).filter(Number.isFinite);
}
