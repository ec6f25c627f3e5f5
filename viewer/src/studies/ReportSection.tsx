import { Badge, Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { reportPdf } from '../api/node';
import { queries } from '../api/queries';
import type { ArrivedReport, ReportSections, StudyDetail } from '../api/types';
import { useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { KeyPictures } from './KeyPictures';
import classes from './ReportSection.module.css';
import { Section } from './Section';
import { Verdict } from './Verdict';

const PARTS = ['technique', 'comparison', 'findings', 'limitations', 'conclusion', 'recommendation'] as const;

/** The report that came back: its text beside its key images, who signed it, what the treating doctor says of it. */
export function ReportSection({ study }: { study: StudyDetail }) {
  const { t } = useTranslation();
  const [pdf, setPdf] = useState(false);
  const uid = study.study_instance_uid;
  const report = useQuery(queries.report(uid));
  const pictures = (report.data?.key_images.length ?? 0) > 0;
  return (
    <Section title={t('studies.report')}>
      {report.isPending && <Loading />}
      {report.error && <ErrorNote error={report.error} onRetry={() => void report.refetch()} />}
      {report.data && (
        <div className={classes.sides} data-pictures={pictures || undefined}>
          <div>
            <Text report={report.data} />
            <Group gap="xs" mt="sm">
              <Button size="xs" variant="default" onClick={() => setPdf(!pdf)} aria-expanded={pdf}>
                {pdf ? t('studies.hide-pdf') : t('studies.show-pdf')}
              </Button>
              <Button size="xs" variant="subtle" component="a" href={reportPdf(uid)} target="_blank" rel="noreferrer">
                {t('studies.pdf-window')}
              </Button>
            </Group>
            <Verdict uid={uid} report={report.data} />
          </div>
          <KeyPictures study={study} keyImages={report.data.key_images} />
        </div>
      )}
      {pdf && (
        <iframe className={classes.pdf} src={`${reportPdf(uid)}#navpanes=0&view=FitH`} title={t('studies.pdf-title')} />
      )}
    </Section>
  );
}

function Text({ report }: { report: ArrivedReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes.report} lang={report.language}>
      {report.status === 'preliminary' && (
        <Badge color="yellow" variant="light" tt="none" lang={format.language}>
          {t('studies.preliminary')}
        </Badge>
      )}
      {report.criticals.map((one) => (
        <p key={`${one.raised_at}-${one.text}`} className={classes.critical}>
          <b lang={format.language}>{t('letters.kind.critical')}:</b> {one.text}
          {one.noted_by && (
            <span lang={format.language}>
              {' '}
              (
              {t('studies.critical-noted', {
                name: one.noted_by,
                time: one.noted_at ? format.moment(one.noted_at) : '',
              })}
              )
            </span>
          )}
        </p>
      ))}
      <Parts text={report} />
      <Signatures report={report} />
      {report.addenda.map((one, index) => (
        <div key={one.at} className={classes.addendum}>
          <h3 lang={format.language}>{t('studies.addendum', { n: index + 1, time: format.moment(one.at) })}</h3>
          <Parts text={one} />
          <p className={classes.signature}>{one.signatures.map((signed) => signed.name).join(', ')}</p>
        </div>
      ))}
    </div>
  );
}

function Parts({ text }: { text: ReportSections }) {
  const { t } = useTranslation();
  const { language } = useFormat();
  return (
    <>
      {PARTS.filter((name) => text[name]).map((name) => (
        <div key={name} className={name === 'conclusion' ? classes.conclusion : undefined}>
          <h3 lang={language}>{t(`studies.part.${name}`)}</h3>
          <p>{text[name]}</p>
        </div>
      ))}
      {text.answers.length > 0 && (
        <div>
          <h3 lang={language}>{t('studies.part.answers')}</h3>
          <dl className={classes.answers}>
            {text.answers.map((one) => (
              <div key={one.question}>
                <dt>{one.question}</dt>
                <dd>{one.answer}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </>
  );
}

function Signatures({ report }: { report: ArrivedReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  const signed = report.signatures.length
    ? report.signatures
    : [{ role: 'author', name: report.observer, organization: report.organization, at: report.signed_at }];
  return (
    <div className={classes.signature} lang={format.language}>
      {signed.map((one) => (
        <p key={`${one.role}-${one.name}`}>
          {t('studies.signed-by', { name: one.name, organization: one.organization, time: format.moment(one.at) })}
        </p>
      ))}
    </div>
  );
}
