/**
 * The greys of an image as a presentation state says (PS3.4 N.2.1): its modality transformation, its window, its presentation LUT, composed
 * to one curve over the values that the image is held in, which its own modality transformation made. Pure.
 */
import { type Dataset, numeric } from '../imaging/dicom';
import { type Curve, levelOf, tableOf, type Voi, windowCurve } from '../imaging/luts';
import type { Range } from '../imaging/presets';
import { concerns } from './shapes';
import type { Lut, Presentation } from './types';

/** What is not, or not simply, as the state says. */
export type GreyNote =
  | 'no-window' // the state has none for the image: all values from black to white
  | 'no-modality' // the state leaves the image's rescale out, so stored values count
  | 'own-table'; // the image's own table of values cannot be undone

export interface Greys {
  /** Null: the image is in colour, nothing is windowed. */
  readonly voi: Voi | null;
  readonly notes: readonly GreyNote[];
}

const THROUGH_TABLE = '00283004';

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** A modality transformation of stored values: its function and what can come out of it. */
interface Modality {
  readonly of: (stored: number) => number;
  readonly range: Range;
  readonly line: Line | null;
}

const ownLine = (ds: Dataset): Line => ({
  slope: numeric(ds, 'RescaleSlope') || 1,
  intercept: numeric(ds, 'RescaleIntercept') ?? 0,
});

function storedRange(ds: Dataset): Range {
  const bits = numeric(ds, 'BitsStored') ?? 16;
  return numeric(ds, 'PixelRepresentation') === 1
    ? { lower: -(2 ** (bits - 1)), upper: 2 ** (bits - 1) - 1 }
    : { lower: 0, upper: 2 ** bits - 1 };
}

function straight(line: Line, { lower, upper }: Range): Modality {
  const of = (stored: number) => line.slope * stored + line.intercept;
  const ends = [of(lower), of(upper)] as const;
  return { of, range: { lower: Math.min(...ends), upper: Math.max(...ends) }, line };
}

function tabled({ descriptor, entries }: Lut, signed: boolean): Modality {
  const [, first = 0, bits = 16] = descriptor;
  const begin = signed && first > 32_767 ? first - 65_536 : first;
  const last = entries.length - 1;
  const of = (stored: number) => entries[Math.min(last, Math.max(0, Math.round(stored) - begin))]!;
  return { of, range: { lower: 0, upper: 2 ** bits - 1 }, line: null };
}

function modalityOf(state: Presentation, ds: Dataset): Modality {
  const stored = storedRange(ds);
  const { modality } = state;
  if (modality && 'entries' in modality) return tabled(modality, stored.lower < 0);
  return straight(modality ?? { slope: 1, intercept: 0 }, stored);
}

function windowFor(state: Presentation, sop: string, frame: number, signed: boolean): Voi | null {
  const found = state.windows.find((one) => concerns(one.images, sop, frame));
  if (!found) return null;
  if (found.descriptor && found.entries) {
    return tableOf({ '00283002': { Value: found.descriptor }, '00283006': { Value: found.entries } }, signed);
  }
  return found.center !== undefined && found.width !== undefined
    ? windowCurve(found.center, found.width, found.function ?? 'LINEAR')
    : null;
}

/** From levels (0 to 255) to those that the presentation LUT makes of them (PS3.3 C.11.6.1). */
function presented(lut: Lut | null): (level: number) => number {
  if (!lut) return (level) => level;
  const { descriptor, entries } = lut;
  const top = 2 ** (descriptor[2] ?? 16) - 1;
  const last = entries.length - 1;
  return (level) => Math.min(255, (entries[Math.round((level / 255) * last)]! * 255) / top);
}

/** How fine a curve is kept that no table of the object gives. */
const STEPS = 1 << 16;

/** A straight modality, its window as it is: only the range is told in other values. */
function moved(voi: Voi, from: Line, to: Line): Range {
  const back = (value: number) => ((value - from.intercept) / from.slope) * to.slope + to.intercept;
  return { lower: back(voi.range.lower), upper: back(voi.range.upper) };
}

/** Levels of every stored value, over the values that the image holds for them. */
function overAll(ds: Dataset, own: Line, level: (stored: number) => number): { range: Range; curve: Curve } {
  const { lower, upper } = storedRange(ds);
  const levels = new Float32Array(upper - lower + 1);
  for (let i = 0; i < levels.length; i += 1) levels[own.slope > 0 ? i : levels.length - 1 - i] = level(lower + i);
  const held = [own.slope * lower + own.intercept, own.slope * upper + own.intercept] as const;
  return { range: { lower: Math.min(...held), upper: Math.max(...held) }, curve: { kind: 'table', levels } };
}

/** Levels within a window: beyond it they stay what they are at its ends. */
function within(voi: Voi, through: (level: number) => number): Curve {
  const level = levelOf(voi.range, voi.curve);
  const { lower, upper } = voi.range;
  const levels = new Float32Array(STEPS);
  for (let i = 0; i < STEPS; i += 1) levels[i] = through(level(lower + ((upper - lower) * i) / (STEPS - 1)));
  return { kind: 'table', levels };
}

/** The greys of a frame. `ds`: its attributes as the viewer has them. */
export function greysOf(state: Presentation, ds: Dataset, sop: string, frame: number): Greys {
  if ((numeric(ds, 'SamplesPerPixel') ?? 1) > 1) return { voi: null, notes: [] };
  const notes: GreyNote[] = [];
  const own = ownLine(ds);
  const isOwnTable = ds[THROUGH_TABLE] !== undefined;
  const isOwnIdentity = own.slope === 1 && own.intercept === 0;
  if (isOwnTable) notes.push('own-table');
  else if (!state.modality && !isOwnIdentity) notes.push('no-modality');
  const modality = isOwnTable ? straight(own, storedRange(ds)) : modalityOf(state, ds);
  const found = windowFor(state, sop, frame, modality.range.lower < 0);
  if (!found && (numeric(ds, 'BitsStored') ?? 16) > 8) notes.push('no-window');
  const voi: Voi = found ?? { name: '', range: modality.range, curve: { kind: 'linear' } };
  const through = presented(state.presentation_lut);
  const name = voi.name;
  if (!modality.line || modality.line.slope * own.slope < 0) {
    const level = levelOf(voi.range, voi.curve);
    return { voi: { name, ...overAll(ds, own, (stored) => through(level(modality.of(stored)))) }, notes };
  }
  const range = moved(voi, modality.line, own);
  if (!state.presentation_lut) return { voi: { name, range, curve: voi.curve }, notes };
  if (voi.curve.kind === 'sigmoid') {
    const level = levelOf(range, voi.curve); // it has no ends
    const all = overAll(ds, own, (stored) => through(level(own.slope * stored + own.intercept)));
    return { voi: { name, ...all }, notes };
  }
  return { voi: { name, range, curve: within({ ...voi, range }, through) }, notes };
}
