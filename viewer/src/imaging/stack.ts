/** A series as the viewport shows it: an ordered list of frames. Pure: no toolkit, no network. */
import { frameAddress } from '../api/display';
import { type Dataset, numbers, numeric, ofFrame, text, values } from './dicom';
import { type Plane, planeOf } from './geometry';

export const SCHEME = 'lientuyen';

export interface Frame {
  /** The name by which the toolkit knows the frame. */
  readonly imageId: string;
  readonly sop: string;
  /** 1-based, within its instance. */
  readonly number: number;
  readonly instanceNumber: number | null;
}

export interface Stack {
  readonly study: string;
  readonly series: string;
  readonly modality: string;
  readonly description: string;
  readonly frames: readonly Frame[];
  /** The instances' attributes, by SOP Instance UID. */
  readonly datasets: ReadonlyMap<string, Dataset>;
  /** Frames per second to play at. */
  readonly rate: number;
  readonly color: boolean;
  /** Bytes of one decoded frame: the largest. */
  readonly frameBytes: number;
}

const DEFAULT_RATE = 15;
const STACK_RATE = 8;

/** PS3.3 C.7.6.5: the recommended display rate, else cine rate, else what the frame time (ms) says. */
export function playRate(ds: Dataset): number {
  const frames = numeric(ds, 'NumberOfFrames') ?? 1;
  const time = numeric(ds, 'FrameTime');
  const rate =
    numeric(ds, 'RecommendedDisplayFrameRate') ??
    numeric(ds, 'CineRate') ??
    (time && time > 0 ? 1000 / time : frames > 1 ? DEFAULT_RATE : STACK_RATE);
  return Math.min(60, Math.max(1, Math.round(rate)));
}

function decodedBytes(ds: Dataset): number {
  const samples = numeric(ds, 'SamplesPerPixel') ?? 1;
  const bits = numeric(ds, 'BitsAllocated') ?? 16;
  return (numeric(ds, 'Rows') ?? 0) * (numeric(ds, 'Columns') ?? 0) * samples * Math.ceil(bits / 8);
}

/** Builds the stack of a series from its metadata, in the order in which the node sent it. */
export function stackOf(study: string, series: string, metadata: readonly Dataset[]): Stack {
  const frames: Frame[] = [];
  const datasets = new Map<string, Dataset>();
  for (const ds of metadata) {
    const sop = text(ds, 'SOPInstanceUID');
    if (!sop) continue;
    datasets.set(sop, ds);
    const count = Math.max(1, numeric(ds, 'NumberOfFrames') ?? 1);
    for (let number = 1; number <= count; number += 1) {
      const imageId = `${SCHEME}:${frameAddress(study, series, sop, number)}`;
      frames.push({ imageId, sop, number, instanceNumber: numeric(ds, 'InstanceNumber') });
    }
  }
  const first = metadata[0] ?? {};
  return {
    study,
    series,
    modality: text(first, 'Modality'),
    description: text(first, 'SeriesDescription'),
    frames,
    datasets,
    rate: playRate(first),
    color: metadata.some((ds) => (numeric(ds, 'SamplesPerPixel') ?? 1) > 1),
    frameBytes: Math.max(0, ...metadata.map(decodedBytes)),
  };
}

/** Where a stack opens: a volume in its middle, cine loops and loose images at their first. */
export function openingIndex(stack: Stack): number {
  const volume =
    (stack.modality === 'CT' || stack.modality === 'MR' || stack.modality === 'PT') && stack.datasets.size > 4;
  return volume ? Math.floor(stack.frames.length / 2) : 0;
}

/** The attributes of a frame. */
export function datasetAt(stack: Stack, index: number): Dataset | undefined {
  const frame = stack.frames[index];
  const ds = frame && stack.datasets.get(frame.sop);
  return ds && ofFrame(ds, frame.number);
}

const planes = new WeakMap<Stack, (Plane | null | undefined)[]>();

/** Where a frame lies in the patient. */
export function planeAt(stack: Stack, index: number): Plane | null {
  let known = planes.get(stack);
  if (!known) {
    known = [];
    planes.set(stack, known);
  }
  if (known[index] === undefined) {
    const ds = datasetAt(stack, index);
    known[index] = ds ? planeOf(ds) : null;
  }
  return known[index] ?? null;
}

/** Where each frame lies. */
export const planesOf = (stack: Stack): (Plane | null)[] => stack.frames.map((_, index) => planeAt(stack, index));

/** MONOCHROME1: low values are bright (PS3.3 C.7.6.3.1.2), so the display starts inverted. */
export function startsInverted(stack: Stack, index: number): boolean {
  const ds = datasetAt(stack, index);
  return ds !== undefined && text(ds, 'PhotometricInterpretation') === 'MONOCHROME1';
}

/** Slice position in mm along the normal of the image, or null where the image has no place in the patient. */
export function slicePosition(ds: Dataset): number | null {
  const position = numbers(ds, 'ImagePositionPatient');
  const [rx, ry, rz, cx, cy, cz] = numbers(ds, 'ImageOrientationPatient');
  if (position.length === 3 && cz !== undefined) {
    const normal = [ry! * cz - rz! * cy!, rz! * cx! - rx! * cz, rx! * cy! - ry! * cx!];
    return position.reduce((sum, value, axis) => sum + value * normal[axis]!, 0);
  }
  return numeric(ds, 'SliceLocation');
}

export const isLossy = (ds: Dataset) => String(values(ds, 'LossyImageCompression')[0] ?? '') === '01';
