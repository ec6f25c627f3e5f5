import { useTranslation } from 'react-i18next';
import type { Study } from '../api/types';
import { useSession } from '../session';
import classes from './LetterMarks.module.css';

/** What of a study's letters waits for somebody: calm marks for a list. */
export function LetterMarks({ study }: { study: Study }) {
  const { t } = useTranslation();
  const here = useSession().facility === study.origin;
  const { critical, questions, to_accept: toAccept } = study.letters;
  if (!critical && !questions && !toAccept) return null;
  return (
    <div className={classes.marks}>
      {critical && <span data-kind="critical">{t('letters.mark.critical')}</span>}
      {questions > 0 && (
        <span data-kind="question">{here ? t('letters.mark.question') : t('letters.mark.question-there')}</span>
      )}
      {toAccept && <span data-kind="accept">{t('letters.mark.accept')}</span>}
    </div>
  );
}
