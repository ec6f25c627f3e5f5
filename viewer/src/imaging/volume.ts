/**
 * The slices of a volume as they come. What was taken up stays, whatever the cache lets go of meanwhile; only better ones replace it. Pure.
 */
import type { Slice } from './reformat';
import type { FrameState } from './scheduler';

export interface Arrival extends Slice {
  /** Of full resolution: no preview. */
  readonly whole: boolean;
}

export class Volume {
  readonly slices: (Slice | null)[];
  private readonly whole: boolean[];

  constructor(count: number) {
    this.slices = Array.from({ length: count }, () => null);
    this.whole = Array.from({ length: count }, () => false);
  }

  /** Part of the slices that is here in full, 0 to 1. */
  get here(): number {
    return this.whole.filter(Boolean).length / Math.max(1, this.whole.length);
  }

  /** Takes up what the cache holds of a slice now; null: nothing. Returns whether the volume is another one than before. */
  take(index: number, found: Arrival | null): boolean {
    if (!found || (this.whole[index] && !found.whole)) return false;
    const same = this.slices[index]?.samples === found.samples;
    this.whole[index] = found.whole;
    if (!same) this.slices[index] = { samples: found.samples, slope: found.slope, intercept: found.intercept };
    return !same;
  }

  /** A slice that never came in full and can be had: more of them than the cache may hold do not come by themselves. */
  missing(states: readonly FrameState[]): number | undefined {
    const found = this.whole.findIndex(
      (whole, index) => !whole && (states[index] === 'none' || states[index] === 'preview'),
    );
    return found < 0 ? undefined : found;
  }
}
