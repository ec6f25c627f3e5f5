import { describe, expect, it } from 'vitest';
import { enlarge } from './enlarge';

describe('enlarged previews', () => {
  it('keep each sample where it stands in the whole image and draw lines between them', () => {
    const whole = enlarge(new Int16Array([0, 8, -8, 0]), { columns: 2, rows: 2 }, { columns: 4, rows: 3 }, 1);
    expect([...whole]).toEqual([0, 4, 8, 8, -4, 0, 4, 4, -8, -4, 0, 0]);
  });

  it('are of the size of images whose edges are no multiple of it', () => {
    const whole = enlarge(new Uint8Array([10, 20, 30]), { columns: 3, rows: 1 }, { columns: 5, rows: 1 }, 1);
    expect([...whole]).toEqual([10, 15, 20, 25, 30]);
  });

  it('mix colours by their own kind only', () => {
    const whole = enlarge(
      new Uint8Array([0, 100, 200, 100, 200, 0]),
      { columns: 2, rows: 1 },
      { columns: 3, rows: 1 },
      1,
      3,
    );
    expect([...whole]).toEqual([0, 100, 200, 50, 150, 100, 100, 200, 0]);
  });

  it('keep fractions where samples have them, and the greatest values', () => {
    const [a, b] = [new Float32Array([0.5, 1]), new Uint16Array([65535, 65534])];
    expect([...enlarge(a, { columns: 2, rows: 1 }, { columns: 3, rows: 1 }, 1)]).toEqual([0.5, 0.75, 1]);
    expect(enlarge(b, { columns: 2, rows: 1 }, { columns: 3, rows: 1 }, 1)[0]).toBe(65535);
  });

  it('are the image itself where nothing was halved', () => {
    expect([...enlarge(new Int16Array([-5, 7]), { columns: 2, rows: 1 }, { columns: 2, rows: 1 }, 0)]).toEqual([-5, 7]);
  });
});
