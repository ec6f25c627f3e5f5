/** The cross of the two other planes in a plane: drag its centre to move, the end of a line to turn them. */
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cross, type Vector } from '../imaging/geometry';
import { PLANES, type Planes, type PlanesState } from '../imaging/planes';
import type { PlaneName } from '../imaging/reformat';
import type { ImageView } from '../imaging/view';
import classes from './Cross.module.css';

type Point = readonly [x: number, y: number];

interface Drawn {
  centre: Point;
  /** Unit directions on the screen of the lines of the other planes. */
  lines: readonly { plane: PlaneName; along: Point; slab: number }[];
  reach: number;
}

const TURN_MS = 60;

function drawn(view: ImageView, planes: Planes, about: PlanesState, plane: PlaneName): Drawn | null {
  const { viewport } = view;
  if (!viewport || view.getState().stack !== planes.stackOf(plane)) return null;
  const place = (point: Vector): Point => {
    const [x = 0, y = 0] = viewport.worldToCanvas([...point]);
    return [x, y];
  };
  const centre = place(about.centre);
  const look = planes.lookOf(plane);
  const lines = PLANES.filter((name) => name !== plane).map((name) => {
    const direction = cross(planes.lookOf(name).into, look.into);
    const end = place([
      about.centre[0] + direction[0] * 100,
      about.centre[1] + direction[1] * 100,
      about.centre[2] + direction[2] * 100,
    ]);
    const [dx, dy] = [end[0] - centre[0], end[1] - centre[1]];
    const length = Math.hypot(dx, dy) || 1;
    return {
      plane: name,
      along: [dx / length, dy / length] as const,
      slab: (about.slab.thickness / 100) * length,
    };
  });
  const { clientWidth, clientHeight } = view.element;
  return { centre, lines, reach: Math.min(clientWidth, clientHeight) };
}

export function Cross({ view, planes, plane }: { view: ImageView; planes: Planes; plane: PlaneName }) {
  const { t } = useTranslation();
  const [figure, setFigure] = useState<Drawn | null>(null);
  const turning = useRef<{ angle: number; at: number } | null>(null);
  useEffect(() => {
    let waiting = 0;
    const draw = () => {
      waiting = 0;
      setFigure(drawn(view, planes, planes.getState(), plane));
    };
    const soon = () => {
      waiting ||= requestAnimationFrame(draw);
    };
    soon();
    const stops = [view.whenDrawn(soon), view.subscribe(soon), planes.subscribe(soon)];
    return () => {
      cancelAnimationFrame(waiting);
      for (const stop of stops) stop();
    };
  }, [view, planes, plane]);
  if (!figure) return null;

  const { centre, lines, reach } = figure;
  const at = (event: PointerEvent): Point => {
    const box = view.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const move = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const world = view.viewport?.canvasToWorld([...at(event)]);
    if (world) planes.moveTo([world[0], world[1], world[2]]);
  };
  const angleAt = (event: PointerEvent) => {
    const [x, y] = at(event);
    return Math.atan2(y - centre[1], x - centre[0]);
  };
  const turn = (event: PointerEvent) => {
    const from = turning.current;
    if (!from || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const now = performance.now();
    if (now - from.at < TURN_MS) return;
    const angle = angleAt(event);
    turning.current = { angle, at: now };
    // the screen's y grows downwards, as does the plane's: positive is clockwise in both
    planes.turn(plane, angle - from.angle);
  };
  const grab = (event: PointerEvent) => {
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  return (
    <svg className={classes.cross} aria-label={t('planes.turn')}>
      {lines.map(({ plane: name, along, slab }) => {
        const point = (distance: number, aside = 0): Point => [
          centre[0] + along[0] * distance - along[1] * aside,
          centre[1] + along[1] * distance + along[0] * aside,
        ];
        const line = (from: number, to: number, aside: number, key: string) => {
          const [a, b] = [point(from, aside), point(to, aside)];
          return <line key={key} x1={a[0]} y1={a[1]} x2={b[0]} y2={b[1]} data-slab={aside !== 0 || undefined} />;
        };
        const handle = reach * 0.36;
        return (
          <g key={name} data-plane={name}>
            {line(-4000, -14, 0, 'a')}
            {line(14, 4000, 0, 'b')}
            {slab > 6 && [line(-4000, 4000, slab / 2, 'c'), line(-4000, 4000, -slab / 2, 'd')]}
            {[handle, -handle].map((distance) => {
              const [x, y] = point(distance);
              return (
                <circle
                  key={distance}
                  className={classes.handle}
                  cx={x}
                  cy={y}
                  r={6}
                  onPointerDown={(event) => {
                    grab(event);
                    turning.current = { angle: angleAt(event), at: 0 };
                  }}
                  onPointerMove={turn}
                  onPointerUp={() => {
                    turning.current = null;
                  }}
                />
              );
            })}
          </g>
        );
      })}
      <circle
        className={classes.centre}
        cx={centre[0]}
        cy={centre[1]}
        r={13}
        onPointerDown={grab}
        onPointerMove={move}
      />
    </svg>
  );
}
