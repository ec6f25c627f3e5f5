import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { reportQueries } from './node';
import classes from './Writing.module.css';
import { SECTIONS } from './written';

/** The report that the addendum belongs to, to read beside it. */
export function SignedText({ taskId }: { taskId: string }) {
  const { t } = useTranslation();
  const versions = useQuery(reportQueries.versions(taskId)).data ?? [];
  const signed = versions.findLast((one) => one.state === 'final' && one.kind === 'report');
  if (!signed) return null;
  return (
    <section className={classes.signed} aria-label={t('report.signed-text')}>
      <h3>{t('report.signed-text')}</h3>
      {SECTIONS.filter((name) => signed.report[name]).map((name) => (
        <div key={name}>
          <h4>{t(`report.${name}`)}</h4>
          <p lang={signed.report.language}>{signed.report[name]}</p>
        </div>
      ))}
    </section>
  );
}
