import { beforeEach, expect, it } from 'vitest';
import { chooseCurve, chosenCurve } from '../imaging/drawing';
import { LINEAR } from '../imaging/luts';
import { type Range, windowOf } from '../imaging/presets';
import type { Stack } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import { governs, notesOn, Seen } from './seen';
import type { Presentation } from './types';

/** A view that keeps what it is told; it has no picture. */
class FakeView {
  element = document.createElement('div');
  chosenRange: Range | undefined;
  lends: unknown = null;
  /** It is drawn by a graphics processor until it is put on anew: who waits for that. */
  drawnHere = true;
  put: (() => void) | null = null;
  drawsCurves = (then: () => void) => {
    if (this.drawnHere) return false;
    this.drawnHere = true;
    this.put = then;
    return true;
  };
  inverted = false;
  turned = { flipHorizontal: false, flipVertical: false, rotation: 0 };
  zoom = 1;
  pan: [number, number] = [0, 0];
  viewport = {
    getViewState: () => this.turned,
    setViewState: (turned: Partial<typeof this.turned>) => {
      this.turned = { ...this.turned, ...turned };
    },
    getZoom: () => this.zoom,
    setZoom: (zoom: number) => {
      this.zoom = zoom;
    },
    getPan: () => this.pan,
    setPan: (pan: [number, number]) => {
      this.pan = pan;
    },
    getImageData: () => undefined,
  };
  shown = 0;
  getState = () => ({ inverted: this.inverted, stack, shown: this.shown });
  invert = () => {
    this.inverted = !this.inverted;
  };
  setRange = (range: Range) => {
    this.chosenRange = range;
  };
  applyPreset = () => {
    this.chosenRange = undefined;
    chooseCurve(this.element, null);
  };
  reset = () => {
    this.applyPreset();
    this.inverted = false;
    this.turned = { flipHorizontal: false, flipVertical: false, rotation: 0 };
    this.zoom = 1;
    this.pan = [0, 0];
  };
}

const image = { '00280002': { Value: [1] }, '00280101': { Value: [12] } };
const stack = {
  series: '2',
  frames: [
    { imageId: 'a', sop: '1', number: 1, instanceNumber: 1 },
    { imageId: 'b', sop: '2', number: 1, instanceNumber: 2 },
    { imageId: 'c', sop: '2', number: 2, instanceNumber: 2 },
    { imageId: 'd', sop: '3', number: 1, instanceNumber: 3 },
  ],
  datasets: new Map(['1', '2', '3'].map((sop) => [sop, image])),
} as unknown as Stack;
const state = (more: Partial<Presentation> = {}) =>
  ({
    images: [
      { series: '2', sop: '1', frames: [] },
      { series: '2', sop: '2', frames: [2] },
    ],
    areas: [],
    rotation: 0,
    flipped: true,
    windows: [{ images: [], name: '', center: 70, width: 150 }],
    inverse: true,
    modality: null,
    presentation_lut: null,
    ...more,
  }) as unknown as Presentation;

let fake: FakeView;
let seen: Seen;
const on = (one: Presentation | null, index: number) => {
  seen.follow(one, stack, index);
  const { width = null, center = null } = fake.chosenRange ? windowOf(fake.chosenRange) : {};
  return { width, center, inverted: fake.inverted, flipped: fake.turned.flipHorizontal, zoom: fake.zoom };
};
beforeEach(() => {
  fake = new FakeView();
  seen = new Seen(fake as unknown as ImageView);
});
const PLAIN = { width: null, center: null, inverted: false, flipped: false, zoom: 1 };
const SEEN = { width: 150, center: 70, inverted: true, flipped: true, zoom: 1 };

it('a state is about the images that it names, and of those about the frames', () => {
  expect(stack.frames.map((frame) => governs(state(), frame))).toEqual([true, false, true, false]);
});

it('a state holds on the images that it names, and what was before returns on the others', () => {
  const one = state();
  expect([0, 1, 2, 3, 0].map((index) => on(one, index))).toEqual([SEEN, PLAIN, SEEN, PLAIN, SEEN]);
  expect(on(null, 0)).toEqual(PLAIN);
});

it('the window, the zoom and the curve of the reader return, not those of the image', () => {
  fake.setRange({ lower: 0, upper: 99 });
  chooseCurve(fake.element, LINEAR);
  fake.zoom = 3;
  fake.inverted = true;
  const mine = { width: 100, center: 50, inverted: true, flipped: false, zoom: 3 };
  expect(on(state(), 3)).toEqual(mine);
  expect(on(state(), 0)).toEqual(SEEN);
  expect(fake.lends).toMatchObject({ range: { lower: 0, upper: 99 }, inverted: true });
  expect(on(state(), 3)).toEqual(mine);
  expect(chosenCurve(fake.element)).toBe(LINEAR);
  expect(fake.lends).toBeNull();
});

it('what the reader does with the images of a state stays as long as it says the same of them', () => {
  const one = state();
  on(one, 0);
  fake.setRange({ lower: 0, upper: 9 });
  fake.zoom = 2;
  expect(on(one, 2)).toMatchObject({ width: 10, zoom: 2 });
});

it('a state with other words for another image is followed', () => {
  const windows = [
    { images: [{ sop: '1', frames: [] }], name: '', center: 70, width: 150 },
    { images: [{ sop: '2', frames: [] }], name: '', center: 500, width: 2000 },
  ];
  const one = state({ windows });
  expect([0, 2].map((index) => on(one, index).width)).toEqual([150, 2000]);
  const other = state({ windows: [], images: state().images });
  expect(on(other, 2)).toMatchObject({ width: 4096, center: 2048 });
  expect(notesOn(other, stack, 2)).toEqual(['no-window']);
  expect(notesOn(other, stack, 3)).toEqual([]);
  expect(on(null, 2)).toEqual(PLAIN);
});

it('a curve that the renderer does not know waits for one that does; who has left meanwhile is left alone', () => {
  const curved = state({ presentation_lut: { descriptor: [3, 0, 8], entries: [0, 200, 255] } });
  fake.drawnHere = false;
  expect(on(curved, 0)).toEqual(PLAIN);
  fake.put!();
  expect(fake.chosenRange && windowOf(fake.chosenRange).width).toBe(150);
  expect(chosenCurve(fake.element)?.kind).toBe('table');
  expect(on(null, 0)).toEqual(PLAIN);
  fake.drawnHere = false;
  on(curved, 0);
  on(null, 0);
  fake.put!();
  expect(chosenCurve(fake.element)).toBeNull();
});
