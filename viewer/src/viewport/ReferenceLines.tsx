/** Where the active image cuts this one: a line over the picture. */
import { useEffect, useState } from 'react';
import { cutLine, type Vector } from '../imaging/geometry';
import type { ImageView } from '../imaging/view';
import classes from './ReferenceLines.module.css';

interface Line {
  from: readonly [number, number];
  to: readonly [number, number];
}

function lineIn(view: ImageView, of: ImageView): Line | null {
  const [plane, other] = [of.plane, view.plane];
  const ends = plane && other && cutLine(plane, other);
  if (!ends || !view.viewport) return null;
  const { viewport } = view;
  const onScreen = (point: Vector) => {
    const [x = 0, y = 0] = viewport.worldToCanvas([...point]);
    return [x, y] as const;
  };
  return { from: onScreen(ends[0]), to: onScreen(ends[1]) };
}

/** Follows both views: the one that is drawn over, and the one whose place is shown. */
export function ReferenceLines({ view, of }: { view: ImageView; of: ImageView }) {
  const [line, setLine] = useState<Line | null>(null);
  useEffect(() => {
    let waiting = 0;
    const draw = () => {
      waiting = 0;
      setLine((known) => {
        const next = lineIn(view, of);
        return JSON.stringify(next) === JSON.stringify(known) ? known : next;
      });
    };
    const soon = () => {
      waiting ||= requestAnimationFrame(draw);
    };
    soon();
    const stops = [view.whenDrawn(soon), view.subscribe(soon), of.subscribe(soon)];
    return () => {
      cancelAnimationFrame(waiting);
      for (const stop of stops) stop();
    };
  }, [view, of]);
  if (!line) return null;
  const [x1, y1] = line.from;
  const [x2, y2] = line.to;
  return (
    <svg className={classes.lines} aria-hidden="true">
      <line x1={x1} y1={y1} x2={x2} y2={y2} className={classes.shadow} />
      <line x1={x1} y1={y1} x2={x2} y2={y2} className={classes.line} />
    </svg>
  );
}
