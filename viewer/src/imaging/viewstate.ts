/** What a viewport shows, for those who draw around it. */
import type { EdgeLetters } from './orientation';
import type { Range } from './presets';
import type { FrameState } from './scheduler';
import type { Stack } from './stack';

/** What the left mouse button does with the picture. */
export type HandTool = 'window' | 'scroll' | 'zoom' | 'pan' | 'magnify';
/** What it draws on it. */
export type PenTool =
  | 'length'
  | 'bidirectional'
  | 'angle'
  | 'cobb'
  | 'ellipse'
  | 'rectangle'
  | 'probe'
  | 'arrow'
  | 'cardiothoracic'
  | 'calibration';
export type ToolName = HandTool | PenTool;

export interface ViewState {
  status: 'empty' | 'loading' | 'ready';
  stack: Stack | null;
  /** The frame that is asked for. */
  target: number;
  /** The frame whose pixels are on the screen; -1: none yet. */
  shown: number;
  /** Why the target cannot be shown. */
  error: unknown;
  frames: readonly FrameState[];
  /** Whether the picture on the screen has all its detail, or is a coarse preview of it. */
  quality: 'preview' | 'full';
  range: Range | null;
  /** The user turned black and white round. */
  inverted: boolean;
  zoom: number;
  tool: ToolName;
  playing: boolean;
  rate: number;
  /** Plays to and fro instead of round and round. */
  sweeps: boolean;
  edges: EdgeLetters | null;
}

export const EMPTY: ViewState = {
  status: 'empty',
  stack: null,
  target: 0,
  shown: -1,
  error: null,
  frames: [],
  quality: 'full',
  range: null,
  inverted: false,
  zoom: 1,
  tool: 'window',
  playing: false,
  rate: 8,
  sweeps: false,
  edges: null,
};
