/**
 * Drafts on this machine, by user and task: in localStorage at once (survives the page), and in IndexedDB with strict durability
 * a moment later (survives the browser and a power cut). Each open page writes under a name of its own, so that two pages of the
 * same task never overwrite each other. A browser that keeps nothing loses only this safety net.
 */
import { openDB } from './database';
import type { DraftStore, Kept } from './draft';
import { EMPTY_REPORT } from './written';

const PREFIX = 'lientuyen.draft';
/** In place of a text: it was taken off this machine, at this time. */
const GONE = 'gone:';
const OLDEST_MS = 90 * 24 * 3600_000;
const WAIT_MS = 1_500;
/** The node takes no more names of pages at once, beside the page's own. */
const MOST_PAGES = 15;

const place = (username: string, taskId: string) => `${PREFIX}.${username}.${taskId}.`;
const randomName = () => Math.random().toString(36).slice(2, 12);

function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

function keptOf(value: unknown): Kept | null {
  if (typeof value !== 'object' || value === null) return null;
  const { written, base, sent, count, at, pages, aside } = value as Partial<Kept>;
  if (typeof written !== 'object' || written === null || typeof base !== 'string' || typeof at !== 'number')
    return null;
  return {
    written: { ...EMPTY_REPORT, ...written },
    base,
    sent: Array.isArray(sent) ? sent : [],
    count: count ?? 0,
    at,
    pages: typeof pages === 'object' && pages !== null ? pages : {},
    aside: aside === true,
  };
}

export interface Found {
  name: string;
  /** The page that wrote it, as the node knows it. */
  page: string;
  kept: Kept;
}

/** The drafts of a task that wait on this machine, the newest first. */
export async function findKept(username: string, taskId: string): Promise<Found[]> {
  const prefix = place(username, taskId);
  const found = new Map<string, Kept>();
  const gone = new Map<string, number>();
  const add = (name: string, value: unknown) => {
    const kept = keptOf(value);
    const known = found.get(name);
    if (kept && kept.at > Date.now() - OLDEST_MS && (!known || kept.at > known.at)) found.set(name, kept);
  };
  attempt(() => {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(prefix)) continue;
      const value = localStorage.getItem(name)!;
      if (value.startsWith(GONE)) {
        const when = Number(value.slice(GONE.length));
        gone.set(name, when);
        if (when < Date.now() - OLDEST_MS) localStorage.removeItem(name);
      } else
        add(
          name,
          attempt<unknown>(() => JSON.parse(value), null),
        );
    }
  }, undefined);
  const late = new Promise<[]>((resolve) => setTimeout(() => resolve([]), WAIT_MS));
  const durable = openDB()
    .then((base) => base.all(prefix))
    .catch(() => []);
  // what was written after the note is no old copy: the browser's storage reaches the disk later than the database does
  for (const [name, value] of await Promise.race([durable, late]))
    if ((keptOf(value)?.at ?? 0) >= (gone.get(name) ?? 0)) add(name, value);
  return [...found]
    .map(([name, kept]) => ({ name, page: name.slice(prefix.length), kept }))
    .sort((a, b) => b.kept.at - a.kept.at);
}

/** Those that the node does not have yet. The others are old copies: the browser's storage reaches the disk late, and a browser that
 * was killed may find there what it had taken off already. */
export function notArrived(found: readonly Found[], arrived: Record<string, number>): Found[] {
  const old = found.filter(({ page, kept }) => (arrived[page] ?? -1) >= kept.count);
  for (const { name } of old) forget(name);
  return found.filter((one) => !old.includes(one));
}

/** Takes a draft that waited off this machine. The note that it is gone stays until the database has forgotten it too: a page that
 * is opened meanwhile must not find it again. */
export function forget(name: string): void {
  const note = `${GONE}${Date.now()}`;
  attempt(() => localStorage.setItem(name, note), undefined);
  void openDB()
    .then(
      (base) => base.remove(name),
      () => undefined, // there is no database
    )
    .then(() =>
      attempt(() => {
        if (localStorage.getItem(name) === note) localStorage.removeItem(name);
      }, undefined),
    )
    .catch(() => undefined);
}

/** How well this machine keeps the newest text: on its disk, in the browser's memory only, or not at all. */
export type Keeping = 'disk' | 'memory' | 'nowhere';

export interface PageStore extends DraftStore {
  readonly page: string;
  readonly name: string;
  /** Goes on with the text of these copies. */
  adopt(found: readonly Found[]): void;
  /** The pages whose text this one goes on with, and up to which change: what is saved here has theirs. */
  pages(): Record<string, number>;
  keeping(): Keeping;
}

/** Keeps a text in a place of its own, beside what is being written: nobody goes on with it without being asked. */
export function setAside(username: string, taskId: string, kept: Kept, page = randomName()): Found {
  const name = place(username, taskId) + page;
  const aside = { ...kept, aside: true };
  attempt(() => localStorage.setItem(name, JSON.stringify(aside)), undefined);
  void openDB()
    .then((base) => base.put(name, aside))
    .catch(() => undefined);
  return { name, page, kept: aside };
}

/** A page's own place. `adopted`: the copies whose text this page goes on with; they are cleared with its own.
 * `settled` hears when `keeping` has changed. */
export function browserStore(
  username: string,
  taskId: string,
  adopted: readonly Found[] = [],
  settled: () => void = () => undefined,
): PageStore {
  const page = randomName();
  const name = place(username, taskId) + page;
  const names = new Set<string>();
  let pages: Record<string, number> = {};
  let wanted = 0;
  let written = false;
  let keeping: Keeping = 'disk';
  const become = (next: Keeping) => {
    if (keeping === next) return;
    keeping = next;
    settled();
  };
  const adopt = (found: readonly Found[]) => {
    for (const one of found) {
      names.add(one.name);
      pages = { ...pages, ...one.kept.pages, [one.page]: one.kept.count };
    }
  };
  adopt(adopted);
  return {
    page,
    name,
    adopt,
    pages: () => Object.fromEntries(Object.entries(pages).slice(-MOST_PAGES)),
    keeping: () => keeping,
    write: (kept) => {
      const whole = { ...kept, pages };
      const here = attempt(() => {
        localStorage.setItem(name, JSON.stringify(whole));
        return true;
      }, false);
      wanted += 1;
      const mine = wanted;
      written = true;
      keeping = here ? 'memory' : 'nowhere';
      void openDB()
        .then((base) => (mine === wanted ? base.put(name, whole) : undefined))
        .then(() => mine === wanted && become('disk'))
        .catch(() => undefined);
    },
    clear: () => {
      wanted += 1;
      keeping = 'disk';
      for (const one of written ? [name, ...names] : names) forget(one);
      names.clear();
    },
  };
}

/** Nothing is kept: for pages that only look. */
export const noStore: PageStore = {
  page: '',
  name: '',
  adopt: () => undefined,
  pages: () => ({}),
  write: () => undefined,
  clear: () => undefined,
  keeping: () => 'disk',
};
