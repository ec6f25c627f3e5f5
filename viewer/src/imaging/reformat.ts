/**
 * Planes through a volume that is made of the images of a series: which series qualify, how the planes lie, what their samples are. Pure.
 *
 * The toolkit's CPU renderer draws planes through volumes, but knows no slabs (5.14.0 drops the thickness), so the samples are taken here;
 * what comes out is an ordinary image with a place in the patient, on which everything works that works on images.
 */
import { CACHE_BYTES } from './budget';
import { type Dataset, numbers, numeric, text } from './dicom';
import { cross, dot, minus, type Plane, plus, unit, type Vector } from './geometry';
import { datasetAt, planesOf, type Stack } from './stack';

export type PlaneName = 'axial' | 'coronal' | 'sagittal';
/** How the samples of a slab become one: the brightest, the darkest, or their mean. */
export type Blend = 'mip' | 'minip' | 'mean';
export type NoVolume = 'none' | 'color' | 'few' | 'place' | 'orientation' | 'spacing' | 'size' | 'large';

const FEWEST_SLICES = 8;
/** A gap may differ from the others by this part of them. */
const GAP_TOLERANCE = 0.05;
/** Decoded bytes of the largest volume: the images stay in the cache beside what is made of them. */
export const MOST_BYTES = Math.floor(CACHE_BYTES * 0.7);

/** Why planes cannot be laid through a series; null: they can. */
export function whyNoVolume(stack: Stack): NoVolume | null {
  if (stack.color) return 'color';
  if (stack.frames.length < FEWEST_SLICES) return 'few';
  const planes = planesOf(stack);
  if (planes.some((plane) => plane === null)) return 'place';
  const first = planes[0]!;
  const all = planes as Plane[];
  if (all.some((plane) => plane.frame !== first.frame)) return 'place';
  if (all.some((plane) => dot(plane.row, first.row) < 0.9995 || dot(plane.column, first.column) < 0.9995))
    return 'orientation';
  if (all.some((plane) => Math.abs(plane.width - first.width) > 0.01 || Math.abs(plane.height - first.height) > 0.01))
    return 'size';
  if (!even(all)) return 'spacing';
  return stack.frameBytes * stack.frames.length > MOST_BYTES ? 'large' : null;
}

/** Slices one after the other at the same distance, none twice, none beside the line. */
function even(planes: readonly Plane[]): boolean {
  const [first, second] = [planes[0]!, planes[1]!];
  const along = planes.map((plane) => dot(first.normal, minus(plane.origin, first.origin)));
  const gap = along[1]!;
  if (Math.abs(gap) < 1e-3) return false;
  const step = minus(second.origin, first.origin);
  // a sheared stack (tilted gantry) is no box
  if (Math.hypot(...minus(step, plus([0, 0, 0], first.normal, gap))) > Math.abs(gap) * GAP_TOLERANCE) return false;
  return along.every(
    (place, index) => index === 0 || Math.abs(place - along[index - 1]! - gap) <= Math.abs(gap) * GAP_TOLERANCE,
  );
}

/** A box of samples: `at(i, j, k)` lies at `origin + row·i·along + column·j·down + normal·k·gap`. */
export interface Box {
  readonly size: readonly [number, number, number];
  readonly origin: Vector;
  /** Unit vectors of the three axes. */
  readonly axes: readonly [Vector, Vector, Vector];
  /** Distances of neighbouring samples along them, mm; all positive. */
  readonly spacing: readonly [number, number, number];
}

/** The box of a stack that qualifies. */
export function boxOf(stack: Stack): Box {
  const planes = planesOf(stack) as Plane[];
  const [first, last] = [planes[0]!, planes.at(-1)!];
  const ds = datasetAt(stack, 0)!;
  const [down = 1, along = 1] = numbers(ds, 'PixelSpacing');
  const depth = dot(first.normal, minus(last.origin, first.origin));
  const normal = depth < 0 ? plus([0, 0, 0], first.normal, -1) : first.normal;
  return {
    size: [numeric(ds, 'Columns') ?? 0, numeric(ds, 'Rows') ?? 0, planes.length],
    origin: first.origin,
    axes: [first.row, first.column, normal],
    spacing: [along, down, Math.abs(depth) / (planes.length - 1)],
  };
}

export function centreOfBox({ origin, axes, spacing, size }: Box): Vector {
  return axes.reduce((point, axis, at) => plus(point, axis, ((size[at]! - 1) / 2) * spacing[at]!), origin);
}

/** A direction of looking: right and down on the screen, and into it. */
export interface Look {
  readonly right: Vector;
  readonly down: Vector;
  readonly into: Vector;
}

/** The three planes as radiologists look at them (PS3.3 C.7.6.1.1.1: patient's right on the left, head or front up). */
export const LOOKS: Readonly<Record<PlaneName, Look>> = {
  axial: { right: [1, 0, 0], down: [0, 1, 0], into: [0, 0, 1] },
  coronal: { right: [1, 0, 0], down: [0, 0, -1], into: [0, 1, 0] },
  sagittal: { right: [0, 1, 0], down: [0, 0, -1], into: [-1, 0, 0] },
};

/** Turns a look by `angle` (radians) about `axis`. Rodrigues' formula. */
export function turned(look: Look, axis: Vector, angle: number): Look {
  const about = unit(axis);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const turn = (v: Vector): Vector =>
    unit(plus(plus(plus([0, 0, 0], v, c), cross(about, v), s), about, dot(about, v) * (1 - c)));
  return { right: turn(look.right), down: turn(look.down), into: turn(look.into) };
}

/** A pile of parallel planes through a box, square pixels, equal steps. */
export interface Pile {
  readonly look: Look;
  /** The centre of the first pixel of the first plane. */
  readonly origin: Vector;
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
  /** mm between pixels, and between planes. */
  readonly pixel: number;
  readonly step: number;
}

const MOST_PIXELS = 768;

/** The planes of a look through a box: as fine as its samples, no wider than it is. */
export function pileOf(box: Box, look: Look): Pile {
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) =>
    box.axes.reduce(
      (point, axis, at) => plus(point, axis, (corner >> at) & 1 ? (box.size[at]! - 1) * box.spacing[at]! : 0),
      box.origin,
    ),
  );
  const reach = (direction: Vector) => {
    const places = corners.map((corner) => dot(direction, corner));
    return [Math.min(...places), Math.max(...places)] as const;
  };
  const [left, right] = reach(look.right);
  const [top, bottom] = reach(look.down);
  const [near, far] = reach(look.into);
  const pixel = Math.max(Math.min(...box.spacing), Math.max(right - left, bottom - top) / MOST_PIXELS);
  const step = stepAlong(box, look.into);
  const count = Math.max(1, Math.floor((far - near) / step + 0.5) + 1);
  return {
    look,
    origin: plus(plus(plus([0, 0, 0], look.right, left), look.down, top), look.into, near),
    columns: Math.max(1, Math.round((right - left) / pixel) + 1),
    rows: Math.max(1, Math.round((bottom - top) / pixel) + 1),
    count,
    pixel,
    step,
  };
}

/** The distance of samples in a direction: that of the axis which lies nearest to it. */
function stepAlong(box: Box, direction: Vector): number {
  const parts = box.axes.map((axis) => Math.abs(dot(axis, direction)));
  return box.spacing[parts.indexOf(Math.max(...parts))]!;
}

export const originOf = (pile: Pile, index: number): Vector => plus(pile.origin, pile.look.into, index * pile.step);

/** The plane of a pile on which a point lies. */
export function indexAt(pile: Pile, point: Vector): number {
  const index = Math.round(dot(pile.look.into, minus(point, pile.origin)) / pile.step);
  return Math.min(pile.count - 1, Math.max(0, index));
}

export interface Slab {
  /** mm; 0: a plane without thickness. */
  readonly thickness: number;
  readonly blend: Blend;
}

/** The samples of one image, as they are stored, and what makes values of them. */
export interface Slice {
  readonly samples: ArrayLike<number>;
  readonly slope: number;
  readonly intercept: number;
}

/** Slices by their place in the box; one that is not here yet is null. */
export type Slices = readonly (Slice | null)[];

/** Whether all values of a slice are whole numbers of 16 bits with sign. */
function fitsInt16(slice: Slice | null): boolean {
  if (slice === null) return true;
  const { samples, slope, intercept } = slice;
  if (!Number.isInteger(slope) || !Number.isInteger(intercept)) return false;
  // CT stored without sign lies far below what 16 bits hold
  const narrow = samples instanceof Int16Array || samples instanceof Uint8Array || samples instanceof Int8Array;
  return slope === 1 && (narrow || (samples instanceof Uint16Array && intercept <= -1000));
}

/** The samples of one plane of a pile, row by row, as they are in the box (trilinear); `empty` outside of it. */
export function sample(
  box: Box,
  slices: Slices,
  pile: Pile,
  index: number,
  slab: Slab,
  empty: number,
): Int16Array | Float32Array {
  const whole = slices.every(fitsInt16);
  const out = whole ? new Int16Array(pile.columns * pile.rows) : new Float32Array(pile.columns * pile.rows);
  const layers = layersOf(slab, pile);
  const toIndex = (vector: Vector): Vector => [
    dot(box.axes[0], vector) / box.spacing[0],
    dot(box.axes[1], vector) / box.spacing[1],
    dot(box.axes[2], vector) / box.spacing[2],
  ];
  const corner = toIndex(minus(originOf(pile, index), box.origin));
  const along = toIndex(plus([0, 0, 0], pile.look.right, pile.pixel));
  const downward = toIndex(plus([0, 0, 0], pile.look.down, pile.pixel));
  const into = toIndex(pile.look.into);
  for (let y = 0, at = 0; y < pile.rows; y += 1) {
    for (let x = 0; x < pile.columns; x += 1, at += 1) {
      const i = corner[0] + along[0] * x + downward[0] * y;
      const j = corner[1] + along[1] * x + downward[1] * y;
      const k = corner[2] + along[2] * x + downward[2] * y;
      const value = blended(box, slices, i, j, k, into, layers, slab.blend, empty);
      out[at] = whole ? Math.min(32767, Math.round(value)) : value;
    }
  }
  return out;
}

/** Where the samples of a slab lie before and behind its plane, mm. */
function layersOf({ thickness }: Slab, { step }: Pile): number[] {
  if (thickness <= step) return [0];
  const count = Math.min(64, Math.max(2, Math.round(thickness / step) + 1));
  return Array.from({ length: count }, (_, layer) => (layer / (count - 1) - 0.5) * thickness);
}

function blended(
  box: Box,
  slices: Slices,
  i: number,
  j: number,
  k: number,
  into: Vector,
  layers: readonly number[],
  blend: Blend,
  empty: number,
): number {
  let [sum, count, best] = [0, 0, 0];
  for (const layer of layers) {
    const value = valueAt(box, slices, i + into[0] * layer, j + into[1] * layer, k + into[2] * layer);
    if (Number.isNaN(value)) continue; // outside
    if (blend === 'mean') sum += value;
    else if (count === 0 || (blend === 'mip' ? value > best : value < best)) best = value;
    count += 1;
  }
  if (count === 0) return empty;
  return blend === 'mean' ? sum / count : best;
}

const EDGE = 0.5;

/** The value between the eight samples around a place in the box; NaN outside, or where a slice is missing. */
function valueAt({ size }: Box, slices: Slices, i: number, j: number, k: number): number {
  const [columns, rows, count] = size;
  if (i < -EDGE || j < -EDGE || k < -EDGE || i > columns - EDGE || j > rows - EDGE || k > count - EDGE)
    return Number.NaN;
  const x = i < 0 ? 0 : i > columns - 1 ? columns - 1 : i;
  const y = j < 0 ? 0 : j > rows - 1 ? rows - 1 : j;
  const z = k < 0 ? 0 : k > count - 1 ? count - 1 : k;
  const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  const [fx, fy, fz] = [x - x0, y - y0, z - z0];
  const below = slices[z0];
  if (!below) return Number.NaN;
  const near = flat(below.samples, columns, rows, x0, y0, fx, fy) * below.slope + below.intercept;
  if (fz < 1e-3) return near;
  const above = slices[z0 + 1];
  if (!above) return near;
  return near + (flat(above.samples, columns, rows, x0, y0, fx, fy) * above.slope + above.intercept - near) * fz;
}

function flat(
  slice: ArrayLike<number>,
  columns: number,
  rows: number,
  x: number,
  y: number,
  fx: number,
  fy: number,
): number {
  const at = y * columns + x;
  const right = x + 1 < columns ? at + 1 : at;
  const down = y + 1 < rows ? columns : 0;
  const [a, b] = [slice[at]!, slice[right]!];
  const top = a + (b - a) * fx;
  if (fy < 1e-3) return top;
  const [c, d] = [slice[at + down]!, slice[right + down]!];
  return top + (c + (d - c) * fx - top) * fy;
}

/** The attributes of a plane of a pile, as an image's. */
export function datasetOf(
  pile: Pile,
  index: number,
  source: Dataset,
  slab: Slab,
  about: { uid: string; series: string; description: string },
): Dataset {
  const of = (Value: unknown[], vr = 'DS') => ({ vr, Value });
  const copied: Dataset = {};
  for (const tag of COPIED) if (source[tag]) copied[tag] = source[tag];
  return {
    ...copied,
    '00080008': of(['DERIVED', 'SECONDARY', 'REFORMATTED'], 'CS'),
    '00080018': of([about.uid], 'UI'),
    '0020000E': of([about.series], 'UI'),
    '0008103E': of([about.description], 'LO'),
    '00200013': of([index + 1], 'IS'),
    '00200032': of([...originOf(pile, index)]),
    '00200037': of([...pile.look.right, ...pile.look.down]),
    '00200052': of([text(source, 'FrameOfReferenceUID')], 'UI'),
    '00280002': of([1], 'US'),
    '00280004': of(['MONOCHROME2'], 'CS'),
    '00280010': of([pile.rows], 'US'),
    '00280011': of([pile.columns], 'US'),
    '00280030': of([pile.pixel, pile.pixel]),
    '00280100': of([16], 'US'),
    '00280101': of([16], 'US'),
    '00280102': of([15], 'US'),
    '00280103': of([1], 'US'),
    '00281052': of([0]),
    '00281053': of([1]),
    '00180050': of([Math.max(slab.thickness, pile.step)]),
  };
}

/** Study, modality, windows, units: what a plane has from the images it is made of. */
const COPIED: readonly string[] = [
  '00080016',
  '00080060',
  '0020000D',
  '00281050',
  '00281051',
  '00281054',
  '00281055',
  '00541001',
  '00282110',
  '00185100',
];
