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

/**
 * Interpolates `samples` of a `small` image with `components` values a pixel to a `large` one that was halved `reduction` times.
 *
 * Sample k of the reduced image stands at k * 2^reduction of the whole (the low-pass band of the 5/3 wavelet), so that nothing moves when
 * the whole image takes its place.
 */
export function enlarge<T extends Samples>(samples: T, small: Grid, large: Grid, reduction: number, components = 1): T {
  const factor = 2 ** reduction;
  const result = new (samples.constructor as new (length: number) => T)(large.columns * large.rows * components);
  const stride = small.columns * components;
  const line = new Float32Array(stride + components);
  const shift = samples instanceof Float32Array ? 0 : ROUNDING;
  for (let y = 0; y < large.rows; y += 1) {
    const at = Math.min(y / factor, small.rows - 1);
    const above = Math.floor(at) * stride;
    const below = Math.min(Math.floor(at) + 1, small.rows - 1) * stride;
    const share = at - Math.floor(at);
    for (let i = 0; i < stride; i += 1) line[i] = samples[above + i]! * (1 - share) + samples[below + i]! * share;
    for (let c = 0; c < components; c += 1) line[stride + c] = line[stride - components + c]!;
    for (let c = 0; c < components; c += 1) {
      stretch(line.subarray(c), components, factor, result, y * large.columns * components + c, large.columns, shift);
    }
  }
  return result;
}

/** Added and taken away again so that cutting off the fraction rounds negative numbers, too. */
const ROUNDING = 2 ** 20;

/** Writes a line of `columns` values, `step` apart from `to` on, each `factor` of them between two samples of `line`. */
function stretch(
  line: Float32Array,
  step: number,
  factor: number,
  result: Samples,
  to: number,
  columns: number,
  shift: number,
): void {
  let place = to;
  let left = columns;
  for (let from = 0; left > 0; from += step) {
    const begin = line[from]!;
    const slope = ((line[from + step] ?? begin) - begin) / factor;
    const count = Math.min(factor, left);
    for (let k = 0; k < count; k += 1, place += step) {
      const value = begin + slope * k;
      result[place] = shift ? ((value + shift + 0.5) | 0) - shift : value;
    }
    left -= count;
  }
}
