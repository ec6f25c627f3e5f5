/** What the node tells of objects beside the images (`node/web/objects.py`). */

export interface Code {
  value: string;
  scheme: string;
  meaning: string;
  /** Its Vietnamese word, where the node knows one. */
  vi?: string;
}

export interface Reference {
  sop: string;
  class: string;
  series: string;
  frames: number[];
}

/** An item of a structured report's content tree. */
export interface ContentItem {
  name: Code | null;
  type: string;
  relation?: string;
  value?: string;
  number?: number;
  unit?: string;
  code?: Code;
  reference?: Reference;
  points?: number[];
  children?: ContentItem[];
}

export interface ReportDocument {
  kind: 'report' | 'key-objects';
  completion: string;
  verification: string;
  preliminary: string;
  verifiers: { name: string; at: string }[];
  date: string;
  time: string;
  institution: string;
  manufacturer: string;
  template: string;
  root: ContentItem;
  /** What it was made from. */
  evidence: { sop: string; series: string }[];
}

export interface Channel {
  name: string;
  unit: string;
  scale: number;
  offset: number;
  low: number | null;
  high: number | null;
  notch: number | null;
  /** 16-bit little endian integers in base64. */
  data: string;
}

export interface WaveformGroup {
  label: string;
  originality: string;
  /** Samples per second. */
  frequency: number;
  samples: number;
  seconds: number;
  channels: Channel[];
}

export interface Waveform {
  groups: WaveformGroup[];
  annotations: { name: string; text: string; value: string; unit: string; samples: number[] }[];
  acquired: string;
}

export interface Layer {
  kind: 'presentation' | 'segmentation' | 'structures';
  series: string;
  sop: string;
  label: string;
  description: string;
  creator: string;
  date: string;
}

export interface ImageReference {
  sop: string;
  /** 1-based; none: all. */
  frames: number[];
}

export interface Shutter {
  shapes: string[];
  /** Left, right, upper, lower: pixels from 1. */
  rectangle: number[] | null;
  /** Row, column, radius. */
  circle: number[] | null;
  /** Row, column of each corner. */
  polygon: number[][] | null;
  /** The group of the overlay plane that covers. */
  bitmap: number | null;
  grey: number;
}

export interface OverlayPlane {
  group: number;
  label: string;
  description: string;
  type: string;
  rows: number;
  columns: number;
  /** The pixel of the image, from 1, under the plane's first one. */
  top: number;
  left: number;
  first_frame: number;
  /** PNG in base64. */
  frames: string[];
}

export interface Graphic {
  type: string;
  units: string;
  points: number[][];
  filled: boolean;
}

export interface TextObject {
  text: string;
  units: string;
  top_left: number[] | null;
  bottom_right: number[] | null;
  align: string;
  anchor: number[] | null;
  anchor_units: string;
  anchor_visible: boolean;
}

export interface Presentation {
  label: string;
  description: string;
  creator: string;
  date: string;
  time: string;
  images: (ImageReference & { series: string })[];
  layers: { name: string; order: number; description: string; colour: number[] | null }[];
  annotations: { layer: string; images: ImageReference[]; graphics: Graphic[]; texts: TextObject[] }[];
  shutter: Shutter | null;
  overlays: OverlayPlane[];
  areas: {
    images: ImageReference[];
    top_left: number[];
    bottom_right: number[];
    mode: string;
    magnification: number | null;
  }[];
  rotation: number;
  flipped: boolean;
  windows: {
    images: ImageReference[];
    name: string;
    center?: number;
    width?: number;
    function?: string;
    descriptor?: number[];
    entries?: number[];
  }[];
  inverse: boolean;
  /** Of stored values; null: they stay what they are. */
  modality: { slope: number; intercept: number } | Lut | null;
  presentation_lut: Lut | null;
  /** What it says and cannot be shown here. */
  left_out: LeftOut[];
}

export type LeftOut = 'pseudo-colour' | 'blending' | 'subtraction' | 'volume' | 'compound-graphics' | 'table';

/** PS3.3 C.11.1.1.1. */
export interface Lut {
  /** Entries, first value mapped, bits of an entry. */
  descriptor: number[];
  entries: number[];
}

export interface Segmentation {
  type: string;
  label: string;
  frame_of_reference: string;
  rows: number;
  columns: number;
  segments: { number: number; label: string; colour: number[]; category: string; kind: string; algorithm: string }[];
  frames: SegmentFrame[];
}

export interface SegmentFrame {
  number: number;
  segment: number;
  position: number[];
  orientation: number[];
  spacing: number[];
  thickness: number | null;
  source: string[];
  source_frames: number[];
}

export interface Structures {
  label: string;
  structures: {
    number: number;
    label: string;
    colour: number[];
    contours: { points: number[][]; closed: boolean; source: string[] }[];
  }[];
}

export interface Attribute {
  depth: number;
  tag: string;
  name: string;
  vr: string;
  value: string;
  bytes: number | null;
}
