import { cache } from '@cornerstonejs/core';
import type { Range } from './presets';

/** The least and the greatest value of a frame that is loaded. */
export function fullRange(imageId: string): Range | null {
  const values = cache.getImage(imageId)?.voxelManager?.getScalarData();
  if (!values?.length) return null;
  let [lower, upper] = [values[0]!, values[0]!];
  for (let i = 1; i < values.length; i += 1) {
    const value = values[i]!;
    if (value < lower) lower = value;
    else if (value > upper) upper = value;
  }
  return { lower, upper: Math.max(upper, lower + 1) };
}
