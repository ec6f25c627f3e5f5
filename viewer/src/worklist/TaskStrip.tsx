/** The chosen study in full: what the row has no room for. */
import { useTranslation } from 'react-i18next';
import type { KnownTask } from '../api/tasks';
import { dicomDate, personName } from '../i18n/format';
import { flagsOf } from './Flags';
import classes from './TaskStrip.module.css';

export function TaskStrip({ task }: { task: KnownTask | undefined }) {
  const { t } = useTranslation();
  if (!task) return <aside className={classes.strip} />;
  const facts = [
    personName(task.patient_name) || task.patient_id,
    dicomDate(task.study_date),
    task.speciality && t(`speciality.${task.speciality as 'neuro'}`),
    task.priors > 0 && t('worklist.priors', { n: task.priors }),
  ];
  return (
    <aside className={classes.strip} aria-label={t('worklist.chosen')}>
      <p className={classes.facts}>{facts.filter(Boolean).join(' · ')}</p>
      <p className={classes.question}>
        <b>{t('worklist.column.question')}:</b> {task.clinical_question || t('worklist.no-question')}
      </p>
      {task.questions.length > 0 && (
        <ol className={classes.questions}>
          {task.questions.map((question) => (
            <li key={question}>{question}</li>
          ))}
        </ol>
      )}
      {flagsOf(task).length > 0 && (
        <p className={classes.facts}>
          {flagsOf(task)
            .map((flag) => t(`worklist.flag-explained.${flag}`))
            .join(' · ')}
        </p>
      )}
    </aside>
  );
}
