import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { reportPdf } from '../api/node';
import { queries } from '../api/queries';
import type { StudyDetail } from '../api/types';
import { useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { Section } from './StudyPage';
import classes from './StudyPage.module.css';

/** The report that came back: its sections, who signed it, and the printed form. */
export function ReportSection({ study }: { study: StudyDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [pdf, setPdf] = useState(false);
  const uid = study.study_instance_uid;
  const report = useQuery(queries.report(uid));
  return (
    <Section title={t('studies.report')}>
      {report.isPending && <Loading />}
      {report.error && <ErrorNote error={report.error} onRetry={() => void report.refetch()} />}
      {report.data && (
        <div className={classes.report} lang={report.data.language}>
          {(['technique', 'findings', 'conclusion', 'recommendation'] as const)
            .filter((name) => report.data[name])
            .map((name) => (
              <div key={name} className={name === 'conclusion' ? classes.conclusion : undefined}>
                <h3 lang={format.language}>{t(`report.${name}`)}</h3>
                <p>{report.data[name]}</p>
              </div>
            ))}
          <div className={classes.signature} lang={format.language}>
            {t('studies.signed-by', {
              name: report.data.observer,
              organization: report.data.organization,
              time: format.moment(report.data.signed_at),
            })}
            {report.data.key_images.length > 0 && ` · ${t('studies.key-images', { n: report.data.key_images.length })}`}
          </div>
        </div>
      )}
      <Group gap="xs" mt="sm">
        <Button size="xs" variant="default" onClick={() => setPdf(!pdf)} aria-expanded={pdf}>
          {pdf ? t('studies.hide-pdf') : t('studies.show-pdf')}
        </Button>
        <Button size="xs" variant="subtle" component="a" href={reportPdf(uid)} target="_blank" rel="noreferrer">
          {t('studies.pdf-window')}
        </Button>
      </Group>
      {pdf && (
        <iframe
          className={classes.pdf}
          style={{ marginTop: 10 }}
          src={`${reportPdf(uid)}#navpanes=0&view=FitH`}
          title={t('studies.pdf-title')}
        />
      )}
    </Section>
  );
}
