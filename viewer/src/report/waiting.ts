/** Unsent texts of one task on this machine: which of them are different, and which one is gone on with. Pure. */
import type { Found } from './kept';
import { same, type Written } from './written';

/** An unsent text, and the copies that it makes needless. */
export interface Waiting extends Found {
  covers: Found[];
}

/** Each text once, the newest first. What a newer one goes on from, or says as well, stands behind it. */
export function distinct(found: readonly Found[]): Waiting[] {
  const texts: Waiting[] = [];
  for (const one of [...found].sort((a, b) => b.kept.at - a.kept.at)) {
    const home = texts.find((other) => goesOn(other, one) || same(other.kept.written, one.kept.written));
    if (home) home.covers.push(one);
    else texts.push({ ...one, covers: [] });
  }
  return texts;
}

/** Those that the node does not have in these words. */
export const notOf = (node: Written, texts: readonly Waiting[]) =>
  texts.filter(({ kept }) => !same(kept.written, node));

const goesOn = (text: Found, one: Found) =>
  text.page === one.page || (text.kept.pages?.[one.page] ?? -1) >= one.kept.count;

/** The text that the editor opens with: the newest that was not set aside. */
export const begunWith = (texts: readonly Waiting[]): Waiting | undefined => texts.find(({ kept }) => !kept.aside);

/** All its copies, its own first. */
export const copiesOf = (one: Waiting): Found[] => [one, ...one.covers];
