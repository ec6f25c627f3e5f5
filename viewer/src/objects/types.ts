/** What the node tells of objects beside the images, by the names that this side uses. */
import type { Schemas } from '../api/schema';

export type Code = Schemas['Code'];
export type Reference = Schemas['ObjectReference'];
export type ContentItem = Schemas['ContentItem'];
export type ReportDocument = Schemas['StructuredDocument'];

export type Waveform = Schemas['Waveform'];
export type WaveformGroup = Schemas['WaveformGroup'];
export type Channel = Schemas['WaveformChannel'];

export type Layer = Schemas['Layer'];
export type ImageReference = Schemas['ImageReference'];
export type Shutter = Schemas['Shutter'];
export type OverlayPlane = Schemas['OverlayPlane'];
export type Graphic = Schemas['Graphic'];
export type TextObject = Schemas['TextObject'];
export type Lut = Schemas['Lut'];
export type Presentation = Schemas['Presentation'];
export type LeftOut = Presentation['left_out'][number];

export type Segmentation = Schemas['Segmentation'];
export type SegmentFrame = Schemas['SegmentFrame'];
export type Structures = Schemas['StructureSet'];
export type Attribute = Schemas['Attribute'];
