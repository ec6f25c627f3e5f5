import { useCallback, useState } from 'react';
import { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';
import { useViewState } from './views';

/** An `ImageView` in the element that gets `ref`, and what it shows. `met` hears of the view, and of its end. */
export function useImageView(met: (view: ImageView | null) => void): {
  ref: (element: HTMLDivElement | null) => (() => void) | undefined;
  view: ImageView | null;
  state: ViewState | null;
} {
  const [view, setView] = useState<ImageView | null>(null);
  const ref = useCallback(
    (element: HTMLDivElement | null) => {
      if (!element) return undefined;
      const made = new ImageView(element);
      setView(made);
      met(made);
      return () => {
        met(null);
        made.close();
        setView((known) => (known === made ? null : known));
      };
    },
    [met],
  );
  return { ref, view, state: useViewState(view) };
}
