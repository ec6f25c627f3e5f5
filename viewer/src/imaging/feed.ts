/** Where the frames of a stack come from: one queue per series, however many viewports show it. */
import { cache, Enums, eventTarget } from '@cornerstonejs/core';
import { ApiError } from '../api/problem';
import { CACHE_BYTES } from './budget';
import { decodePreview, decodeWhole, enlarged, type Image, type Preview } from './decode';
import { numeric } from './dicom';
import { describeFrame, forgetFrame } from './drawing';
import { fetchPreview, fetchWhole } from './frames';
import { note } from './marks';
import { FrameScheduler, type FrameState } from './scheduler';
import type { Stack } from './stack';
import { beginning, type Coded, Supply } from './supply';

const REQUESTS = 3;
/** The part of the cache that full frames of one stack may fill; enlarged previews need the rest. */
const STACK_SHARE = 0.75;
/** Longest edges, in pixels, of large images, and of previews (as the node chooses them). */
const [LARGE, LARGE_PREVIEW, SMALL_PREVIEW] = [1200, 400, 160];
/** Enlarged previews that stay in the toolkit's cache: each is as large as a whole image. */
const ENLARGED = 12;

const TELL_MS = 250;
const AGAIN_MS = 5_000;

/** Hears that states changed; `exchanged` is the frame of which there is a better picture now. */
type Listener = (exchanged?: number) => void;

export class Feed {
  readonly stack: Stack;
  private readonly supply: Supply;
  private readonly scheduler: FrameScheduler;
  private readonly listeners = new Set<Listener>();
  private readonly previews = new Map<number, Promise<Preview>>();
  private readonly enlarged: number[] = [];
  private readonly unfollow: (() => void)[];
  /** Stops what is still being fetched when the study is left. */
  private readonly leaving = new AbortController();

  private timer: ReturnType<typeof setTimeout> | undefined;
  private improving = false;
  private complete = false;

  constructor(stack: Stack, supply: Supply) {
    this.stack = stack;
    this.supply = supply;
    this.scheduler = new FrameScheduler({
      count: stack.frames.length,
      limit: REQUESTS,
      budget: Math.max(8, Math.floor((CACHE_BYTES * STACK_SHARE) / Math.max(1, stack.frameBytes))),
      load: (index, signal) => this.tried(index, AbortSignal.any([signal, this.leaving.signal])),
      release: (index) => this.release(index),
      failed: (index) => this.without(index),
      changed: () => this.later(),
      rested: () => this.rested(),
    });
    stack.frames.forEach((frame, index) => {
      owners.set(frame.imageId, { feed: this, index });
      if (supply.get(index)) this.arrived(index);
    });
    this.scheduler.hold(!supply.ended);
    this.unfollow = [
      supply.follow((index) => this.arrived(index)),
      supply.whenEnded(() => {
        if (!supply.broken) note('previews-all');
        this.scheduler.hold(false);
      }),
    ];
  }

  get states(): readonly FrameState[] {
    return this.scheduler.states;
  }

  /** More frames come by themselves. */
  get busy(): boolean {
    return this.scheduler.busy;
  }

  /** Why a frame could not be had. */
  errorOf(index: number): unknown {
    return this.scheduler.errors.get(index);
  }

  /** Calls `listener` when states of frames changed. Returns the way to stop listening. */
  follow(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** States change in quick succession while a series loads: listeners hear of them a few times a second. */
  private later(): void {
    this.timer ??= setTimeout(() => this.tell(), TELL_MS);
  }

  private tell(exchanged?: number): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const listener of this.listeners) listener(exchanged);
  }

  private rested(): void {
    if (this.complete) return;
    this.complete = true;
    note('all');
  }

  /** Wants frame `index` next. Resolves when it can be shown, if only as a preview; rejects when it cannot be had. */
  want(index: number): Promise<void> {
    return this.scheduler.want(index);
  }

  /** Loads the rest in the background. */
  prefetch(): void {
    this.scheduler.prefetch();
  }

  stop(): void {
    this.scheduler.stop();
    this.leaving.abort();
    this.supply.stop();
    for (const leave of this.unfollow) leave();
    clearTimeout(this.timer);
    this.listeners.clear();
    for (const { imageId } of this.stack.frames) {
      owners.delete(imageId);
      forgetFrame(imageId);
    }
  }

  /** More of a frame has come by the stream. */
  private arrived(index: number): void {
    const coded = this.supply.get(index);
    if (!coded || index >= this.stack.frames.length || this.states[index] === 'full') return;
    const better = this.states[index] === 'preview' && coded.reduction > 0;
    if (better) this.previews.delete(index);
    this.scheduler.previewed(index);
    if (better) void this.improve(index);
  }

  /** A finer resolution of a frame that may be on the screen already. */
  private async improve(index: number): Promise<void> {
    if (this.improving || !cache.getImage(this.stack.frames[index]!.imageId)) return;
    this.improving = true;
    await new Promise((resume) => setTimeout(resume)); // more may have come in the same moment
    try {
      if ((this.supply.get(index)?.reduction ?? 0) === 0) return; // all of it: it is being decoded
      const preview = await this.preview(index);
      if (this.states[index] === 'preview') this.exchange(index, preview);
    } finally {
      this.improving = false;
    }
  }

  /* --- loading --------------------------------------------------------------------------------------------------- */

  /** Loads a frame; what may pass is tried again after a while. */
  private async tried(index: number, signal: AbortSignal): Promise<void> {
    try {
      await this.load(index, signal);
    } catch (reason) {
      if (reason instanceof ApiError && reason.mayPass && !signal.aborted) {
        setTimeout(() => this.scheduler.again(index, this.without(index)), AGAIN_MS);
      }
      throw reason;
    }
  }

  private async load(index: number, signal: AbortSignal): Promise<void> {
    const { imageId } = this.stack.frames[index]!;
    const here = await this.bring(index, signal);
    if (this.isLarge(index) && this.scheduler.looksAt(index)) await this.preview(index);
    const image = await decodeWhole(imageId, here);
    if (signal.aborted) throw signal.reason;
    this.supply.shorten(index);
    this.exchange(index, image);
    this.previews.delete(index);
  }

  /** All bytes of a frame. Where not even a preview is here, that comes first: it can be shown at once. */
  private async bring(index: number, signal: AbortSignal): Promise<Coded> {
    const address = addressOf(this.stack.frames[index]!.imageId);
    if (index === this.supply.first) await this.supply.whole(index); // the stream is bringing it
    const coded = this.supply.get(index);
    if (coded?.reduction === 0) return coded;
    const priority: RequestPriority = this.scheduler.looksAt(index) ? 'high' : 'low';
    const reduction = this.previewReduction(index);
    if (!coded && reduction > 0 && this.scheduler.looksAt(index)) {
      const first = await fetchPreview(address, reduction, signal);
      this.supply.add(index, 0, first.bytes, first.reduction, first.transferSyntax);
    }
    return fetchWhole(address, this.supply.get(index), signal, priority);
  }

  private previewReduction(index: number): number {
    const { columns, rows } = this.sizeOf(index);
    let [reduction, edge] = [0, Math.max(columns, rows)];
    for (const least = edge > LARGE ? LARGE_PREVIEW : SMALL_PREVIEW; edge > least; reduction += 1)
      edge = Math.ceil(edge / 2);
    return reduction;
  }

  /** Decoding all of such an image takes so long that its preview is shown first, even if all of it is here. */
  private isLarge(index: number): boolean {
    return Math.max(this.sizeOf(index).columns, this.sizeOf(index).rows) > LARGE && !!this.supply.get(index)?.stem;
  }

  private sizeOf(index: number): { columns: number; rows: number } {
    const ds = this.stack.datasets.get(this.stack.frames[index]!.sop) ?? {};
    return { columns: numeric(ds, 'Columns') ?? 1, rows: numeric(ds, 'Rows') ?? 1 };
  }

  /** The image of a frame for the toolkit: whole if it is here, else its preview. */
  async image(index: number, volume: boolean): Promise<Image> {
    const { imageId } = this.stack.frames[index]!;
    await (volume ? this.scheduler.shown(index) : this.scheduler.want(index));
    const coded = this.supply.get(index);
    const whole = () => this.states[index] === 'full';
    if (!whole() && coded && (coded.reduction > 0 || this.isLarge(index))) {
      const image = this.atFullSize(index, await this.preview(index));
      if (!volume) this.keepFew(index);
      if (!whole()) return image;
    }
    await this.scheduler.full(index);
    return cache.getImage(imageId) as Image;
  }

  private preview(index: number): Promise<Preview> {
    const known = this.previews.get(index);
    if (known) return known;
    const made = decodePreview(this.stack.frames[index]!.imageId, beginning(this.supply.get(index)!));
    this.previews.set(index, made);
    return made;
  }

  private atFullSize(index: number, preview: Preview): Image {
    const { columns, rows } = this.sizeOf(index);
    return enlarged(preview, columns, rows);
  }

  /** Puts a better image in the place of the one that the toolkit holds. */
  private exchange(index: number, better: Image | Preview): void {
    const { imageId } = this.stack.frames[index]!;
    const image = 'reduction' in better ? this.atFullSize(index, better) : better;
    if (!cache.getImage(imageId) && cache.getImageLoadObject(imageId)) overtaken.add(imageId);
    takeOut(imageId);
    cache.putImageSync(imageId, image);
    if (this.scheduler.looksAt(index)) this.tell(index);
    else this.later();
  }

  /* --- memory ---------------------------------------------------------------------------------------------------- */

  /** Lets a full frame go. */
  private release(index: number): 'none' | 'preview' {
    takeOut(this.stack.frames[index]!.imageId);
    return this.without(index);
  }

  /** The state of a frame that is not here in full. */
  private without(index: number): 'none' | 'preview' {
    return this.supply.get(index) ? 'preview' : 'none';
  }

  /** The toolkit let go of a frame by itself. */
  lost(index: number): void {
    this.scheduler.lost(index, this.without(index));
  }

  private keepFew(index: number): void {
    this.enlarged.push(index);
    while (this.enlarged.length > ENLARGED) {
      const oldest = this.enlarged.shift()!;
      if (this.enlarged.includes(oldest) || this.states[oldest] === 'full') continue;
      this.previews.delete(oldest);
      this.release(oldest);
    }
  }
}

const addressOf = (imageId: string) => imageId.slice(imageId.indexOf(':') + 1);

/** Who answers for an image, by its name. */
const owners = new Map<string, { feed: Feed; index: number }>();
/** Images that are taken out of the cache by us. */
const removing = new Set<string>();
/** Images that were put into the cache while the toolkit still waited for them: it counts them once more. */
const overtaken = new Set<string>();

function takeOut(imageId: string): void {
  if (!cache.getImageLoadObject(imageId)) return;
  removing.add(imageId);
  cache.removeImageLoadObject(imageId, { force: true });
  removing.delete(imageId);
}

eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_REMOVED, (event: Event) => {
  const { imageId } = (event as CustomEvent<{ imageId: string }>).detail;
  if (removing.has(imageId)) return;
  const owner = owners.get(imageId);
  owner?.feed.lost(owner.index);
});

async function unowned(imageId: string, signal: AbortSignal): Promise<Image> {
  return decodeWhole(imageId, await fetchWhole(addressOf(imageId), undefined, signal, 'auto'));
}

/** The toolkit's image loader for our scheme. */
export function loadImage(imageId: string, options: { targetBuffer?: unknown } = {}) {
  const leaving = new AbortController();
  const owner = owners.get(imageId);
  const promise = owner
    ? owner.feed.image(owner.index, options.targetBuffer !== undefined)
    : unowned(imageId, leaving.signal);
  promise.then(
    (image) => {
      if (overtaken.delete(imageId)) setTimeout(() => cache.decrementImageCacheSize(image.sizeInBytes));
    },
    () => overtaken.delete(imageId),
  );
  return { promise, cancelFn: () => leaving.abort(), decache: undefined };
}

/** Tells the toolkit and our own drawing what the frames of a stack are, until its feed is stopped. */
function describe(stack: Stack): void {
  for (const { imageId, sop, number } of stack.frames) {
    const ds = stack.datasets.get(sop);
    if (ds) describeFrame(imageId, ds, number);
  }
}

const feeds = new Map<string, Feed>();

/** Supplies by the stack that was made of their metadata. */
const supplies = new WeakMap<Stack, Supply>();

export function connect(stack: Stack, supply: Supply): void {
  supplies.set(stack, supply);
}

/** Whether viewports show this series. */
export const isOpen = (study: string, series: string) => feeds.has(`${study}/${series}`);

/** The feed of a stack: the one that other viewports use already, or a new one where images have come since. */
export function feedOf(stack: Stack): Feed {
  const key = `${stack.study}/${stack.series}`;
  const known = feeds.get(key);
  const stays = known?.stack.frames.length === stack.frames.length;
  if (!stays) known?.stop();
  describe(stack);
  if (stays) return known;
  const feed = new Feed(stack, supplies.get(stack) ?? new Supply(null));
  feeds.set(key, feed);
  return feed;
}

/** Ends all of them: the study is left. */
export function stopFeeds(): void {
  for (const feed of feeds.values()) feed.stop();
  feeds.clear();
}
