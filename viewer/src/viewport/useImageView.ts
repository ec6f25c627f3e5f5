import { useCallback, useRef, useState, useSyncExternalStore } from 'react';
import { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';

const nothing = () => () => undefined;

/** An `ImageView` in the element that gets `ref`, and what it shows. */
export function useImageView(): {
  ref: (element: HTMLDivElement | null) => (() => void) | undefined;
  view: ImageView | null;
  state: ViewState | null;
} {
  const [view, setView] = useState<ImageView | null>(null);
  const current = useRef<ImageView | null>(null);
  const ref = useCallback((element: HTMLDivElement | null) => {
    if (!element) return undefined;
    const made = new ImageView(element);
    current.current = made;
    setView(made);
    return () => {
      made.close();
      if (current.current === made) setView(null);
    };
  }, []);
  const state = useSyncExternalStore(view?.subscribe ?? nothing, () => view?.getState() ?? null);
  return { ref, view, state };
}
