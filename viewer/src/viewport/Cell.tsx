/** One place of the grid: the images of a series, a plane through its volume, or a document. */
import { useQuery } from '@tanstack/react-query';
import { type DragEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDetail } from '../api/types';
import { dicomDate } from '../i18n/format';
import { loadStack } from '../imaging';
import type { FirstLook } from '../imaging/presentation';
import { presetsFor, rangeOf } from '../imaging/presets';
import type { Stack } from '../imaging/stack';
import { whenPreviewed } from '../imaging/supply';
import type { HandTool } from '../imaging/viewstate';
import { ObjectLayers } from '../objects/ObjectLayers';
import { ErrorNote } from '../ui/states';
import classes from './Cell.module.css';
import { DocumentView } from './DocumentView';
import { dropped, SERIES_DRAG } from './drag';
import { type Look, type Place, type SeriesPlace, stateAt } from './grid';
import { PlaneCell } from './PlaneCell';
import { ReferenceLines } from './ReferenceLines';
import { framesIn, isDocument } from './series';
import { useImageView } from './useImageView';
import { Viewport } from './Viewport';
import { useViews, type ViewRegistry } from './views';

/** An image that is to be brought onto the screen: a new object for each wish. */
export interface Wanted {
  sop: string;
  /** 1-based, within its instance. */
  frame: number;
}

export interface CellProps {
  number: number;
  registry: ViewRegistry;
  /** The study that is read. */
  current: StudyDetail;
  /** The study that the place is of: the current one, or a prior. */
  study: StudyDetail | undefined;
  place: Place;
  active: boolean;
  /** One cell of several. */
  among: boolean;
  wanted: Wanted | null;
  keyImages: readonly string[];
  overlay: boolean;
  lines: boolean;
  onActivate: (cell: number) => void;
  onMaximise: () => void;
  onPlace: (cell: number, place: Place) => void;
}

const HANDS: readonly string[] = ['window', 'scroll', 'zoom', 'pan', 'magnify'] satisfies HandTool[];

export function firstLook(look: Look | undefined, stack: Stack): FirstLook {
  const window = look?.preset && presetsFor(stack.modality).find((one) => one.name === look.preset)?.window;
  return {
    ...(look?.range ? { range: { ...look.range } } : window ? { range: rangeOf(window.width, window.center) } : {}),
    ...(look?.invert ? { inverted: true } : {}),
    ...(look?.flip ? { flipped: true } : {}),
    ...(look?.against ? { against: look.against } : {}),
  };
}

export function Cell(props: CellProps) {
  const { t } = useTranslation();
  const { number, current, study, place, active, among } = props;
  const [over, setOver] = useState(false);
  const prior = study !== undefined && study.study_instance_uid !== current.study_instance_uid;
  const drop = (event: DragEvent) => {
    setOver(false);
    const found = dropped(event.dataTransfer);
    if (!found) return;
    event.preventDefault();
    props.onPlace(number, { kind: 'series', ...found });
    props.onActivate(number);
  };
  return (
    <section
      className={classes.cell}
      tabIndex={among ? 0 : undefined}
      data-active={(active && among) || undefined}
      data-prior={prior || undefined}
      data-over={over || undefined}
      aria-label={t(prior ? 'layout.cell-prior' : 'layout.cell', { n: number + 1 })}
      aria-current={(active && among) || undefined}
      onPointerDownCapture={() => props.onActivate(number)}
      onWheelCapture={() => props.onActivate(number)}
      onFocusCapture={() => props.onActivate(number)}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(SERIES_DRAG)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {prior && (
        <p className={classes.banner}>
          <b>{t('layout.prior')}</b> {dicomDate(study.study_date)}
          <span>{study.description}</span>
        </p>
      )}
      {place === null || !study ? <Empty among={among} /> : <Content {...props} place={place} study={study} />}
    </section>
  );
}

function Empty({ among }: { among: boolean }) {
  const { t } = useTranslation();
  return <p className={classes.empty}>{among ? t('layout.empty') : ''}</p>;
}

function Content(props: CellProps & { place: NonNullable<Place>; study: StudyDetail }) {
  const { study, place } = props;
  const series = study.series.find((one) => one.series_instance_uid === place.series);
  if (!series) return null;
  if (isDocument(series)) return <DocumentView study={study.study_instance_uid} series={series} />;
  return place.kind === 'reformat' ? <PlaneCell {...props} place={place} /> : <Pictures {...props} place={place} />;
}

function Pictures(props: CellProps & { place: SeriesPlace; study: StudyDetail }) {
  const { t } = useTranslation();
  const { number, registry, current, study, place, active, wanted, lines } = props;
  const met = useCallback((view: Parameters<ViewRegistry['put']>[1]) => registry.put(number, view), [registry, number]);
  const { ref, view, state: held } = useImageView(met);
  const { active: leading } = useViews();
  const hung = useRef<SeriesPlace | null>(null);
  const series = study.series.find((one) => one.series_instance_uid === place.series)!;
  const prior = study.study_instance_uid !== current.study_instance_uid;
  const waits = useWaits(current.study_instance_uid, prior && !active);
  const stack = useQuery({
    enabled: !waits,
    queryKey: ['stack', place.study, place.series],
    queryFn: ({ signal }) => loadStack(place.study, place.series, signal),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  const failed = stack.error !== null;
  const state = useMemo(() => stateAt(held, place, failed), [held, place, failed]);
  const more = stack.data ? framesIn(series) - stack.data.frames.length : 0;

  useEffect(() => {
    if (!view || !stack.data || stack.data.series !== place.series || stack.data.frames.length === 0) return;
    const { frames } = stack.data;
    const find = (sop: string, frame: number) => frames.findIndex((one) => one.sop === sop && one.number === frame);
    const moved = hung.current !== place;
    hung.current = place;
    const at = wanted ? find(wanted.sop, wanted.frame) : -1;
    const first = at >= 0 ? at : place.sop ? find(place.sop, 1) : -1;
    if (view.getState().stack === stack.data) {
      const to = at >= 0 ? at : moved ? first : -1;
      if (to >= 0) view.goTo(to);
      return;
    }
    void view.open(stack.data, first >= 0 ? first : undefined, firstLook(place.look, stack.data));
  }, [view, stack.data, place, wanted]);

  return (
    <>
      {waits && <p className={classes.waits}>{t('layout.prior-waits')}</p>}
      {more > 0 && (
        <button type="button" className={classes.more} onClick={() => void stack.refetch()}>
          {t('view.more-images', { n: more })}
        </button>
      )}
      {stack.error && (
        <div className={classes.note}>
          <ErrorNote error={stack.error} onRetry={() => void stack.refetch()} />
        </div>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter does the same */}
      <div
        className={classes.view}
        style={failed && state !== held ? { visibility: 'hidden' } : undefined}
        onDoubleClick={(event) => {
          if (event.target instanceof HTMLElement && state && HANDS.includes(state.tool)) props.onMaximise();
        }}
      >
        <Viewport
          study={study}
          view={view}
          state={state}
          mount={ref}
          keyImages={prior ? NO_KEYS : props.keyImages}
          overlay={props.overlay}
        >
          <ObjectLayers view={view} state={state} />
          {lines && view && leading && leading !== view && !active && <ReferenceLines view={view} of={leading} />}
        </Viewport>
      </div>
    </>
  );
}

/** Whether a prior still waits: the line is for the study that is read until that has its previews, or the reader turns to the prior. */
function useWaits(current: string, waiting: boolean): boolean {
  const [free, setFree] = useState(!waiting);
  useEffect(() => {
    if (free) return undefined;
    if (!waiting) {
      setFree(true);
      return undefined;
    }
    let here = true;
    void whenPreviewed(current).then(() => here && setFree(true));
    return () => {
      here = false;
    };
  }, [current, waiting, free]);
  return waiting && !free;
}

const NO_KEYS: readonly string[] = [];
