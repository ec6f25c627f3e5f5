/** Differences between two texts, word by word. Pure. */
export interface Span {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

const WORDS = /\s+|[^\s]+/g;
const MOST = 4_000_000; // cells of the table; longer texts are compared by their ends only

/** What was removed from `before` and added to make `after`, in reading order. */
export function differences(before: string, after: string): Span[] {
  const a = before.match(WORDS) ?? [];
  const b = after.match(WORDS) ?? [];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return joined([
    { kind: 'same', text: a.slice(0, head).join('') },
    ...middle,
    { kind: 'same', text: a.slice(a.length - tail).join('') },
  ]);
}

function between(a: readonly string[], b: readonly string[]): Span[] {
  if (!a.length || !b.length || a.length * b.length > MOST)
    return [
      { kind: 'removed', text: a.join('') },
      { kind: 'added', text: b.join('') },
    ];
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      length[i * width + j] =
        a[i] === b[j]
          ? length[(i + 1) * width + j + 1]! + 1
          : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!);
  const spans: Span[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      spans.push({ kind: 'same', text: a[i]! });
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || length[(i + 1) * width + j]! >= length[i * width + j + 1]!)) {
      spans.push({ kind: 'removed', text: a[i]! });
      i += 1;
    } else {
      spans.push({ kind: 'added', text: b[j]! });
      j += 1;
    }
  }
  return spans;
}

function joined(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const span of spans) {
    if (!span.text) continue;
    const last = found.at(-1);
    if (last?.kind === span.kind) last.text += span.text;
    else found.push({ ...span });
  }
  return found;
}
