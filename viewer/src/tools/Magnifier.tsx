/** A round glass under the pointer: the picture as it is drawn, three times as large. */
import { useEffect, useRef } from 'react';
import type { ImageView } from '../imaging/view';
import type { Point } from './mark';

const SIZE = 220;
const TIMES = 3;

export function Magnifier({ view, at: [x, y] }: { view: ImageView; at: Point }) {
  const glass = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = glass.current?.getContext('2d');
    const drawn = view.element.querySelector('canvas');
    if (!context || !drawn) return;
    const ratio = drawn.width / drawn.clientWidth;
    const part = SIZE / TIMES;
    context.imageSmoothingEnabled = false;
    context.fillStyle = '#000';
    context.fillRect(0, 0, SIZE, SIZE);
    context.drawImage(
      drawn,
      (x - part / 2) * ratio,
      (y - part / 2) * ratio,
      part * ratio,
      part * ratio,
      0,
      0,
      SIZE,
      SIZE,
    );
  });
  return (
    <canvas
      ref={glass}
      width={SIZE}
      height={SIZE}
      style={{
        position: 'absolute',
        left: x - SIZE / 2,
        top: y - SIZE / 2,
        borderRadius: '50%',
        border: '2px solid #5ccde8',
        boxShadow: '0 0 0 1px #000',
      }}
    />
  );
}
