import { useTranslation } from 'react-i18next';
import type { Mark } from '../tools/mark';
import { shortWords } from '../tools/words';
import classes from './Writing.module.css';
import type { Tongue } from './words';

/** The measurements of the study, to be put where the caret stands. */
export function Measurements({
  marks,
  tongue,
  onInsert,
}: {
  marks: readonly Mark[];
  tongue: Tongue;
  onInsert: (mark: Mark) => void;
}) {
  const { t } = useTranslation();
  if (!marks.length) return null;
  return (
    <div className={classes.marks} role="group" aria-label={t('report.measurements')}>
      <span className={classes.caption}>{t('report.measurements')}</span>
      {marks.map((mark) => (
        <button
          key={mark.id}
          type="button"
          className={classes.measure}
          title={t('report.insert-measurement')}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onInsert(mark)}
        >
          {shortWords(mark, tongue)}
          {mark.text && <span> {mark.text}</span>}
        </button>
      ))}
    </div>
  );
}
