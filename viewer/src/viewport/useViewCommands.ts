/** What the keys and the toolbar do to the picture in the active cell. */
import { presetsFor } from '../imaging/presets';
import type { Frame } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import type { Command } from './shortcuts';
import type { ViewRegistry } from './views';

interface Desk {
  view: ImageView | null;
  registry: ViewRegistry;
  /** The image on the screen, when it is one of the study that is read. */
  frame: () => Frame | undefined;
  onToggleKeyImage: ((sop: string) => void) | undefined;
}

/** Runs a command that is about the picture; others are left to others. */
export function useViewCommands({ view, registry, frame, onToggleKeyImage }: Desk) {
  return (command: Command) => {
    const state = view?.getState();
    switch (command.do) {
      case 'tool':
        for (const one of registry.get().all) one.setTool(command.tool);
        return;
      case 'scroll':
        return view?.scrollBy(command.steps);
      case 'first':
        return view?.goTo(0);
      case 'last':
        return view?.goTo((state?.stack?.frames.length ?? 1) - 1);
      case 'preset': {
        const preset = presetsFor(state?.stack?.modality ?? '')[command.number - 1];
        if (preset && !state?.stack?.color) view?.applyPreset(preset);
        return;
      }
      case 'invert':
        return view?.invert();
      case 'flip':
        return view?.flip();
      case 'rotate':
        return view?.rotate();
      case 'reset':
        return view?.reset();
      case 'zoom-in':
        return view?.zoomBy(1.2);
      case 'zoom-out':
        return view?.zoomBy(1 / 1.2);
      case 'play':
        return view?.togglePlay();
      case 'faster':
        return view?.setRate(nextRate(state?.rate ?? 8, 1));
      case 'slower':
        return view?.setRate(nextRate(state?.rate ?? 8, -1));
      case 'sweep':
        return view?.toggleSweep();
      case 'key-image': {
        const shown = frame();
        if (shown) onToggleKeyImage?.(shown.sop);
        return;
      }
    }
  };
}

const RATES = [1, 2, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60];

/** The next rate of a ladder, up or down. */
export function nextRate(rate: number, by: 1 | -1): number {
  const next = by > 0 ? RATES.find((one) => one > rate) : RATES.findLast((one) => one < rate);
  return next ?? rate;
}
