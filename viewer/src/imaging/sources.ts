/** Where the frames of a stack come from: over the line, unless somebody here makes them. */
import { type Feed, feedOf } from './feed';
import type { Stack } from './stack';

/** What a view needs of whoever has the frames. */
export type FrameSource = Pick<Feed, 'states' | 'busy' | 'errorOf' | 'follow' | 'want' | 'prefetch'>;

const made = new WeakMap<Stack, FrameSource>();

/** Says who makes the frames of a stack. */
export function comesFrom(stack: Stack, source: FrameSource): void {
  made.set(stack, source);
}

export const sourceOf = (stack: Stack): FrameSource => made.get(stack) ?? feedOf(stack);
