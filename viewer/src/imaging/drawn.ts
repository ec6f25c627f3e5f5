/** What reached the screen, and drawing it again. */
import type { PlanarViewport } from '@cornerstonejs/core';
import { note } from './marks';

type Quality = 'preview' | 'full';

/** Marks on the timeline: the first picture of an opening, the first whole one, and each frame that was gone to. */
export class Drawn {
  private readonly noted = new Set<string>();
  private last = -1;
  private waiting: { index: number; quality: Quality } | undefined;

  /** A stack is opened. */
  begin(): void {
    this.noted.clear();
    this.last = -1;
  }

  /** A picture was given to the viewport. */
  expect(index: number, quality: Quality): void {
    this.waiting = { index, quality };
  }

  /** The viewport has drawn. */
  now(): void {
    if (!this.waiting) return;
    const { index, quality } = this.waiting;
    this.waiting = undefined;
    if (index !== this.last) note(`shown:${index}`); // not again when its whole picture takes the preview's place
    this.last = index;
    for (const name of quality === 'full' ? ['preview', 'full'] : ['preview']) {
      if (this.noted.has(name)) continue;
      this.noted.add(name);
      note(name);
    }
  }
}

interface Rendering {
  lastRequestedImageIdIndex?: number;
}

/**
 * Takes the picture of the present frame from the cache again.
 *
 * The toolkit (5.14.0) leaves out a frame that it showed last, whatever has become of its picture since.
 */
export function drawAgain(viewport: PlanarViewport): void {
  const inside = viewport as unknown as { getCurrentPlanarRendering?: () => Rendering | undefined };
  const rendering = inside.getCurrentPlanarRendering?.();
  if (!rendering) return;
  rendering.lastRequestedImageIdIndex = -1;
  viewport.setViewState({});
}
