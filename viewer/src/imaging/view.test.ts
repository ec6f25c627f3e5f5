import { utilities } from '@cornerstonejs/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { comesFrom } from './sources';
import type { Stack } from './stack';
import { ImageView } from './view';

const { genericViewportDisplaySetMetadataProvider: provider } = utilities;

/** Stands in for the toolkit's viewport: puts a display set on when it is told to, or cannot. */
class FakeViewport {
  readonly mounted: string[] = [];
  fails = false;
  hold: Promise<void> = Promise.resolve();
  async setDisplaySets({ displaySetId }: { displaySetId: string }): Promise<void> {
    await this.hold;
    if (this.fails) throw new Error('the picture could not be put on');
    this.mounted.push(displaySetId);
  }
  getZoom = () => 2;
  getPan = () => [0, 0];
  getViewState = () => ({});
  getImageData = () => undefined;
  getDisplaySetPresentation = () => ({});
  getDefaultVOIRange = () => undefined;
  setZoom = vi.fn();
  setPan = vi.fn();
  setViewState = vi.fn();
  resetViewState = vi.fn();
  setDisplaySetPresentation = vi.fn();
  render = vi.fn();
}

let viewport: FakeViewport;
vi.mock('./engine', () => ({
  ENGINE: 'test',
  openViewport: async () => viewport,
  closeViewport: () => undefined,
  resizeViewports: () => undefined,
}));
vi.mock('./mouse', () => ({
  Mouse: class {
    use() {}
    close() {}
  },
}));
vi.mock('./edges', () => ({ edgesOn: () => null }));

function aStack(series: string): Stack {
  const frames = [0, 1, 2].map((n) => ({
    imageId: `${series}/${n}`,
    sop: `${series}.${n}`,
    number: 1,
    instanceNumber: n,
  }));
  const datasets = new Map(frames.map(({ sop }) => [sop, {}]));
  const stack: Stack = {
    study: '1',
    series,
    modality: 'CT',
    description: '',
    frames,
    datasets,
    rate: 8,
    color: false,
    frameBytes: 2,
  };
  comesFrom(stack, {
    states: ['full', 'full', 'full'],
    busy: false,
    errorOf: () => undefined,
    follow: () => () => undefined,
    want: () => Promise.resolve(),
    prefetch: () => undefined,
  });
  return stack;
}

let view: ImageView;
beforeEach(() => {
  viewport = new FakeViewport();
  vi.spyOn(console, 'error').mockReturnValue();
  view = new ImageView(document.createElement('div'));
});
afterEach(() => {
  view.close();
  vi.restoreAllMocks();
});

it('a stack that cannot be put on leaves nothing behind, and the one before it is still the one that is shown', async () => {
  const [add, remove] = [vi.spyOn(provider, 'add'), vi.spyOn(provider, 'remove')];
  await view.open(aStack('a'));
  viewport.fails = true;
  await view.open(aStack('b'));
  await view.open(aStack('c'));
  const left = () => {
    const gone = remove.mock.calls.map(([id]) => id);
    return add.mock.calls.map(([id]) => id).filter((id) => !gone.includes(id));
  };
  expect(left()).toEqual([view.displaySet]);
  expect(viewport.mounted).toEqual([view.displaySet]);
  view.close();
  expect(left()).toEqual([]);
});

it('what takes the place of a stack is not said to be shown before the viewport has it', async () => {
  const [before, after] = [aStack('a'), aStack('b')];
  await view.open(before, 2);
  let release = () => {};
  viewport.hold = new Promise((resolve) => {
    release = resolve;
  });
  const replaced = view.replace(after, 1);
  await new Promise((resolve) => setTimeout(resolve));
  expect(view.getState()).toMatchObject({ stack: before, shown: 2 });
  release();
  await replaced;
  expect(view.getState()).toMatchObject({ stack: after, shown: 1, target: 1, status: 'ready' });
  expect(viewport.setZoom).toHaveBeenLastCalledWith(2);
});

it('what could not take its place leaves the stack that was shown', async () => {
  const before = aStack('a');
  await view.open(before, 2);
  viewport.fails = true;
  await view.replace(aStack('b'), 1);
  expect(view.getState()).toMatchObject({ stack: before, shown: 2, error: expect.any(Error) });
});

it('a study that is opened meanwhile is not overtaken by a replacement that comes late', async () => {
  const third = aStack('c');
  await view.open(aStack('a'));
  let release = () => {};
  viewport.hold = new Promise((resolve) => {
    release = resolve;
  });
  const replaced = view.replace(aStack('b'), 1);
  await new Promise((resolve) => setTimeout(resolve));
  const opened = view.open(third, 2);
  release();
  await Promise.all([replaced, opened]);
  expect(view.getState()).toMatchObject({ stack: third, shown: 2 });
});
