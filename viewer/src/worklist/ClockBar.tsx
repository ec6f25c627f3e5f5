import { useTranslation } from 'react-i18next';
import type { KnownTask } from '../api/tasks';
import classes from './ClockBar.module.css';
import { faceOf } from './clock';
import { useShortSpan } from './useShortSpan';

/** How long a study has waited, against how long it may: calm while there is time, red when there is none. */
export function ClockBar({ task, now }: { task: KnownTask; now: number }) {
  const { t } = useTranslation();
  const short = useShortSpan();
  const face = faceOf(task, now);
  if (!face.running && face.used === 0) return <span className={classes.none}>{t('worklist.clock.not-yet')}</span>;
  const left =
    face.left < 0
      ? t('worklist.clock.over', { n: short(-face.left) })
      : t('worklist.clock.left', { n: short(face.left) });
  const title = t('worklist.clock.explained', { used: short(face.used), limit: short(face.limit) });
  return (
    <span className={classes.clock} data-mood={face.mood} title={title}>
      <span className={classes.words}>
        <span>{short(face.used)}</span>
        <span className={classes.left}>{face.running ? left : t('worklist.clock.stands')}</span>
      </span>
      <span className={classes.track} aria-hidden="true">
        <span style={{ width: `${Math.min(100, (face.used / Math.max(1, face.limit)) * 100)}%` }} />
      </span>
    </span>
  );
}
