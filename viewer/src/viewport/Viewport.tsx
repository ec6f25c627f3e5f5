/** The image with everything that must be readable on it: whose it is, which one, how it is shown, whether it is all there. */
import { Button, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDetail } from '../api/types';
import { dicomDate, personName, useFormat } from '../i18n/format';
import { numeric } from '../imaging/dicom';
import { windowOf } from '../imaging/presets';
import { datasetAt, isLossy, slicePosition } from '../imaging/stack';
import { whyNoSuv } from '../imaging/suv';
import type { ImageView } from '../imaging/view';
import type { ViewState } from '../imaging/viewstate';
import { MarkLayer } from '../tools/MarkLayer';
import { isPen } from '../tools/mark';
import { basisOf } from '../tools/spacing';
import { numberOf } from '../tools/words';
import { IconKey, IconWarning } from '../ui/icons';
import { useErrorText } from '../ui/states';
import { PreviewBanner } from './PreviewBanner';
import { SliceBar } from './SliceBar';
import classes from './Viewport.module.css';

interface Props {
  study: StudyDetail;
  view: ImageView | null;
  state: ViewState | null;
  mount: (element: HTMLDivElement | null) => (() => void) | undefined;
  keyImages: readonly string[];
  /** Texts over the image. */
  overlay: boolean;
  /** What else is drawn over the image. */
  children?: ReactNode;
}

export function Viewport({ study, view, state, mount, keyImages, overlay, children }: Props) {
  const { t } = useTranslation();
  const frame = state?.stack?.frames[state.shown];
  const label = state?.stack
    ? t('view.image-label', { n: state.target + 1, total: state.stack.frames.length, series: state.stack.description })
    : t('view.no-image');
  const marked = frame !== undefined && keyImages.includes(frame.sop);
  return (
    <div className={classes.frame}>
      <div
        className={classes.stage}
        data-tool={state?.tool}
        data-pen={isPen(state?.tool) || undefined}
        data-key={marked || undefined}
      >
        <div ref={mount} className={classes.canvas} role="img" aria-label={label} />
        {children}
        <MarkLayer view={view} state={state} />
        {overlay && state?.stack && state.shown >= 0 && <Overlay study={study} state={state} />}
        {marked && (
          <span className={classes.key}>
            <IconKey size={14} fill="currentColor" /> {t('view.key-image')}
          </span>
        )}
        <PreviewBanner state={state} onRetry={() => view?.retry()} />
        <Curtain state={state} onRetry={() => view?.retry()} />
      </div>
      {state?.stack && state.stack.frames.length > 1 && (
        <SliceBar state={state} keyImages={keyImages} onChange={(index) => view?.goTo(index)} />
      )}
    </div>
  );
}

/** Says that the picture on the screen is not (yet) the one that is asked for. */
function Curtain({ state, onRetry }: { state: ViewState | null; onRetry: () => void }) {
  const { t } = useTranslation();
  const words = useErrorText();
  if (!state || state.status === 'empty') return null;
  if (state.error) {
    const { title, detail, hint } = words(state.error);
    return (
      <div className={classes.curtain} data-opaque role="alert">
        <IconWarning size={28} />
        <strong>{t('view.image-failed', { n: state.target + 1 })}</strong>
        <span>{detail || title}</span>
        {hint && <span className={classes.hint}>{hint}</span>}
        <Button size="xs" variant="default" onClick={onRetry}>
          {t('action.retry')}
        </Button>
      </div>
    );
  }
  if (state.shown < 0) {
    return (
      <div className={classes.curtain} data-opaque role="status">
        <Loader size="sm" />
        <span>{t('view.opening')}</span>
      </div>
    );
  }
  if (state.shown === state.target || state.playing) return null;
  return (
    <div className={classes.waiting} role="status">
      <Loader size={14} /> {t('view.waiting-for', { n: state.target + 1 })}
    </div>
  );
}

function Overlay({ study, state }: { study: StudyDetail; state: ViewState }) {
  const { t } = useTranslation();
  const format = useFormat();
  const stack = state.stack!;
  const ds = datasetAt(stack, state.shown);
  const frame = stack.frames[state.shown];
  if (!ds || !frame) return null;
  const series = study.series.find((one) => one.series_instance_uid === stack.series);
  const position = slicePosition(ds);
  const thickness = numeric(ds, 'SliceThickness');
  const window = state.range && windowOf(state.range);
  const frames = numeric(ds, 'NumberOfFrames') ?? 1;
  const basis = basisOf(ds);
  const noSuv = whyNoSuv(ds);
  const person = [format.sex(study.sex), format.age(study.age)].filter(Boolean).join(', ');
  const mm = (value: number) => numberOf(value, 1);
  return (
    <>
      <div className={classes.corner} data-at="tl">
        <b>{personName(study.patient_name)}</b>
        {study.patient_id !== study.patient_name && <span>{study.patient_id}</span>}
        <span>{person}</span>
        <span>{dicomDate(study.study_date)}</span>
      </div>
      <div className={classes.corner} data-at="tr">
        <b>
          {stack.modality}
          {series?.number != null && ` · ${t('view.series-number', { n: series.number })}`}
        </b>
        <span>{stack.description}</span>
      </div>
      <div className={classes.corner} data-at="bl">
        <b>
          {t('view.image')} {state.shown + 1}/{stack.frames.length}
        </b>
        {frames > 1 && stack.datasets.size > 1 && (
          <span>{t('view.frame-of', { n: frame.number, total: frames, image: frame.instanceNumber ?? '' })}</span>
        )}
        {position !== null && <span>{t('view.position', { mm: mm(position) })}</span>}
        {thickness !== null && <span>{t('view.thickness', { mm: mm(thickness) })}</span>}
      </div>
      <div className={classes.corner} data-at="br">
        {isLossy(ds) && <span className={classes.warn}>{t('view.lossy')}</span>}
        {basis === 'detector' && <span className={classes.warn}>{t('view.detector-spacing')}</span>}
        {basis === 'estimated' && <span className={classes.warn}>{t('view.estimated-spacing')}</span>}
        {basis === 'none' && <span className={classes.warn}>{t('view.no-spacing')}</span>}
        {noSuv && <span className={classes.warn}>{t('view.no-suv', { reason: t(`view.no-suv-why.${noSuv}`) })}</span>}
        {state.inverted && <span>{t('view.inverted')}</span>}
        <span>{t('view.zoom', { percent: Math.round(state.zoom * 100) })}</span>
        {window && !stack.color && (
          <b>
            W {Math.round(window.width)} · L {Math.round(window.center)}
          </b>
        )}
      </div>
      {state.edges &&
        (['left', 'right', 'top', 'bottom'] as const).map((edge) => (
          <span key={edge} className={classes.edge} data-at={edge}>
            {state.edges![edge]}
          </span>
        ))}
    </>
  );
}
