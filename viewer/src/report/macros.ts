/** Text macros: `/shortcut` in a section becomes its text. Pure. */
import { folded } from './templates';

export interface Macro {
  /** With the slash. */
  shortcut: string;
  /** What the list says beside it. */
  name: string;
  text: string;
}

/** What a list under the caret offers. */
export interface Offer {
  shortcut: string;
  name: string;
  /** What is done when it is taken: a text, a whole template, or a measurement. */
  take:
    | { kind: 'text'; text: string }
    | { kind: 'template'; code: string }
    | { kind: 'mark'; id: string; text: string };
}

/** `/…` that ends at the caret: where it begins, and what stands behind the slash. */
export function commandAt(text: string, caret: number): { from: number; typed: string } | null {
  const match = /(?:^|[\s(])\/([\p{L}\p{M}0-9-]{0,24})$/u.exec(text.slice(0, caret));
  return match ? { from: caret - match[1]!.length - 1, typed: match[1]! } : null;
}

/** Those that fit what was typed, without regard to accents: by shortcut first, then by a word of the name. */
export function offersFor(offers: readonly Offer[], typed: string, most = 8): Offer[] {
  const wanted = folded(typed);
  const rank = (offer: Offer): number => {
    const shortcut = folded(offer.shortcut.slice(1));
    if (shortcut === wanted) return 0;
    if (shortcut.startsWith(wanted)) return 1;
    if (
      wanted &&
      folded(offer.name)
        .split(/[\s–-]+/)
        .some((word) => word.startsWith(wanted))
    )
      return 2;
    return 9;
  };
  return offers
    .map((offer, index) => ({ offer, index, rank: rank(offer) }))
    .filter((one) => one.rank < 9)
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .slice(0, most)
    .map((one) => one.offer);
}

/** The one whose shortcut was typed in full: a space takes it. */
export const exactly = (offers: readonly Offer[], typed: string): Offer | undefined =>
  typed ? offers.find((offer) => folded(offer.shortcut.slice(1)) === folded(typed)) : undefined;
