/**
 * Planes through the volume of a series, for the views that show them: one volume, one centre that all planes cross, one slab.
 *
 * The volume is the images of the series in the toolkit's cache, not a copy. Planes are images that are made when they are looked at; few
 * are kept. While the series still loads, they are made again as more of it comes.
 */
import { cache, Enums, imageLoader, utilities } from '@cornerstonejs/core';
import { type Image, qualityOf } from './decode';
import { describeFrame, dress, forgetFrame } from './drawing';
import { dot, minus, plus, type Vector } from './geometry';
import {
  type Box,
  boxOf,
  centreOfBox,
  datasetOf,
  indexAt,
  LOOKS,
  type Look,
  type Pile,
  type PlaneName,
  pileOf,
  type Slab,
  sample,
  turned,
} from './reformat';
import type { FrameState } from './scheduler';
import { comesFrom, type FrameSource, sourceOf } from './sources';
import { datasetAt, type Stack } from './stack';
import { Volume } from './volume';

const SCHEME = 'lientuyen-plane';
const SLICE_THICKNESS = '00180050';
/** Images of one plane that are kept: each can be made again in a moment. */
const KEPT = 24;
/** While the series loads, planes are made again no more often than this. */
const REFRESH_MS = 700;
/** So long at most the last image of planes that are gone stays on the screen. */
const ON_SCREEN_MS = 60_000;
const { SUBRESOLUTION, FULL_RESOLUTION } = Enums.ImageQualityStatus;

export const PLANES: readonly PlaneName[] = ['axial', 'coronal', 'sagittal'];

/** What the planes of a series are like now. */
export interface PlanesState {
  readonly slab: Slab;
  readonly centre: Vector;
  /** The planes were turned. */
  readonly oblique: boolean;
  /** Part of the slices that is here, 0 to 1. */
  readonly here: number;
  /** Grows when the planes themselves are other ones. */
  readonly version: number;
}

interface Made {
  readonly imageId: string;
  readonly source: PlaneSource;
  readonly index: number;
}

const makers = new Map<string, Made>();
let serial = 0;

/** The images of one pile of planes. */
class PlaneSource implements FrameSource {
  readonly pile: Pile;
  readonly stack: Stack;
  private readonly planes: Planes;
  private readonly listeners = new Set<(exchanged?: number) => void>();
  private readonly kept: number[] = [];

  constructor(planes: Planes, name: PlaneName, look: Look, description: string) {
    this.planes = planes;
    this.pile = pileOf(planes.box, look);
    serial += 1;
    const series = `${planes.stack.series}#${name}`;
    const key = `${SCHEME}:${serial}`;
    const source = datasetAt(planes.stack, 0)!;
    const turn = [...look.right, ...look.down].map((part) => part.toFixed(4)).join(',');
    const indices = Array.from({ length: this.pile.count }, (_, index) => index);
    const frames = indices.map((index) => ({
      imageId: `${key}/${index}`,
      sop: `${series}/${turn}/${index}`, // planes that were turned are other images: marks stay on their own
      number: 1,
      instanceNumber: index + 1,
    }));
    const datasets = new Map(
      indices.map((index) => {
        const about = { uid: frames[index]!.sop, series, description };
        return [about.uid, datasetOf(this.pile, index, source, planes.getState().slab, about)];
      }),
    );
    this.stack = {
      ...planes.stack,
      series,
      description,
      frames,
      datasets,
      frameBytes: this.pile.columns * this.pile.rows * 2,
    };
    for (const [index, frame] of frames.entries()) {
      const ds = datasets.get(frame.sop)!;
      describeFrame(frame.imageId, ds, 1);
      makers.set(frame.imageId, { imageId: frame.imageId, source: this, index });
    }
    comesFrom(this.stack, this);
  }

  /** A plane is whole when the volume is. */
  get states(): readonly FrameState[] {
    const state: FrameState = this.planes.getState().here < 1 ? 'preview' : 'full';
    return this.stack.frames.map(() => state);
  }

  /** They are made, not fetched. */
  get busy(): boolean {
    return false;
  }

  errorOf(): unknown {
    return undefined;
  }

  follow(listener: (exchanged?: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async want(index: number): Promise<void> {
    await imageLoader.loadAndCacheImage(this.stack.frames[index]!.imageId);
  }

  prefetch(): void {
    // what is not looked at is not made
  }

  /** The image of a plane, for the toolkit's cache; the oldest of many makes room. */
  image(index: number): Image {
    const known = this.kept.indexOf(index);
    if (known >= 0) this.kept.splice(known, 1);
    this.kept.push(index);
    while (this.kept.length > KEPT) drop(this.stack.frames[this.kept.shift()!]!.imageId);
    return this.planes.make(this.stack.frames[index]!.imageId, this.pile, index);
  }

  /** What the images say of their thickness. */
  say(slab: Slab): void {
    for (const ds of this.stack.datasets.values()) {
      ds[SLICE_THICKNESS] = { vr: 'DS', Value: [Math.max(slab.thickness, this.pile.step)] };
    }
  }

  /** The volume or the slab is another one: what was made is made again when it is looked at, `shown` at once. */
  async refresh(shown: number): Promise<void> {
    for (const index of this.kept.splice(0)) drop(this.stack.frames[index]!.imageId);
    if (this.listeners.size === 0) return;
    await this.want(shown);
    for (const listener of this.listeners) listener(shown);
  }

  close(): void {
    for (const { imageId } of this.stack.frames) {
      drop(imageId);
      makers.delete(imageId);
    }
    setTimeout(() => this.forget(), ON_SCREEN_MS);
    this.listeners.clear();
  }

  private forget(): void {
    for (const { imageId } of this.stack.frames) forgetFrame(imageId);
  }
}

function drop(imageId: string): void {
  if (cache.getImageLoadObject(imageId)) cache.removeImageLoadObject(imageId, { force: true });
}

export class Planes {
  readonly stack: Stack;
  readonly box: Box;
  private readonly feed: FrameSource;
  private readonly listeners = new Set<() => void>();
  private sources: Partial<Record<PlaneName, PlaneSource>> = {};
  private looks: Readonly<Record<PlaneName, Look>> = LOOKS;
  private state: PlanesState;
  private volume: Volume;
  /** Planes were made before the last slices came. */
  private stale = false;
  private template: Image | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly unfollow: () => void;
  private readonly words: (plane: PlaneName) => string;

  constructor(stack: Stack, words: (plane: PlaneName) => string) {
    this.stack = stack;
    this.words = words;
    this.box = boxOf(stack);
    this.feed = sourceOf(stack);
    this.volume = new Volume(stack.frames.length);
    const slab: Slab = { thickness: 0, blend: 'mip' };
    this.state = { slab, centre: centreOfBox(this.box), oblique: false, here: 0, version: 0 };
    this.gather();
    this.unfollow = this.feed.follow(() => {
      this.timer ??= setTimeout(() => this.more(), REFRESH_MS);
    });
    void this.feed.want(Math.floor(stack.frames.length / 2)).then(
      () => {
        if (this.volume.slices.every((slice) => slice === null)) this.more();
      },
      () => undefined, // what cannot be had stays black
    );
    this.feed.prefetch();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): PlanesState => this.state;

  private update(patch: Partial<PlanesState>): void {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener();
  }

  close(): void {
    clearTimeout(this.timer);
    this.unfollow();
    for (const source of Object.values(this.sources)) source.close();
    this.listeners.clear();
    this.volume = new Volume(0);
  }

  /* --- the volume ------------------------------------------------------------------------------------------------ */

  /** Takes up the images that are in the cache. */
  private gather(): void {
    for (const [index, { imageId }] of this.stack.frames.entries()) {
      const image = cache.getImage(imageId) as Image | undefined;
      const samples = image?.voxelManager?.getScalarData();
      if (!image || !samples) continue;
      this.template ??= image;
      const [slope, intercept] = image.preScale?.scaled ? [1, 0] : [image.slope ?? 1, image.intercept ?? 0];
      const whole = qualityOf(image) === 'full';
      if (this.volume.take(index, { samples, slope, intercept, whole })) this.stale = true;
    }
    const { here } = this.volume;
    if (here !== this.state.here) this.update({ here });
  }

  /** More of the series has come. */
  private more(): void {
    this.timer = undefined;
    this.gather();
    if (this.stale) this.redraw();
    const missing = this.feed.busy ? undefined : this.volume.missing(this.feed.states);
    if (missing !== undefined) this.feed.want(missing).catch(() => undefined);
  }

  private redraw(): void {
    this.stale = false;
    for (const source of Object.values(this.sources)) void source.refresh(indexAt(source.pile, this.state.centre));
  }

  /** The image of one plane. */
  make(imageId: string, pile: Pile, index: number): Image {
    this.gather();
    const empty = this.stack.modality === 'CT' ? -1024 : 0;
    const samples = sample(this.box, this.volume.slices, pile, index, this.state.slab, empty);
    const { columns, rows, pixel } = pile;
    let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of samples) {
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    const image = {
      ...this.template,
      imageId,
      columns,
      rows,
      width: columns,
      height: rows,
      columnPixelSpacing: pixel,
      rowPixelSpacing: pixel,
      sliceThickness: Math.max(pile.step, this.state.slab.thickness),
      sizeInBytes: samples.byteLength,
      minPixelValue: lowest,
      maxPixelValue: highest,
      slope: 1,
      intercept: 0,
      color: false,
      numberOfComponents: 1,
      invert: false,
      photometricInterpretation: 'MONOCHROME2',
      imageQualityStatus: this.state.here < 1 ? SUBRESOLUTION : FULL_RESOLUTION,
      getPixelData: () => samples,
      voxelManager: utilities.VoxelManager.createImageVoxelManager({
        scalarData: samples as never,
        width: columns,
        height: rows,
        numberOfComponents: 1,
      }),
    } as unknown as Image;
    delete image.cachedLut;
    return dress(image);
  }

  /* --- planes ---------------------------------------------------------------------------------------------------- */

  private source(plane: PlaneName): PlaneSource {
    this.sources[plane] ??= new PlaneSource(this, plane, this.looks[plane], this.words(plane));
    return this.sources[plane];
  }

  stackOf(plane: PlaneName): Stack {
    return this.source(plane).stack;
  }

  lookOf(plane: PlaneName): Look {
    return this.looks[plane];
  }

  /** The plane of a pile that goes through the centre. */
  indexOf(plane: PlaneName): number {
    return indexAt(this.source(plane).pile, this.state.centre);
  }

  /** A view was scrolled: the centre goes with it. */
  scrolled(plane: PlaneName, index: number): void {
    const { pile } = this.source(plane);
    if (index === indexAt(pile, this.state.centre)) return;
    const place = dot(pile.look.into, minus(this.state.centre, pile.origin));
    this.moveTo(plus(this.state.centre, pile.look.into, index * pile.step - place));
  }

  moveTo(centre: Vector): void {
    this.update({ centre });
  }

  setSlab(slab: Slab): void {
    this.update({ slab });
    for (const source of Object.values(this.sources)) source.say(slab);
    this.redraw();
  }

  /** Turns the two other planes about the axis of sight of `plane`, through the centre. */
  turn(plane: PlaneName, angle: number): void {
    const axis = this.looks[plane].into;
    this.take(
      Object.fromEntries(
        PLANES.map((name) => [name, name === plane ? this.looks[name] : turned(this.looks[name], axis, angle)]),
      ) as Record<PlaneName, Look>,
      true,
    );
  }

  straighten(): void {
    this.take(LOOKS, false);
  }

  private take(looks: Readonly<Record<PlaneName, Look>>, oblique: boolean): void {
    const stale = PLANES.filter((name) => looks[name] !== this.looks[name]);
    this.looks = looks;
    for (const name of stale) {
      const old = this.sources[name];
      delete this.sources[name];
      // its images may be on the screen until the new ones are
      if (old) setTimeout(() => old.close(), 2_000);
    }
    this.update({ oblique, version: this.state.version + 1 });
  }
}

let registered = false;

/** The planes of a series that qualifies; `words` names a plane. */
export function openPlanes(stack: Stack, words: (plane: PlaneName) => string): Planes {
  if (!registered) {
    registered = true;
    const load = (imageId: string) => {
      const made = makers.get(imageId);
      if (!made) return { promise: Promise.reject(new Error('the plane is not there any more')) };
      return { promise: Promise.resolve().then(() => made.source.image(made.index)) };
    };
    imageLoader.registerImageLoader(SCHEME, load as unknown as Parameters<typeof imageLoader.registerImageLoader>[1]);
  }
  return new Planes(stack, words);
}
