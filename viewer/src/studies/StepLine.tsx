import { useTranslation } from 'react-i18next';
import type { Study } from '../api/types';
import classes from './StepLine.module.css';
import { looks, STEPS } from './steps';

/** Where a study is: six points on a line, the word for it, and how much of it is through. */
export function StepLine({ study, wide = false }: { study: Study; wide?: boolean }) {
  const { t } = useTranslation();
  const shown = looks(study.stage);
  const { delivered, total, received } = study.progress;
  const counted =
    study.stage === 'sending' || study.stage === 'queued'
      ? `${delivered}/${total}`
      : study.stage === 'receiving'
        ? t('worklist.so-far', { n: received })
        : '';
  const stopped = study.stage === 'held' || study.stage === 'refused';
  return (
    <div className={classes.box} data-wide={wide || undefined}>
      <ol className={classes.line} aria-label={t('studies.steps')}>
        {STEPS.map((step, index) => (
          <li key={step} data-look={shown[index]} aria-current={shown[index] === 'now' ? 'step' : undefined}>
            <span className={classes.dot} title={t(`step.${step}`)} />
            <span className={wide ? classes.name : 'visually-hidden'}>
              {t(`step.${step}`)}
              <span className="visually-hidden"> {t(`step-look.${shown[index]!}`)}</span>
            </span>
          </li>
        ))}
      </ol>
      <span className={classes.stage} data-stopped={stopped || undefined}>
        {t(`stage.${study.stage}`)}
        {counted && <b> {counted}</b>}
      </span>
      {study.stage === 'sending' && total > 0 && (
        <progress
          className={classes.progress}
          value={delivered}
          max={total}
          aria-label={t('studies.sent-of', { n: delivered, total })}
        />
      )}
    </div>
  );
}
