import { expectCode } from '../api/ahead';

/** The image viewer is large, so it is a chunk of its own, loaded when first needed or while the user looks at a list. */
export const loadViewer = () => import('./viewer');

/** Fetches the viewer when the browser has nothing better to do. */
export function prefetchViewer(): void {
  const idle = new Promise<void>((resolve) => {
    if ('requestIdleCallback' in window) window.requestIdleCallback(() => resolve(), { timeout: 3_000 });
    else setTimeout(resolve, 500);
  });
  // where it fails, opening a study tries again and says what is wrong
  expectCode(idle.then(loadViewer).then((viewer) => viewer.warmUp()));
}
