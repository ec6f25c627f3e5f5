/**
 * What has come of a series over the line: its metadata and the coded bytes of its frames, as far as they reach.
 *
 * One stream brings the metadata, the first image and all previews; it costs one crossing of the line. Knows nothing of the toolkit, so
 * that the worklist can fetch ahead before the viewer's code is there.
 */
import { seriesAddress, studyOpeningAddress } from '../api/display';
import { ApiError, problemOf } from '../api/problem';
import type { Dataset } from './dicom';
import { Kind, RecordReader, type StreamRecord } from './framing';

export const HTJ2K = '1.2.840.10008.1.2.4.202';
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** A stream without a byte for this long is given up. */
const STALL_MS = 20_000;

/** A frame as far as it is here. */
export interface Coded {
  readonly bytes: Uint8Array;
  /** Complete to the image reduced by 2 to this power; 0: all of it. */
  readonly reduction: number;
  readonly transferSyntax: string;
  /** What came of it first, if that was less than all: a preview can be made of it at any time. */
  readonly stem?: { readonly length: number; readonly reduction: number } | undefined;
}

interface Opened {
  study: string;
  series: string;
  first: number;
  frames: number;
  metadata: Dataset[];
}

/** As much of a frame as its preview is made of: what there is, and of a whole one what came first. */
export function beginning(coded: Coded): Coded {
  if (coded.reduction > 0 || !coded.stem) return coded;
  return { ...coded, bytes: coded.bytes.subarray(0, coded.stem.length), reduction: coded.stem.reduction };
}

async function unzip(bytes: Uint8Array): Promise<Opened> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(stream).json()) as Opened;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

export class Supply {
  /** The instances' attributes in display order. Rejects with `ApiError`. */
  readonly opened: Promise<Opened>;
  /** Bytes of all frames that are held. */
  held = 0;
  /** All previews that the node could make are here, or the stream broke off. */
  ended = false;
  /** The frame that the stream brings whole before all others. */
  first = -1;
  /** The stream broke off, or was broken off, before its end. */
  broken = false;
  private readonly frames = new Map<number, Coded>();
  private readonly listeners = new Set<(index: number) => void>();
  private readonly endings = new Set<() => void>();
  private readonly leaving = new AbortController();
  private settle!: { resolve: (opened: Opened) => void; reject: (reason: unknown) => void };

  /** `address` null: nothing comes by itself, all that is here is added. */
  constructor(address: string | null, priority: RequestPriority = 'auto') {
    this.opened = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.opened.catch(() => undefined); // who waits for it hears of it
    if (address === null) this.ended = true;
    else void this.run(address, priority);
  }

  /** As much as is here of frame `index` of the series. */
  get(index: number): Coded | undefined {
    return this.frames.get(index);
  }

  /** Calls `listener` with the index of each frame of which more has come. Returns the way to stop listening. */
  follow(listener: (index: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` when no more will come by itself; at once if that is so already. */
  whenEnded(listener: () => void): () => void {
    if (this.ended) queueMicrotask(listener);
    else this.endings.add(listener);
    return () => this.endings.delete(listener);
  }

  /** Resolves when all of a frame is here, or no more will come by itself. */
  whole(index: number): Promise<void> {
    return this.until(() => this.frames.get(index)?.reduction === 0);
  }

  /** Resolves when something of every frame is here, or no more will come by itself. */
  async previewed(): Promise<void> {
    const frames = await this.opened.then(
      (opened) => opened.frames,
      () => 0,
    );
    await this.until(() => this.frames.size >= frames);
  }

  private until(reached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.ended && !reached()) return;
        for (const leave of leaves) leave();
        resolve();
      };
      const leaves = [this.follow(look), this.whenEnded(look)];
      look();
    });
  }

  /** Adds bytes of a frame that begin at `offset`; bytes that do not continue what is here are dropped. */
  add(index: number, offset: number, bytes: Uint8Array, reduction: number, transferSyntax = HTJ2K): void {
    const before = this.frames.get(index);
    if (offset > 0 && before?.bytes.length !== offset) return;
    if (before && before.reduction <= reduction) return;
    this.held += bytes.length - (offset > 0 ? 0 : (before?.bytes.length ?? 0));
    this.frames.set(index, {
      bytes: offset > 0 && before ? joined(before.bytes, bytes) : bytes,
      reduction,
      transferSyntax,
      stem: before?.stem ?? (reduction > 0 ? { length: bytes.length, reduction } : undefined),
    });
    for (const listener of this.listeners) listener(index);
  }

  /** Forgets what lies beyond the preview of a frame that has been decoded. */
  shorten(index: number): void {
    const frame = this.frames.get(index);
    if (!frame?.stem || frame.bytes.length <= frame.stem.length) return;
    this.held -= frame.bytes.length - frame.stem.length;
    this.frames.set(index, { ...beginning(frame), bytes: frame.bytes.slice(0, frame.stem.length) });
  }

  /** Stops the stream; what has come stays. */
  stop(): void {
    if (this.ended) return;
    this.leaving.abort();
  }

  private async run(address: string, priority: RequestPriority): Promise<void> {
    const stall = new AbortController();
    let timer = setTimeout(() => stall.abort(), STALL_MS);
    let complete = false;
    try {
      const response = await fetch(address, {
        credentials: 'same-origin',
        priority,
        signal: AbortSignal.any([this.leaving.signal, stall.signal]),
      });
      if (!response.ok) throw await problemOf(response);
      const records = new RecordReader();
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), STALL_MS);
        for (const record of records.take(value)) complete = (await this.receive(record)) || complete;
      }
    } catch (reason) {
      this.settle.reject(
        reason instanceof ApiError
          ? reason
          : new ApiError({ status: 0, code: stall.signal.aborted ? 'timeout' : 'offline' }),
      );
    } finally {
      clearTimeout(timer);
      this.settle.reject(new ApiError({ status: 0, code: 'not-understood' })); // nothing, once it is resolved
      this.broken = !complete;
      this.ended = true;
      for (const listener of this.endings) listener();
      this.endings.clear();
    }
  }

  /** Returns whether this was the end. */
  private async receive(record: StreamRecord): Promise<boolean> {
    if (record.kind === Kind.metadata) {
      const opened = await unzip(record.bytes);
      this.first = opened.first;
      this.settle.resolve(opened);
    }
    if (record.kind === Kind.htj2k || record.kind === Kind.raw) {
      const syntax = record.kind === Kind.raw ? EXPLICIT_LITTLE_ENDIAN : HTJ2K;
      this.add(record.index, record.offset, record.bytes, record.reduction, syntax);
    }
    return record.kind === Kind.end;
  }
}

/* --- the shelf ----------------------------------------------------------------------------------------------------- */

/** Coded bytes of series that are not open at the moment. */
const SHELF_BYTES = 96 * 1024 ** 2;
const SHELF_SERIES = 12;

interface Shelved {
  readonly study: string;
  /** Unknown while the node has not said which series opens first. */
  series: string | null;
  /** Somebody looks at it. */
  used: boolean;
  readonly supply: Supply;
}

const shelf: Shelved[] = [];

function put(item: Shelved): Supply {
  shelf.push(item);
  item.supply.opened.then(
    ({ series }) => {
      item.series = series;
    },
    () => remove(item),
  );
  item.supply.whenEnded(tidy);
  return item.supply;
}

function remove(item: Shelved): void {
  const at = shelf.indexOf(item);
  if (at >= 0) shelf.splice(at, 1);
}

/** Lets go of what was wanted longest ago; never of the last one. */
function tidy(): void {
  let bytes = shelf.reduce((sum, item) => sum + item.supply.held, 0);
  while (shelf.length > 1 && (bytes > SHELF_BYTES || shelf.length > SHELF_SERIES)) {
    const oldest = shelf.find((item) => item.supply.ended);
    if (!oldest || oldest === shelf.at(-1)) return;
    bytes -= oldest.supply.held;
    remove(oldest);
  }
}

/** Begins to bring what a study opens with, unless that is here or under way. `decided`: it is opened, not only likely to be. */
export function expectStudy(study: string, decided: boolean): Supply {
  const known = shelf.find((item) => item.study === study && !item.supply.broken);
  if (known) {
    known.used ||= decided;
    return known.supply;
  }
  const supply = new Supply(studyOpeningAddress(study), decided ? 'auto' : 'low');
  return put({ study, series: null, used: decided, supply });
}

/** Resolves when every image of what is open of a study has come at least as a preview, or no more will come. */
export async function whenPreviewed(study: string): Promise<void> {
  await Promise.all(shelf.filter((item) => item.study === study && item.used).map(({ supply }) => supply.previewed()));
}

/** The supply of a series: what was fetched ahead, or a new stream. */
export async function supplyOf(study: string, series: string): Promise<Supply> {
  for (const item of [...shelf].reverse()) {
    if (item.study !== study || item.supply.broken) continue;
    if (item.series === null) await item.supply.opened.catch(() => undefined);
    if (item.series !== series) continue;
    remove(item);
    shelf.push(item); // the last one wanted
    item.used = true;
    return item.supply;
  }
  return put({ study, series, used: true, supply: new Supply(`${seriesAddress(study, series)}/opening`) });
}

/** Forgets a series, so that it is fetched anew: images have come since. */
export function forget(study: string, series: string): void {
  for (const item of shelf.filter((one) => one.study === study && one.series === series)) {
    item.supply.stop();
    remove(item);
  }
}

/** Stops what is being fetched ahead, but for this study: the reader has decided. With `of`, only what is of that study. */
export function onlyFor(study: string | null, of?: string): void {
  for (const item of [...shelf]) {
    if (item.study === study || (of !== undefined && item.study !== of) || item.used || item.supply.ended) continue;
    item.supply.stop();
    remove(item);
  }
}
