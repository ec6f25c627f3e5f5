/** The marks of the frame on the screen, over the image; and the hand that draws them. */
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { datasetAt } from '../imaging/stack';
import type { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';
import { interceptKeys } from '../viewport/shortcuts';
import { useViews } from '../viewport/views';
import { AskLength, AskText } from './Ask';
import { outline } from './geometry';
import { Magnifier } from './Magnifier';
import classes from './MarkLayer.module.css';
import { MarkShape } from './MarkShape';
import { isPen, type Mark, type MarkContent, type Point, STROKE } from './mark';
import { Pen, type Surroundings } from './pen';
import { pixelsOf } from './pixels';
import { type Projection, toImage, toScreen, useProjection } from './projection';
import type { MarkRoom, Place } from './room';
import { useMarks, useRoom } from './useMarks';
import { valuesOf } from './values';
import { linesOf, spokenName, valueWords } from './words';

interface Props {
  view: ImageView | null;
  state: ViewState | null;
}

export function MarkLayer({ view, state }: Props) {
  const study = state?.stack?.study;
  if (!view || !state?.stack || !study || state.shown < 0) return null;
  return <Layer key={study} view={view} state={state} study={study} />;
}

const WRITING = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]';

function Layer({ view, state, study }: { view: ImageView; state: ViewState; study: string }) {
  const { t } = useTranslation();
  const { active } = useViews();
  const projection = useProjection(view);
  const { room } = useMarks(study);
  const { selected, point, asking } = useRoom(room);
  const [hover, setHover] = useReducer((_: Point | null, next: Point | null) => next, null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const layer = useRef<HTMLDivElement>(null);
  const place = useMemo<Place | null>(
    () => (state.stack && state.shown >= 0 ? { stack: state.stack, index: state.shown } : null),
    [state.stack, state.shown],
  );

  useEffect(() => {
    if (state.stack) room.meet(state.stack);
  }, [room, state.stack]);
  const around = useRef<Surroundings>(null as unknown as Surroundings);
  around.current = {
    room,
    projection,
    place,
    tool: state.tool,
    full: state.quality === 'full' && state.shown === state.target,
    size: [view.element.clientWidth, view.element.clientHeight],
  };
  const pen = useMemo(() => new Pen(() => around.current, redraw), []);
  const wantsHover = useRef(false);
  wantsHover.current = state.tool === 'probe' || state.tool === 'magnify';

  usePointer(view, pen, wantsHover, setHover);
  useKeysOf(pen, active === view, () => layer.current);
  // another frame or another tool ends what was begun
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are the reasons
  useEffect(() => pen.stop(), [pen, state.stack, state.target, state.tool]);
  useEffect(() => {
    const focused = document.activeElement;
    if (selected && focused instanceof HTMLElement && focused.dataset.mark && focused.dataset.mark !== selected) {
      layer.current?.querySelector<HTMLElement>(`[data-mark="${selected}"]`)?.focus();
    }
  }, [selected]);

  if (!projection || !place || projection.shown !== state.shown) return <div ref={layer} />;
  const { drawn, moved, crosshair, set } = pen.state;
  const marks = room.on(place).map((mark) => (mark.id === moved?.id ? { ...mark, ...moved } : mark));
  const asked = asking && room.isAskedOn(place) ? asking : null;
  const all: readonly (Mark | MarkContent)[] = [...marks, ...(drawn ? [drawn] : []), ...(asked ? [asked.mark] : [])];
  return (
    <div ref={layer} className={classes.layer} role="group" aria-label={t('marks.list')} data-marks={marks.length}>
      <svg className={classes.drawing} aria-hidden="true">
        {all.map((mark) => (
          <MarkShape
            key={mark.id}
            mark={mark}
            projection={projection}
            selected={mark.id === selected || mark === drawn || mark === asked?.mark}
            chosen={mark.id === selected ? point : null}
          />
        ))}
        {crosshair && <Crosshair at={toScreen(projection, crosshair)} />}
      </svg>
      {all.map((mark) => (
        <Label
          key={mark.id}
          mark={mark}
          projection={projection}
          size={around.current.size}
          selected={mark.id === selected}
          onSelect={() => room.select(mark.id)}
        />
      ))}
      {state.tool === 'probe' && hover && !drawn && !crosshair && (
        <HoverValue at={hover} projection={projection} place={place} room={room} />
      )}
      {crosshair && (
        <HoverValue at={toScreen(projection, crosshair)} projection={projection} place={place} room={room} />
      )}
      {state.tool === 'magnify' && hover && <Magnifier view={view} at={hover} />}
      {(crosshair || drawn) && isPen(state.tool) && (
        <p className={classes.hint}>
          {state.tool === 'cardiothoracic' && <b>{t(set < 2 ? 'marks.hint.heart' : 'marks.hint.chest')} · </b>}
          {t('marks.hint.place', { n: Math.min(set + 1, STROKE[state.tool]), total: STROKE[state.tool] })}
        </p>
      )}
      {asked?.mark.kind === 'arrow' && (
        <AskText asked={asked} room={room} at={askPlace(asked.mark, projection, around.current.size)} />
      )}
      {asked?.mark.kind === 'calibration' && (
        <AskLength asked={asked} room={room} at={askPlace(asked.mark, projection, around.current.size)} />
      )}
    </div>
  );
}

/** Takes the main button from the picture where the hand wants it; everything else goes on to the toolkit. */
function usePointer(
  view: ImageView,
  pen: Pen,
  wantsHover: { readonly current: boolean },
  onHover: (at: Point | null) => void,
): void {
  useEffect(() => {
    const { element } = view;
    const at = (event: PointerEvent): Point => {
      const box = element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    let holding: number | null = null;
    const down = (event: PointerEvent) => {
      if (event.button !== 0 || !event.isPrimary || event.ctrlKey) return;
      if (!pen.down(at(event))) return;
      holding = event.pointerId;
      element.setPointerCapture(event.pointerId);
      event.preventDefault(); // no mouse events for the toolkit
      const writing = document.activeElement;
      if (writing instanceof HTMLElement && writing !== document.body) writing.blur();
    };
    const move = (event: PointerEvent) => {
      if (pen.busy) pen.move(at(event));
      if (wantsHover.current) onHover(at(event));
    };
    const up = (event: PointerEvent) => {
      if (holding !== event.pointerId) return;
      holding = null;
      pen.up(at(event));
    };
    const leave = () => onHover(null);
    const touch = (event: TouchEvent) => {
      if (holding !== null) event.stopImmediatePropagation();
    };
    element.addEventListener('pointerdown', down, { capture: true });
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
    element.addEventListener('pointerleave', leave);
    element.addEventListener('touchstart', touch, { capture: true });
    return () => {
      element.removeEventListener('pointerdown', down, { capture: true });
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
      element.removeEventListener('pointerleave', leave);
      element.removeEventListener('touchstart', touch, { capture: true });
    };
  }, [view, pen, wantsHover, onHover]);
}

/** In the active view the hand is asked about keys before they become commands. */
function useKeysOf(pen: Pen, active: boolean, layer: () => HTMLElement | null): void {
  useLayoutEffect(() => {
    if (!active) return undefined;
    return interceptKeys((event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest(WRITING)) return false;
      const onMark = target?.closest('[data-mark]') ?? null;
      if (onMark && !layer()?.contains(onMark)) return false;
      if (!onMark && !pen.busy && target?.closest('button, a, [role="button"], [role="slider"], [role="tab"]'))
        return false;
      const taken = pen.key(event, onMark !== null);
      if (taken && event.key === 'Escape' && onMark instanceof HTMLElement) onMark.blur();
      return taken;
    });
  }, [pen, active, layer]);
}

/* --- words over the image ------------------------------------------------------------------------------------------ */

const CHARACTER = 7.3;
const LINE = 18;

/** Where a box of so many pixels stands beside a mark without leaving the view. */
function beside(points: readonly Point[], [width, height]: Point, [w, h]: Point): Point {
  const right = points.reduce((best, one) => (one[0] > best[0] ? one : best));
  const left = points.reduce((best, one) => (one[0] < best[0] ? one : best));
  const fitsRight = right[0] + 12 + w <= width;
  const x = fitsRight ? right[0] + 12 : left[0] - 12 - w;
  const y = (fitsRight ? right : left)[1] + 8;
  return [Math.min(Math.max(x, 2), Math.max(2, width - w - 2)), Math.min(Math.max(y, 2), Math.max(2, height - h - 2))];
}

function askPlace(mark: MarkContent, projection: Projection, size: Point): Point {
  return beside(
    mark.points.map((one) => toScreen(projection, one)),
    size,
    [270, 140],
  );
}

interface LabelProps {
  mark: Mark | MarkContent;
  projection: Projection;
  size: Point;
  selected: boolean;
  onSelect: () => void;
}

function Label({ mark, projection, size, selected, onSelect }: LabelProps) {
  const lines = linesOf(mark);
  const points = outline(mark.kind, mark.points).flat();
  const screen = points.map((one) => toScreen(projection, one));
  const width = Math.max(1, ...lines.map((line) => line.length)) * CHARACTER + 14;
  // an arrow's words stand at its tail
  const anchors = mark.kind === 'arrow' && screen.length === 2 ? screen.slice(1) : screen;
  const [left, top] = beside(anchors, size, [width, lines.length * LINE + 2]);
  return (
    <button
      type="button"
      className={classes.label}
      style={{ left, top, visibility: undefined, opacity: lines.length ? 1 : 0 }}
      data-mark={mark.id}
      data-kind={mark.kind}
      data-selected={selected || undefined}
      data-others={('mine' in mark && !mark.mine) || undefined}
      aria-label={spokenName(mark)}
      aria-pressed={selected}
      onFocus={onSelect}
    >
      {lines.join('\n')}
    </button>
  );
}

/** The pixel's value beside a place on the screen. */
function HoverValue({
  at,
  projection,
  place,
  room,
}: {
  at: Point;
  projection: Projection;
  place: Place;
  room: MarkRoom;
}) {
  const words = valueAt(at, projection, place, room);
  if (!words) return null;
  return (
    <span className={classes.label} style={{ left: at[0] + 14, top: Math.max(2, at[1] - 30) }} data-hover>
      {words}
    </span>
  );
}

function valueAt(at: Point, projection: Projection, { stack, index }: Place, room: MarkRoom): string {
  const ds = datasetAt(stack, index);
  const point = toImage(projection, at);
  const inside = point[0] >= 0 && point[1] >= 0 && point[0] < projection.columns && point[1] < projection.rows;
  if (!ds || !inside) return '';
  const pixels = pixelsOf(stack.frames[index]!.imageId, ds);
  const { values } = valuesOf(
    { kind: 'probe', points: [point], values: [] },
    room.spacing({ stack, index }, [point]),
    pixels,
  );
  return values[0] ? valueWords(values[0]) : '';
}

function Crosshair({ at: [x, y] }: { at: Point }) {
  const d = `M0 ${y}H${x - 6}M${x + 6} ${y}H9999M${x} 0V${y - 6}M${x} ${y + 6}V9999`;
  return (
    <>
      <path className={classes.crossShadow} d={d} />
      <path className={classes.cross} d={d} data-crosshair />
    </>
  );
}
