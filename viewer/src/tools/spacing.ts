/** What a pixel measures, and what that rests on (PS3.3 10.7.1.3, C.8.5.5, C.8.11.7). Pure. */
import { type Dataset, numbers, numeric, text } from '../imaging/dicom';
import type { Scale } from './geometry';
import type { Basis, MarkContent, Point } from './mark';

/** Millimetres each way. */
export interface Length extends Scale {
  readonly unit: 'mm';
  readonly basis: Basis;
}

/** A region whose two directions are of different things, e.g. seconds and cm/s. */
export interface Mixed {
  readonly unit: 'mixed';
  readonly basis: 'region';
  readonly horizontal: Axis;
  readonly vertical: Axis;
}

export interface Axis {
  /** UCUM. */
  readonly unit: string;
  /** Of one pixel. */
  readonly delta: number;
  /** The value of column or row 0 where the region says so, else null. */
  readonly origin: number | null;
}

export interface Pixels extends Scale {
  readonly unit: '{pixels}';
  readonly basis: 'none';
}

export type Spacing = Length | Mixed | Pixels;

const PIXELS: Pixels = { unit: '{pixels}', basis: 'none', x: 1, y: 1 };
const PROJECTION = new Set(['CR', 'DX', 'MG', 'IO', 'PX', 'XA', 'RF', 'RG']);
/** Radiographs by their SOP class too: devices name their modality as they like. */
const PROJECTION_CLASS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(1|1\.[123](\.1)?|12\.[123](\.1)?)$/;
const ASPECT_RATIO = '00280034';
const CORRECTED = new Set(['GEOMETRY', 'FIDUCIAL']);

function pair(ds: Dataset, keyword: 'PixelSpacing' | 'ImagerPixelSpacing' | 'NominalScannedPixelSpacing') {
  const [y, x] = numbers(ds, keyword); // first between rows
  return x && y && x > 0 && y > 0 ? { x, y } : null;
}

/** Whether the image is a shadow on a detector, larger than what threw it. Slices made of such images (tomosynthesis) have a place. */
function isProjection(ds: Dataset): boolean {
  const isSlice = numbers(ds, 'ImageOrientationPatient').length === 6;
  return !isSlice && (PROJECTION.has(text(ds, 'Modality')) || PROJECTION_CLASS.test(text(ds, 'SOPClassUID')));
}

/** The spacing of a frame by its attributes alone, ultrasound regions left aside. */
export function imageSpacing(ds: Dataset): Length | Pixels {
  const given = pair(ds, 'PixelSpacing');
  const detector = pair(ds, 'ImagerPixelSpacing') ?? pair(ds, 'NominalScannedPixelSpacing');
  const differs = given !== null && detector !== null && !(given.x === detector.x && given.y === detector.y);
  // a projection's Pixel Spacing is the patient's where it was corrected: it says so, or is another one than the detector's (10.7.1.3)
  const corrected = differs || CORRECTED.has(text(ds, 'PixelSpacingCalibrationType').trim());
  if (given && (corrected || !isProjection(ds))) return { unit: 'mm', basis: 'patient', ...given };
  // nobody knows whether one that stands alone was corrected: it is not to be corrected once more
  if (given && !detector) return { unit: 'mm', basis: 'detector', ...given };
  if (!detector) return PIXELS;
  const factor = numeric(ds, 'EstimatedRadiographicMagnificationFactor');
  if (factor && factor > 0 && factor !== 1) {
    return { unit: 'mm', basis: 'estimated', x: detector.x / factor, y: detector.y / factor };
  }
  return { unit: 'mm', basis: 'detector', ...detector };
}

/** Width and height of a pixel, in whatever unit: of the region of ultrasound, of the image, or as Pixel Aspect Ratio says. */
function shapeOf(ds: Dataset, region: Region | null): Scale {
  if (region && !isMixed(region)) return { x: Math.abs(region.horizontal.delta), y: Math.abs(region.vertical.delta) };
  const own = imageSpacing(ds);
  const [high, wide] = (ds[ASPECT_RATIO]?.Value ?? []).map(Number);
  return own.basis === 'none' && high && wide && high > 0 && wide > 0 ? { x: wide, y: high } : own;
}

/** The spacing that a calibration of the reader's gives: its length in pixels is so many mm. */
export function calibrated(ds: Dataset, calibration: Pick<MarkContent, 'points' | 'values'>): Length | null {
  const [a, b] = calibration.points;
  const known = calibration.values.find((value) => value.name === 'length')?.number;
  if (!a || !b || !known || !(known > 0)) return null;
  const { x, y } = shapeOf(ds, regionAt(regionsOf(ds), calibration.points));
  const measured = Math.hypot((b[0] - a[0]) * x, (b[1] - a[1]) * y); // keeps the shape of the pixels
  return measured > 0
    ? { unit: 'mm', basis: 'calibrated', x: (x * known) / measured, y: (y * known) / measured }
    : null;
}

/* --- ultrasound regions -------------------------------------------------------------------------------------------- */

interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly opaque: boolean;
  readonly horizontal: Axis;
  readonly vertical: Axis;
}

/** Physical Units X/Y Direction (C.8.5.5.1.15). */
const UNITS: Record<number, string> = {
  1: '%',
  2: 'dB',
  3: 'cm',
  4: 's',
  5: 'Hz',
  6: 'dB/s',
  7: 'cm/s',
  8: 'cm2',
  9: 'cm2/s',
  10: 'cm3',
  11: 'cm3/s',
  12: 'deg',
};

const REGIONS = '00186011';
const at = (item: Dataset, tag: string): number | null => {
  const value = item[tag]?.Value?.[0];
  const found = value === undefined || value === null || value === '' ? Number.NaN : Number(value);
  return Number.isFinite(found) ? found : null;
};

function axis(
  item: Dataset,
  unit: string,
  delta: string,
  reference: string,
  value: string,
  start: number,
): Axis | null {
  const name = UNITS[at(item, unit) ?? 0];
  const step = at(item, delta);
  if (!name || !step) return null;
  const [place, known] = [at(item, reference), at(item, value)];
  const origin = place === null || known === null ? null : known - (start + place + 0.5) * step;
  return name === 'cm'
    ? { unit: 'mm', delta: step * 10, origin: origin === null ? null : origin * 10 }
    : { unit: name, delta: step, origin };
}

function regionsOf(ds: Dataset): Region[] {
  const found: Region[] = [];
  for (const item of (ds[REGIONS]?.Value ?? []) as Dataset[]) {
    const [left, top, right, bottom] = ['00186018', '0018601A', '0018601C', '0018601E'].map((tag) => at(item, tag));
    if (left == null || top == null || right == null || bottom == null) continue;
    const horizontal = axis(item, '00186024', '0018602C', '00186020', '00186028', left);
    const vertical = axis(item, '00186026', '0018602E', '00186022', '0018602A', top);
    if (!horizontal || !vertical) continue;
    const opaque = ((at(item, '00186016') ?? 0) & 1) === 0;
    found.push({ left, top, right: right + 1, bottom: bottom + 1, opaque, horizontal, vertical });
  }
  return found;
}

/** The region that holds all points; of several the one that covers the others, then the smallest. */
function regionAt(regions: readonly Region[], points: readonly Point[]): Region | null {
  const size = (region: Region) => (region.right - region.left) * (region.bottom - region.top);
  const holding = regions
    .filter((one) => points.every(([x, y]) => x >= one.left && x <= one.right && y >= one.top && y <= one.bottom))
    .sort((a, b) => Number(b.opaque) - Number(a.opaque) || size(a) - size(b));
  return holding[0] ?? null;
}

const isMixed = ({ horizontal, vertical }: Region) => horizontal.unit !== 'mm' || vertical.unit !== 'mm';

/** What lengths on an image rest on before anything is drawn. */
export const basisOf = (ds: Dataset): Basis => (regionsOf(ds).length ? 'region' : imageSpacing(ds).basis);

/** What a pixel measures where the points lie. */
export function spacingAt(ds: Dataset, points: readonly Point[], calibration: MarkContent | null): Spacing {
  const regions = regionsOf(ds);
  const region = regionAt(regions, points);
  // what was calibrated in one region says nothing of another, and nothing of curves and spectra
  const applies = calibration && regionAt(regions, calibration.points) === region && !(region && isMixed(region));
  const own = applies && calibrated(ds, calibration);
  if (own) return own;
  if (!regions.length) return imageSpacing(ds);
  if (!region) return PIXELS; // between the regions nothing is known
  const { horizontal, vertical } = region;
  if (!isMixed(region)) {
    return { unit: 'mm', basis: 'region', x: Math.abs(horizontal.delta), y: Math.abs(vertical.delta) };
  }
  return { unit: 'mixed', basis: 'region', horizontal, vertical };
}

/** The shape of a pixel: for drawing right angles. */
export const scaleOf = (spacing: Spacing): Scale => (spacing.unit === 'mixed' ? { x: 1, y: 1 } : spacing);
