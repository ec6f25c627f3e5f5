import { describe, expect, it } from 'vitest';
import type { ViewState } from '../imaging/viewstate';
import { allThere } from './useNextAhead';

const view = (...frames: ViewState['frames'][number][]) => ({ getState: () => ({ frames }) as unknown as ViewState });

describe('what is on the screen', () => {
  it('is all there when every frame of every series is', () => {
    expect(allThere([view('full', 'full'), view('full')])).toBe(true);
    expect(allThere([view('full', 'preview')])).toBe(false);
    expect(allThere([view('full'), view()])).toBe(false);
    expect(allThere([])).toBe(false);
  });
});
