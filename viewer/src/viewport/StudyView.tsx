/** Series, image and, beside them, whatever the page has to say about the study. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Series, StudyDetail } from '../api/types';
import { loadStack } from '../imaging';
import { presetsFor } from '../imaging/presets';
import { ErrorNote } from '../ui/states';
import { CheatSheet } from './CheatSheet';
import { DocumentView } from './DocumentView';
import { SeriesStrip } from './SeriesStrip';
import classes from './StudyView.module.css';
import { framesIn, inReadingOrder, isDocument, openingSeries, seriesOf } from './series';
import { type Command, useShortcuts } from './shortcuts';
import { Toolbar } from './Toolbar';
import { useImageView } from './useImageView';
import { Viewport } from './Viewport';

interface Props {
  study: StudyDetail;
  header: ReactNode;
  panel?: ((images: { show: (sop: string) => void }) => ReactNode) | undefined;
  keyImages: readonly string[];
  /** Absent: this reader cannot mark images. */
  onToggleKeyImage?: ((sop: string) => void) | undefined;
  onNextStudy?: (() => void) | undefined;
  onWrite?: (() => void) | undefined;
}

export function StudyView({ study, header, panel, keyImages, onToggleKeyImage, onNextStudy, onWrite }: Props) {
  const { t } = useTranslation();
  const { ref, view, state } = useImageView();
  const series = useMemo(() => inReadingOrder(study.series), [study.series]);
  const [active, setActive] = useState<string | null>(() => openingSeries(series)?.series_instance_uid ?? null);
  const [wantedSop, setWantedSop] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const [overlay, setOverlay] = useState(true);
  const chosen = series.find((one) => one.series_instance_uid === active);
  const paper = chosen !== undefined && isDocument(chosen);

  useEffect(() => {
    if (active === null)
      setActive(openingSeries(series)?.series_instance_uid ?? series[0]?.series_instance_uid ?? null);
  }, [active, series]);

  const stack = useQuery({
    queryKey: ['stack', study.study_instance_uid, active],
    queryFn: ({ signal }) => loadStack(study.study_instance_uid, active!, signal),
    enabled: active !== null && !paper,
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  const more = chosen && stack.data ? framesIn(chosen) - stack.data.frames.length : 0;

  useEffect(() => {
    if (!view || !stack.data || stack.data.series !== active || stack.data.frames.length === 0) return;
    const at = wantedSop ? stack.data.frames.findIndex((frame) => frame.sop === wantedSop) : -1;
    setWantedSop(null);
    if (view.getState().stack === stack.data) {
      if (at >= 0) view.goTo(at);
    } else void view.open(stack.data, at >= 0 ? at : undefined);
  }, [view, stack.data, active, wantedSop]);

  const show = useCallback(
    (sop: string) => {
      const home = seriesOf(series, sop);
      if (!home) return;
      setActive(home.series_instance_uid);
      setWantedSop(sop);
    },
    [series],
  );
  const step = (by: number) => {
    const index = series.findIndex((one) => one.series_instance_uid === active) + by;
    const next = series[index];
    if (next) setActive(next.series_instance_uid);
  };
  const frame = state?.stack?.frames[state.target];

  const run = (command: Command) => {
    switch (command.do) {
      case 'tool':
        return view?.setTool(command.tool);
      case 'scroll':
        return view?.scrollBy(command.steps);
      case 'first':
        return view?.goTo(0);
      case 'last':
        return view?.goTo((state?.stack?.frames.length ?? 1) - 1);
      case 'previous-series':
        return step(-1);
      case 'next-series':
        return step(1);
      case 'preset': {
        const preset = presetsFor(state?.stack?.modality ?? '')[command.number - 1];
        return preset && !state?.stack?.color ? view?.applyPreset(preset) : undefined;
      }
      case 'invert':
        return view?.invert();
      case 'flip':
        return view?.flip();
      case 'rotate':
        return view?.rotate();
      case 'reset':
        return view?.reset();
      case 'zoom-in':
        return view?.zoomBy(1.2);
      case 'zoom-out':
        return view?.zoomBy(1 / 1.2);
      case 'play':
        return view?.togglePlay();
      case 'delete':
        return view?.removeMeasurement();
      case 'key-image':
        return frame && !paper ? onToggleKeyImage?.(frame.sop) : undefined;
      case 'overlay':
        return setOverlay(!overlay);
      case 'help':
        return setHelp(true);
      case 'next-study':
        return onNextStudy?.();
      case 'report':
        return onWrite?.();
    }
  };
  useShortcuts(run);

  const marked = onToggleKeyImage ? frame !== undefined && keyImages.includes(frame.sop) : null;
  const open = (one: Series) => setActive(one.series_instance_uid);
  return (
    <div className={classes.page}>
      {header}
      <div className={classes.body}>
        <SeriesStrip
          study={study.study_instance_uid}
          series={series}
          active={active}
          keyImages={keyImages}
          onOpen={open}
        />
        <main className={classes.middle} aria-label={t('view.images')}>
          <Toolbar view={view} state={state} keyImage={marked} run={run} />
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
          {series.length === 0 && <p className={classes.note}>{t('view.no-series')}</p>}
          <div className={classes.view} hidden={paper}>
            <Viewport study={study} view={view} state={state} mount={ref} keyImages={keyImages} overlay={overlay} />
          </div>
          {paper && chosen && <DocumentView study={study.study_instance_uid} series={chosen} />}
          <p className={classes.use}>{t('view.intended-use')}</p>
        </main>
        {panel?.({ show })}
      </div>
      <CheatSheet opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}
