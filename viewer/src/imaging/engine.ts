/**
 * The one rendering engine that all viewports share. It is kept, for it takes a while to make; the last viewport of a study that is closed
 * empties the cache.
 */
import { cache, Enums, type PlanarViewport, RenderingEngine } from '@cornerstonejs/core';
import { stopFeeds } from './feed';
import { startToolkit } from './toolkit';

export const ENGINE = 'lientuyen';

let engine: RenderingEngine | undefined;
const open = new Set<string>();
let resizing: number | undefined;

/** Makes a viewport in `element`; resolves to nothing when it was closed meanwhile. */
export async function openViewport(id: string, element: HTMLDivElement): Promise<PlanarViewport | undefined> {
  open.add(id);
  await startToolkit();
  if (!open.has(id)) return undefined;
  return enable(id, element).getViewport(id) as unknown as PlanarViewport;
}

function enable(id: string, element: HTMLDivElement): RenderingEngine {
  engine ??= new RenderingEngine(ENGINE);
  engine.enableElement({
    viewportId: id,
    element,
    type: Enums.ViewportType.PLANAR_NEXT,
    defaultOptions: { background: [0, 0, 0] },
  });
  return engine;
}

/** Makes what the first viewport would have to wait for. */
export function warmEngine(): void {
  if (engine) return;
  const nowhere = document.createElement('div');
  Object.assign(nowhere.style, { position: 'fixed', left: '-100px', width: '16px', height: '16px' });
  document.body.append(nowhere);
  enable('warm', nowhere).disableElement('warm');
  nowhere.remove();
}

export function closeViewport(id: string): void {
  if (!open.delete(id)) return;
  engine?.disableElement(id);
  // another layout closes all viewports and opens others in the same moment
  if (open.size === 0) setTimeout(() => open.size || leave());
}

/** Nothing is shown any more. */
function leave(): void {
  cancelAnimationFrame(resizing ?? 0);
  resizing = undefined;
  afterwards.clear();
  forgetImages();
}

/** One study (and its priors) at a time: reading PCs have little memory. */
function forgetImages(): void {
  stopFeeds();
  cache.purgeCache();
}

let entered = '';

/** Another study than before is opened, perhaps while the viewports of the last one are still there. */
export function enterStudy(study: string): void {
  if (entered && entered !== study) forgetImages();
  entered = study;
}

const afterwards = new Set<() => void>();

/** Fits all viewports to their elements, once however many of them changed; calls `then` when it is done. */
export function resizeViewports(then: () => void): void {
  afterwards.add(then);
  if (resizing !== undefined) return;
  resizing = requestAnimationFrame(() => {
    resizing = undefined;
    engine?.resize(true, true);
    for (const one of afterwards) one();
    afterwards.clear();
  });
}
