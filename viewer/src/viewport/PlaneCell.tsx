/** A plane through the volume of a series, with the cross of the other two over it. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDetail } from '../api/types';
import { loadStack } from '../imaging';
import { whyNoVolume } from '../imaging/reformat';
import { ErrorNote } from '../ui/states';
import type { CellProps } from './Cell';
import classes from './Cell.module.css';
import { Cross } from './Cross';
import type { ReformatPlace } from './grid';
import { PlaneBar } from './PlaneBar';
import { usePlanes, usePlanesState } from './planesession';
import { useImageView } from './useImageView';
import { Viewport } from './Viewport';
import type { ViewRegistry } from './views';

const NO_KEYS: readonly string[] = [];

export function PlaneCell(props: CellProps & { place: ReformatPlace; study: StudyDetail }) {
  const { t } = useTranslation();
  const { number, registry, study, place, lines } = props;
  const met = useCallback((view: Parameters<ViewRegistry['put']>[1]) => registry.put(number, view), [registry, number]);
  const { ref, view, state } = useImageView(met);
  const stack = useQuery({
    queryKey: ['stack', place.study, place.series],
    queryFn: ({ signal }) => loadStack(place.study, place.series, signal),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  const why = stack.data ? whyNoVolume(stack.data) : null;
  const planes = usePlanes(stack.data && !why ? stack.data : undefined);
  const about = usePlanesState(planes);
  const { plane, look } = place;
  const version = about?.version;
  const centre = about?.centre;

  // other planes, or the first ones
  useEffect(() => {
    if (!view || !planes || version === undefined) return;
    const next = planes.stackOf(plane);
    if (view.getState().stack === next) return;
    const at = planes.indexOf(plane);
    if (view.getState().shown < 0) void view.open(next, at, { range: look?.range && { ...look.range } });
    else void view.replace(next, at);
  }, [view, planes, plane, version, look]);

  // the centre was moved in another cell
  useEffect(() => {
    if (!view || !planes || !centre || view.getState().stack !== planes.stackOf(plane)) return;
    view.goTo(planes.indexOf(plane));
  }, [view, planes, plane, centre]);

  // this one was scrolled
  const target = state?.stack && planes && state.stack === planes.stackOf(plane) ? state.target : -1;
  useEffect(() => {
    if (target >= 0) planes?.scrolled(plane, target);
  }, [planes, plane, target]);

  if (stack.error) return <ErrorNote error={stack.error} onRetry={() => void stack.refetch()} />;
  if (why) return <p className={classes.empty}>{t('planes.no', { reason: t(`planes.why.${why}`) })}</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter does the same */}
      <div
        className={classes.view}
        onDoubleClick={(event) => event.target instanceof HTMLCanvasElement && props.onMaximise()}
      >
        <Viewport study={study} view={view} state={state} mount={ref} keyImages={NO_KEYS} overlay={props.overlay}>
          {lines && view && planes && <Cross view={view} planes={planes} plane={plane} />}
          {about && about.slab.thickness > 0 && (
            <span className={classes.slab}>
              {t(`planes.${about.slab.blend}`)} · {t('planes.mm', { n: about.slab.thickness })}
            </span>
          )}
        </Viewport>
      </div>
      {planes && about && props.active && <PlaneBar planes={planes} about={about} />}
    </>
  );
}
