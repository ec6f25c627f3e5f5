/** Places in a text that stand for something: they move with the text around them and end when their own text is changed. Pure. */
import type { Link } from '../api/types';

/** What a change of a text replaced: `[from, to)` of the old one by `text`. */
export interface Change {
  from: number;
  to: number;
  text: string;
}

/** The smallest change that makes `after` of `before`. `caret` is where the writer stands after it, which tells apart changes
 * that look alike (a letter doubled). */
export function changeBetween(before: string, after: string, caret: number = after.length): Change {
  const limit = Math.min(before.length, after.length);
  const tail = Math.max(0, after.length - caret);
  let end = 0;
  while (end < limit && end < tail && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  let start = 0;
  while (start < limit - end && before[start] === after[start]) start += 1;
  while (end < limit - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return { from: start, to: before.length - end, text: after.slice(start, after.length - end) };
}

/** The links of a section after a change of its text; those of others stay as they are. */
export function shifted(links: readonly Link[], section: string, { from, to, text }: Change): Link[] {
  const by = text.length - (to - from);
  return links.flatMap((link) => {
    if (link.section !== section || link.end <= from) return [link];
    if (link.start >= to) return [{ ...link, start: link.start + by, end: link.end + by }];
    return [];
  });
}

export const apply = (before: string, { from, to, text }: Change): string =>
  before.slice(0, from) + text + before.slice(to);

/** The link that the caret stands in or at the end of. */
export const linkAt = (links: readonly Link[], section: string, caret: number): Link | undefined =>
  links.find((link) => link.section === section && caret > link.start && caret <= link.end);

export interface Piece {
  text: string;
  link?: Link;
  /** Index into the marks that were given. */
  mark?: number;
}

/** A text in pieces, for drawing: links, and other places to mark; a place that overlaps an earlier one is left out. */
export function pieces(
  text: string,
  links: readonly Link[],
  marks: readonly { start: number; end: number }[],
): Piece[] {
  const places = [
    ...links.map((link) => ({ start: link.start, end: link.end, link })),
    ...marks.map(({ start, end }, mark) => ({ start, end, mark })),
  ].sort((a, b) => a.start - b.start);
  const found: Piece[] = [];
  let at = 0;
  for (const { start, end, ...what } of places) {
    if (start < at || end > text.length || end <= start) continue;
    if (start > at) found.push({ text: text.slice(at, start) });
    found.push({ text: text.slice(start, end), ...what });
    at = end;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}
