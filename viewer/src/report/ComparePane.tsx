/** The reports of the patient's earlier studies beside the one that is written. */
import { Button, CloseButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Report } from '../api/types';
import { dicomDate } from '../i18n/format';
import { Empty, ErrorNote, Loading } from '../ui/states';
import classes from './ComparePane.module.css';
import { type Prior, reportQueries } from './node';
import { StateBadge } from './Standing';
import { SECTIONS } from './written';

interface Props {
  studyUid: string;
  onClose: () => void;
  onCopy: ((text: string) => void) | null;
}

export function ComparePane({ studyUid, onClose, onCopy }: Props) {
  const { t } = useTranslation();
  const priors = useQuery(reportQueries.priors(studyUid));
  const [chosen, setChosen] = useState<string | null>(null);
  const prior = priors.data?.find((one) => one.study_instance_uid === chosen) ?? priors.data?.[0];
  return (
    <section className={classes.pane} aria-label={t('compare.title')}>
      <div className={classes.head}>
        <h2>{t('compare.title')}</h2>
        <CloseButton size="sm" aria-label={t('action.close')} onClick={onClose} />
      </div>
      {priors.isPending && <Loading />}
      {priors.error && <ErrorNote error={priors.error} onRetry={() => void priors.refetch()} />}
      {priors.data?.length === 0 && <Empty title={t('compare.none')}>{t('compare.none-explained')}</Empty>}
      {prior && (
        <>
          <label className={classes.choose}>
            {t('compare.study')}
            <select value={prior.study_instance_uid} onChange={(event) => setChosen(event.currentTarget.value)}>
              {priors.data?.map((one) => (
                <option key={one.study_instance_uid} value={one.study_instance_uid}>
                  {dicomDate(one.study_date)} · {one.modalities.join('/')} · {one.description || one.body_part}
                </option>
              ))}
            </select>
          </label>
          <PriorReports prior={prior} onCopy={onCopy} />
        </>
      )}
    </section>
  );
}

function PriorReports({ prior, onCopy }: { prior: Prior; onCopy: Props['onCopy'] }) {
  const { t } = useTranslation();
  const reports = useQuery(reportQueries.reports(prior.study_instance_uid));
  if (reports.isPending) return <Loading />;
  if (reports.error) return <ErrorNote error={reports.error} onRetry={() => void reports.refetch()} />;
  if (!reports.data.length) return <Empty title={t('compare.no-report')} />;
  return (
    <>
      {reports.data.map((one) => (
        <article key={one.version} className={classes.report} lang={one.report.language}>
          <p className={classes.who}>
            <StateBadge state={one.state} addendum={one.kind === 'addendum' ? one.version : null} />{' '}
            {one.signatures.map((signature) => signature.name).join(', ')}
          </p>
          {SECTIONS.filter((name) => one.report[name]).map((name) => (
            <div key={name}>
              <h3>{t(`report.${name}`)}</h3>
              <p>{one.report[name]}</p>
            </div>
          ))}
          {onCopy && (
            <Button
              size="xs"
              variant="default"
              onClick={() =>
                onCopy(comparisonText(t('compare.text', { date: dicomDate(prior.study_date) }), one.report))
              }
            >
              {t('compare.copy')}
            </Button>
          )}
        </article>
      ))}
    </>
  );
}

/** `So với phim ngày 01/02/2026: …` with the conclusion of then. */
export const comparisonText = (lead: string, report: Pick<Report, 'conclusion' | 'findings'>): string =>
  `${lead} ${(report.conclusion || report.findings).trim()}`;
