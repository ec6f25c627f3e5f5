/** Layout of an electrocardiogram on millimetre paper. Pure: millimetres and seconds, no screen. */
import type { Channel, WaveformGroup } from './types';

export interface Trace {
  readonly channel: number;
  readonly name: string;
  /** Where its zero line is, mm from the top. */
  readonly middle: number;
  /** Where it begins, mm from the left. */
  readonly left: number;
  readonly from: number;
  readonly to: number;
}

export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly traces: readonly Trace[];
}

/** The twelve leads in the order of the usual sheet: four columns of three. */
const COLUMNS = [
  ['I', 'II', 'III'],
  ['aVR', 'aVL', 'aVF'],
  ['V1', 'V2', 'V3'],
  ['V4', 'V5', 'V6'],
] as const;
const ROW_MM = 26;
const MARGIN_MM = 6;

/** `Lead I (Einthoven)` is I, `Lead aVR` is aVR. */
export function leadOf(name: string): string {
  const bare = name
    .replace(/\(.*?\)/g, '')
    .replace(/^\s*lead\s+/i, '')
    .trim();
  const known = COLUMNS.flat().find((lead) => lead.toLowerCase() === bare.toLowerCase());
  return known ?? bare;
}

export const isTwelveLead = (group: WaveformGroup) => {
  const leads = group.channels.map((channel) => leadOf(channel.name));
  return COLUMNS.flat().every((lead) => leads.includes(lead));
};

/** Three rows of four leads, a quarter of the time each, and lead II along the bottom; or every channel in a row of its own. */
export function sheetOf(group: WaveformGroup, speed: number, layout: 'grid' | 'rows'): Sheet {
  if (layout === 'grid' && isTwelveLead(group)) return gridSheet(group, speed);
  const shown = Math.min(group.seconds, 30);
  return {
    width: shown * speed + 2 * MARGIN_MM,
    height: group.channels.length * ROW_MM + 2 * MARGIN_MM,
    traces: group.channels.map((channel, index) => ({
      channel: index,
      name: leadOf(channel.name),
      middle: MARGIN_MM + (index + 0.5) * ROW_MM,
      left: MARGIN_MM,
      from: 0,
      to: shown,
    })),
  };
}

function gridSheet(group: WaveformGroup, speed: number): Sheet {
  const shown = Math.min(group.seconds, 10);
  const part = shown / COLUMNS.length;
  const find = (lead: string) => group.channels.findIndex((channel) => leadOf(channel.name) === lead);
  const traces: Trace[] = COLUMNS.flatMap((leads, column) =>
    leads.map((name, row) => ({
      channel: find(name),
      name,
      middle: MARGIN_MM + (row + 0.5) * ROW_MM,
      left: MARGIN_MM + column * part * speed,
      from: column * part,
      to: (column + 1) * part,
    })),
  );
  traces.push({
    channel: find('II'),
    name: 'II',
    middle: MARGIN_MM + 3.5 * ROW_MM,
    left: MARGIN_MM,
    from: 0,
    to: shown,
  });
  return { width: shown * speed + 2 * MARGIN_MM, height: 4 * ROW_MM + 2 * MARGIN_MM, traces };
}

/** The values of a channel in its unit. */
export function valuesOf({ data, scale, offset }: Channel): Float32Array {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const raw = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 1 }, (_, at) => raw.getInt16(2 * at, true) * scale + offset);
}

/** A span between two places on the paper: how long, how high, and the heart rate if it is one beat. */
export function measured(from: readonly [number, number], to: readonly [number, number], speed: number, gain: number) {
  const seconds = Math.abs(to[0] - from[0]) / speed;
  return {
    milliseconds: Math.round(seconds * 1000),
    perMinute: seconds > 0.15 ? Math.round(60 / seconds) : null,
    millivolts: Math.round((100 * (from[1] - to[1])) / gain) / 100,
  };
}
