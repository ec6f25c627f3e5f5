/**
 * From values to grey levels (PS3.3 C.11.2), pure: which ways of seeing an image its attributes offer, and the level of each value.
 *
 * Values are those after the modality transformation, levels 0 to 255. A window is kept as the range of values from black to white; what
 * lies between is a straight line, the sigmoid of C.11.2.1.3.1, or the entries of a VOI LUT spread over the range.
 */
import { type Dataset, type Element, numbers, numeric, ofFrame, text } from './dicom';
import { type Range, rangeOf } from './presets';

export type Curve =
  | { readonly kind: 'linear' }
  | { readonly kind: 'sigmoid' }
  /** `levels`: the entries as levels 0 to 255. */
  | { readonly kind: 'table'; readonly levels: Float32Array };

export const LINEAR: Curve = { kind: 'linear' };
const SIGMOID: Curve = { kind: 'sigmoid' };

/** One way to see an image that its attributes offer. */
export interface Voi {
  /** Its explanation in the object, or ''. */
  readonly name: string;
  readonly range: Range;
  readonly curve: Curve;
}

const VOI_LUT_SEQUENCE = '00283010';
const LUT_DESCRIPTOR = '00283002';
const LUT_EXPLANATION = '00283003';
const LUT_DATA = '00283006';
const EXPLANATIONS = '00281055';

/** Words, or octets where there are too few bytes for words. */
function entriesOf(element: Element | undefined, count: number): ArrayLike<number> {
  if (!element?.InlineBinary) return (element?.Value ?? []).map(Number);
  const bytes = Uint8Array.from(atob(element.InlineBinary), (letter) => letter.charCodeAt(0));
  return bytes.length < 2 * count ? bytes : new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
}

/** PS3.3 C.11.2.1.1: number of entries, first value mapped, bits of an entry. Null when the table is not whole. */
export function tableOf(item: Dataset, signed: boolean): Voi | null {
  const [count, first, bits] = (item[LUT_DESCRIPTOR]?.Value ?? []).map(Number);
  const data = entriesOf(item[LUT_DATA], count || 65_536);
  if (count === undefined || first === undefined || !bits || bits > 16 || data.length < 2) return null;
  const used = Math.min(data.length, count || 65_536);
  const begin = signed && first > 32_767 ? first - 65_536 : first;
  const levels = new Float32Array(used);
  const top = 2 ** bits - 1;
  for (let i = 0; i < used; i += 1) levels[i] = Math.min(255, (data[i]! * 255) / top);
  return {
    name: String(item[LUT_EXPLANATION]?.Value?.[0] ?? ''),
    range: { lower: begin, upper: begin + used - 1 },
    curve: { kind: 'table', levels },
  };
}

/** A window by its centre and width (PS3.3 C.11.2.1.2, C.11.2.1.3); null: it is none. */
export function windowCurve(center: number, width: number, shape: string, name = ''): Voi | null {
  const exact = shape === 'LINEAR_EXACT' || shape === 'SIGMOID';
  if (!(width > 0) || (width < 1 && !exact)) return null;
  return {
    name,
    range: exact ? { lower: center - width / 2, upper: center + width / 2 } : rangeOf(width, center),
    curve: shape === 'SIGMOID' ? SIGMOID : LINEAR,
  };
}

function windowsOf(ds: Dataset): Voi[] {
  const widths = numbers(ds, 'WindowWidth');
  const names = (ds[EXPLANATIONS]?.Value ?? []).map((name) => String(name ?? ''));
  const shape = text(ds, 'VOILUTFunction').toUpperCase();
  return numbers(ds, 'WindowCenter')
    .map((center, i) => (widths[i] === undefined ? null : windowCurve(center, widths[i], shape, names[i])))
    .filter((voi) => voi !== null);
}

/** The ways to see a frame (1-based), the one to begin with first: VOI LUTs, then windows in the order of the object. */
export function voisOf(ds: Dataset, frame: number): Voi[] {
  if ((numeric(ds, 'SamplesPerPixel') ?? 1) > 1) return [];
  const own = ofFrame(ds, frame);
  const signed = numeric(own, 'PixelRepresentation') === 1 || (numeric(own, 'RescaleIntercept') ?? 0) < 0;
  const items = (own[VOI_LUT_SEQUENCE]?.Value ?? []) as Dataset[];
  const tables = items.map((item) => tableOf(item, signed)).filter((table) => table !== null);
  return [...tables, ...windowsOf(own)];
}

/**
 * The values that are padding, not image (PS3.3 C.7.5.1.1.2), after the modality transformation; null: there are none. They are not
 * windowed and are drawn black, whatever black is in the image.
 */
export function paddingOf(ds: Dataset, frame: number): Range | null {
  const own = ofFrame(ds, frame);
  const value = numeric(own, 'PixelPaddingValue');
  if (value === null || (numeric(own, 'SamplesPerPixel') ?? 1) > 1) return null;
  const limit = numeric(own, 'PixelPaddingRangeLimit') ?? value;
  const signed = numeric(own, 'PixelRepresentation') === 1;
  const half = 2 ** ((numeric(own, 'BitsAllocated') ?? 16) - 1);
  const slope = numeric(own, 'RescaleSlope') ?? 1;
  const intercept = numeric(own, 'RescaleIntercept') ?? 0;
  const ends = [value, limit].map((end) => (signed && end >= half ? end - 2 * half : end) * slope + intercept);
  const slack = Math.abs(slope) * 0.01; // the values may be floating ones of 32 bits
  return { lower: Math.min(...ends) - slack, upper: Math.max(...ends) + slack };
}

/** All values that a frame of few bits can have, for frames that say nothing of a window; null: look at its pixels. */
export function nominalRange(ds: Dataset, frame: number): Range | null {
  const own = ofFrame(ds, frame);
  const bits = numeric(own, 'BitsStored') ?? 16;
  const rescaled = (numeric(own, 'RescaleSlope') ?? 1) !== 1 || (numeric(own, 'RescaleIntercept') ?? 0) !== 0;
  if (bits > 8 || rescaled || numeric(own, 'PixelRepresentation') === 1) return null;
  return { lower: 0, upper: 2 ** bits - 1 };
}

/** From the least to the greatest value that is not padding. */
export function measuredRange(values: ArrayLike<number>, padding: Range | null): Range {
  let [lower, upper] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (padding && value >= padding.lower && value <= padding.upper) continue;
    if (value < lower) lower = value;
    if (value > upper) upper = value;
  }
  return lower <= upper ? { lower, upper } : { lower: 0, upper: 1 };
}

/** The function from values to levels 0 to 255, not rounded. */
export function levelOf({ lower, upper }: Range, curve: Curve): (value: number) => number {
  const width = upper - lower;
  switch (curve.kind) {
    case 'sigmoid': {
      const center = (lower + upper) / 2;
      const steepness = -4 / Math.max(width, 1e-9);
      return (value) => 255 / (1 + Math.exp(steepness * (value - center)));
    }
    case 'table': {
      const { levels } = curve;
      const last = levels.length - 1;
      const step = last / Math.max(width, 1e-9);
      return (value) => levels[Math.min(last, Math.max(0, Math.floor((value - lower) * step + 1e-6)))]!;
    }
    default: {
      if (width <= 0) return (value) => (value > lower ? 255 : 0);
      const step = 255 / width;
      return (value) => Math.min(255, Math.max(0, (value - lower) * step));
    }
  }
}

export interface Shown {
  readonly range: Range;
  readonly curve: Curve;
  readonly inverted: boolean;
  readonly padding: Range | null;
}

const TABLE_SPAN = 1 << 17;
const FINE = 1 << 16;

type Values = ArrayLike<number> & { readonly length: number };

const isWhole = (values: Values) => !(values instanceof Float32Array || values instanceof Float64Array);

/** One opaque grey for each value, written to `pixels` (as canvases keep them, 4 bytes each). */
export function drawGrey(values: Values, pixels: Uint32Array, shown: Shown): void {
  const { min, max } = extent(values);
  const whole = isWhole(values) && max - min < TABLE_SPAN;
  const steps = whole ? max - min + 1 : FINE;
  const scale = whole ? 1 : (FINE - 1) / Math.max(max - min, Number.MIN_VALUE);
  const table = greys(min, steps, scale, shown);
  const count = Math.min(values.length, pixels.length);
  if (whole) for (let i = 0; i < count; i += 1) pixels[i] = table[values[i]! - min]!;
  else for (let i = 0; i < count; i += 1) pixels[i] = table[Math.round((values[i]! - min) * scale)]!;
  if (!whole && shown.padding) blacken(values, pixels, shown.padding);
}

function blacken(values: Values, pixels: Uint32Array, { lower, upper }: Range): void {
  for (let i = 0; i < values.length; i += 1) if (values[i]! >= lower && values[i]! <= upper) pixels[i] = BLACK;
}

function extent(values: Values): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? { min, max } : { min: 0, max: 0 };
}

const BLACK = 0xff000000;

function greys(min: number, steps: number, scale: number, { range, curve, inverted, padding }: Shown): Uint32Array {
  const level = levelOf(range, curve);
  const table = new Uint32Array(steps);
  for (let i = 0; i < steps; i += 1) {
    const value = min + i / scale;
    const at = Math.round(level(value));
    const grey = inverted ? 255 - at : at;
    const empty = padding !== null && scale === 1 && value >= padding.lower && value <= padding.upper;
    table[i] = empty ? BLACK : (BLACK | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  return table;
}

/** Red, green and blue of 8 bits through a range (0 to 255: as they are). */
export function drawColor(values: Values, pixels: Uint32Array, range: Range, inverted: boolean): void {
  const level = levelOf(range, LINEAR);
  const table = new Uint8Array(256);
  for (let i = 0; i < 256; i += 1) table[i] = inverted ? 255 - Math.round(level(i)) : Math.round(level(i));
  for (let i = 0, at = 0; i < pixels.length; i += 1, at += 3) {
    pixels[i] = (BLACK | (table[values[at + 2]!]! << 16) | (table[values[at + 1]!]! << 8) | table[values[at]!]!) >>> 0;
  }
}
