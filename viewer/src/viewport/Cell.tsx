/** One place of the grid: the images of a series, or a document. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { Series, StudyDetail } from '../api/types';
import { loadStack } from '../imaging';
import { ErrorNote } from '../ui/states';
import classes from './Cell.module.css';
import { DocumentView } from './DocumentView';
import { framesIn, isDocument } from './series';
import { useImageView } from './useImageView';
import { Viewport } from './Viewport';
import type { ViewRegistry } from './views';

/** An image that is to be brought onto the screen: a new object for each wish. */
export interface Wanted {
  sop: string;
  /** 1-based, within its instance. */
  frame: number;
}

interface Props {
  number: number;
  registry: ViewRegistry;
  study: StudyDetail;
  series: Series | null;
  active: boolean;
  wanted: Wanted | null;
  keyImages: readonly string[];
  overlay: boolean;
  onActivate: (cell: number) => void;
}

export function Cell({ number, registry, study, series, active, wanted, keyImages, overlay, onActivate }: Props) {
  const { t } = useTranslation();
  const met = useCallback((view: Parameters<ViewRegistry['put']>[1]) => registry.put(number, view), [registry, number]);
  const { ref, view, state } = useImageView(met);
  const uid = series?.series_instance_uid ?? null;
  const paper = series !== null && isDocument(series);

  const stack = useQuery({
    queryKey: ['stack', study.study_instance_uid, uid],
    queryFn: ({ signal }) => loadStack(study.study_instance_uid, uid!, signal),
    enabled: uid !== null && !paper,
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  const more = series && stack.data ? framesIn(series) - stack.data.frames.length : 0;

  useEffect(() => {
    if (!view || !stack.data || stack.data.series !== uid || stack.data.frames.length === 0) return;
    const at = wanted
      ? stack.data.frames.findIndex((frame) => frame.sop === wanted.sop && frame.number === wanted.frame)
      : -1;
    if (view.getState().stack === stack.data) {
      if (at >= 0) view.goTo(at);
    } else void view.open(stack.data, at >= 0 ? at : undefined);
  }, [view, stack.data, uid, wanted]);

  return (
    <section
      className={classes.cell}
      data-active={active || undefined}
      aria-label={t('layout.cell', { n: number + 1 })}
      onPointerDownCapture={() => onActivate(number)}
      onWheelCapture={() => onActivate(number)}
      onFocusCapture={() => onActivate(number)}
    >
      {more > 0 && (
        <button type="button" className={classes.more} onClick={() => void stack.refetch()}>
          {t('view.more-images', { n: more })}
        </button>
      )}
      {stack.error && !paper && (
        <div className={classes.note}>
          <ErrorNote error={stack.error} onRetry={() => void stack.refetch()} />
        </div>
      )}
      <div className={classes.view} hidden={paper}>
        <Viewport study={study} view={view} state={state} mount={ref} keyImages={keyImages} overlay={overlay} />
      </div>
      {paper && series && <DocumentView study={study.study_instance_uid} series={series} />}
    </section>
  );
}
