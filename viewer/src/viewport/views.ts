/** The viewports of the study on the screen, for everybody who works with them: tools, objects, report. */
import { createContext, useContext, useRef, useSyncExternalStore } from 'react';
import type { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';

export interface Views {
  /** The view that keys, toolbar and lists act on. */
  readonly active: ImageView | null;
  /** All views on the screen, in reading order. */
  readonly all: readonly ImageView[];
  /** `preview` while any picture on the screen still lacks detail: nothing may be measured or signed then. */
  readonly quality: 'preview' | 'full';
  /** Brings an image of the study onto the screen, in the active cell. `frame` is 1-based, within its instance. */
  readonly show: (sop: string, frame?: number) => void;
}

const NONE: Views = { active: null, all: [], quality: 'full', show: () => undefined };

/** Which view stands in which cell, and which cell is active. */
export class ViewRegistry {
  private readonly cells = new Map<number, { view: ImageView; unfollow: () => void }>();
  private readonly listeners = new Set<() => void>();
  private activeCell = 0;
  private snapshot: Views;

  constructor() {
    this.snapshot = NONE;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Views => this.snapshot;

  /** The view of a cell. */
  at(cell: number): ImageView | null {
    return this.cells.get(cell)?.view ?? null;
  }

  /** Puts a view into a cell; nothing: the cell has none any more. */
  put(cell: number, view: ImageView | null): void {
    this.cells.get(cell)?.unfollow();
    if (view) this.cells.set(cell, { view, unfollow: view.subscribe(() => this.refresh()) });
    else this.cells.delete(cell);
    this.refresh();
  }

  activate(cell: number): void {
    this.activeCell = cell;
    this.refresh();
  }

  /** Who brings an image onto the screen. */
  showBy(show: Views['show']): void {
    if (this.snapshot.show !== show) this.tell({ ...this.snapshot, show });
  }

  private refresh(): void {
    const all = [...this.cells].sort(([a], [b]) => a - b).map(([, { view }]) => view);
    const active = this.at(this.activeCell);
    const coarse = all.some((view) => view.getState().shown >= 0 && view.getState().quality === 'preview');
    const quality = coarse ? 'preview' : 'full';
    const { snapshot: known } = this;
    const same = known.all.length === all.length && all.every((view, index) => view === known.all[index]);
    if (same && known.active === active && known.quality === quality) return;
    this.tell({ ...known, active, all: same ? known.all : all, quality });
  }

  private tell(next: Views): void {
    this.snapshot = next;
    for (const listener of this.listeners) listener();
  }
}

const never = () => () => undefined;
const none = () => NONE;

export const ViewsContext = createContext<ViewRegistry | null>(null);

/** The views of the study that this component stands in. */
export function useViews(): Views {
  const registry = useContext(ViewsContext);
  return useSyncExternalStore(registry?.subscribe ?? never, registry?.get ?? none);
}

/**
 * A part of what a view shows: who asks for little is drawn again little. `select` gives a primitive, or an object of primitives and of things
 * that stay the same.
 */
export function useViewPart<T>(view: ImageView | null, select: (state: ViewState | null) => T): T {
  const last = useRef<T>(undefined);
  return useSyncExternalStore(view?.subscribe ?? never, () => {
    const part = select(view?.getState() ?? null);
    if (!alike(last.current, part)) last.current = part;
    return last.current as T;
  });
}

function alike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  const [some, others] = [Object.entries(a), b as Record<string, unknown>];
  return some.length === Object.keys(b).length && some.every(([key, value]) => Object.is(value, others[key]));
}

const nothing = () => null;

/** What a view shows, kept up to date. */
export function useViewState(view: ImageView | null): ViewState | null {
  return useSyncExternalStore(view?.subscribe ?? never, view?.getState ?? nothing);
}
