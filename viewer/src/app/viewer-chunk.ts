/** The image viewer is large, so it is a chunk of its own, loaded when first needed or while the user looks at a list. */
export const loadViewer = () => import('./viewer');

/** Fetches the viewer when the browser has nothing better to do. */
export function prefetchViewer(): void {
  const start = () => {
    void loadViewer()
      .then((viewer) => viewer.warmUp())
      .catch(() => undefined); // opening a study tries again and says what is wrong
  };
  if ('requestIdleCallback' in window) window.requestIdleCallback(start, { timeout: 3_000 });
  else setTimeout(start, 500);
}
