/** The stack as a bar: which frames are here, which one is shown, which are key images; click or drag to go there. */
import { type PointerEvent, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { FrameState } from '../imaging/scheduler';
import type { ViewState } from '../imaging/viewstate';
import classes from './SliceBar.module.css';

interface Run {
  from: number;
  length: number;
  state: FrameState;
}

/** Neighbouring frames in the same state as one piece. */
export function runsOf(states: readonly FrameState[]): Run[] {
  const runs: Run[] = [];
  states.forEach((state, index) => {
    const last = runs.at(-1);
    if (last?.state === state) last.length += 1;
    else runs.push({ from: index, length: 1, state });
  });
  return runs;
}

interface Props {
  state: ViewState;
  keyImages: readonly string[];
  onChange: (index: number) => void;
}

export function SliceBar({ state, keyImages, onChange }: Props) {
  const { t } = useTranslation();
  const frames = state.stack!.frames;
  const count = frames.length;
  const runs = useMemo(() => runsOf(state.frames), [state.frames]);
  const marks = useMemo(
    () => frames.flatMap((frame, index) => (keyImages.includes(frame.sop) ? [index] : [])),
    [frames, keyImages],
  );
  const loaded = state.frames.filter((one) => one === 'full').length;
  const previews = state.frames.filter((one) => one === 'preview').length;
  const failed = state.frames.filter((one) => one === 'failed').length;

  const follow = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    onChange(Math.min(count - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * count))));
  };
  return (
    <div className={classes.bar}>
      <div
        className={classes.track}
        role="slider"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={t('view.slices')}
        aria-valuemin={1}
        aria-valuemax={count}
        aria-valuenow={state.target + 1}
        aria-valuetext={t('view.slice-value', { n: state.target + 1, total: count, loaded, previews })}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
        }}
      >
        <svg viewBox={`0 0 10 ${count}`} preserveAspectRatio="none" aria-hidden="true">
          {runs.map((run) => (
            <rect key={run.from} x="0" width="10" y={run.from} height={run.length} data-state={run.state} />
          ))}
        </svg>
        {marks.map((index) => (
          <span key={index} className={classes.mark} style={{ top: `${((index + 0.5) / count) * 100}%` }} />
        ))}
        <span className={classes.thumb} style={{ top: `${((state.target + 0.5) / count) * 100}%` }} />
      </div>
      {loaded < count && (
        <span className={classes.count} data-failed={failed > 0 || undefined} title={t('view.loaded-explained')}>
          {Math.floor((loaded / count) * 100)}%
        </span>
      )}
    </div>
  );
}
