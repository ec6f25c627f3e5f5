import { expect, it } from 'vitest';
import { Wheel } from './wheel';

const pixels = (deltaY: number) => ({ deltaY, deltaMode: 0 });

it('goes one image for a notch, however the browser counts it', () => {
  const wheel = new Wheel();
  expect([100, 120, 53, -100].map((delta) => wheel.steps(pixels(delta)))).toEqual([1, 1, 1, -1]);
  expect(wheel.steps({ deltaY: 3, deltaMode: 1 })).toBe(1);
});

it('goes as many images as notches that came at once', () => {
  expect(new Wheel().steps(pixels(300))).toBe(3);
});

it('collects the small movements of a touchpad', () => {
  const wheel = new Wheel();
  expect([20, 20, 20, 20, 20].map((delta) => wheel.steps(pixels(delta)))).toEqual([0, 0, 1, 0, 1]);
});

it('forgets what was travelled when the direction turns', () => {
  const wheel = new Wheel();
  wheel.steps(pixels(40));
  expect(wheel.steps(pixels(-40))).toBe(0);
  expect(wheel.steps(pixels(-10))).toBe(-1);
});
