/** Previews at the size of the whole image, so that geometry, window and annotations are the same for both. Pure. */

export type Samples =
  | Int16Array
  | Uint16Array
  | Uint8Array
  | Uint8ClampedArray
  | Float32Array
  | Int8Array
  | Uint32Array;

interface Grid {
  readonly columns: number;
  readonly rows: number;
}

/** For each of `size` positions: the sample before it, and how far it is on the way to the next one. */
function steps(
  size: number,
  small: number,
  factor: number,
): { before: Int32Array; after: Int32Array; part: Float32Array } {
  const [before, after, part] = [new Int32Array(size), new Int32Array(size), new Float32Array(size)];
  for (let i = 0; i < size; i += 1) {
    const at = Math.min(i / factor, small - 1);
    before[i] = Math.floor(at);
    after[i] = Math.min(before[i]! + 1, small - 1);
    part[i] = at - before[i]!;
  }
  return { before, after, part };
}

/**
 * Interpolates `samples` of a `small` image with `components` values a pixel to a `large` one that was halved `reduction` times.
 *
 * Sample k of the reduced image stands at k * 2^reduction of the whole (the low-pass band of the 5/3 wavelet), so that nothing moves when
 * the whole image takes its place.
 */
export function enlarge<T extends Samples>(samples: T, small: Grid, large: Grid, reduction: number, components = 1): T {
  const factor = 2 ** reduction;
  const result = new (samples.constructor as new (length: number) => T)(large.columns * large.rows * components);
  const across = steps(large.columns, small.columns, factor);
  const down = steps(large.rows, small.rows, factor);
  const stride = small.columns * components;
  const line = new Float32Array(stride);
  const whole = !(samples instanceof Float32Array);
  let to = 0;
  for (let y = 0; y < large.rows; y += 1) {
    const [above, below, share] = [down.before[y]! * stride, down.after[y]! * stride, down.part[y]!];
    for (let i = 0; i < stride; i += 1) {
      const value = samples[above + i]!;
      line[i] = value + (samples[below + i]! - value) * share;
    }
    for (let x = 0; x < large.columns; x += 1) {
      const [left, right, part] = [across.before[x]! * components, across.after[x]! * components, across.part[x]!];
      for (let c = 0; c < components; c += 1) {
        const value = line[left + c]! + (line[right + c]! - line[left + c]!) * part;
        result[to] = whole ? Math.round(value) : value;
        to += 1;
      }
    }
  }
  return result;
}
