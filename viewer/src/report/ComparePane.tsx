/** The reports of the patient's earlier studies beside the one that is written; later ones apart from them, and said to be so. */
import { Button, CloseButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';
import type { Report } from '../api/types';
import { earlier, later } from '../hanging/priors';
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
  const all = useQuery(reportQueries.priors(studyUid));
  const study = useQuery(queries.study(studyUid));
  const [chosen, setChosen] = useState<string | null>(null);
  // until the date of this study is known, none can be called earlier
  const known = all.data && study.data ? { study: study.data, others: all.data } : null;
  const before = known && earlier(known.study, known.others);
  const after = known ? later(known.study, known.others) : [];
  const prior = [...(before ?? []), ...after].find((one) => one.study_instance_uid === chosen) ?? before?.[0];
  const isAfter = prior !== undefined && after.includes(prior);
  const error = all.error ?? study.error;
  return (
    <section className={classes.pane} aria-label={t('compare.title')}>
      <div className={classes.head}>
        <h2>{t('compare.title')}</h2>
        <CloseButton size="sm" aria-label={t('action.close')} onClick={onClose} />
      </div>
      {!before && !error && <Loading />}
      {error && <ErrorNote error={error} onRetry={() => void (all.error ? all.refetch() : study.refetch())} />}
      {before?.length === 0 && !isAfter && <Empty title={t('compare.none')}>{t('compare.none-explained')}</Empty>}
      {before && before.length + after.length > 0 && (
        <label className={classes.choose}>
          {t('compare.study')}
          <select value={prior?.study_instance_uid ?? ''} onChange={(event) => setChosen(event.currentTarget.value)}>
            {!prior && <option value="" />}
            {before.length > 0 && (
              <optgroup label={t('compare.before')}>
                <Studies list={before} />
              </optgroup>
            )}
            {after.length > 0 && (
              <optgroup label={t('compare.after')}>
                <Studies list={after} />
              </optgroup>
            )}
          </select>
        </label>
      )}
      {prior && isAfter && (
        <p className={classes.after} role="note">
          {t('compare.after-explained', { date: dicomDate(prior.study_date) })}
        </p>
      )}
      {prior && <PriorReports key={prior.study_instance_uid} prior={prior} onCopy={isAfter ? null : onCopy} />}
    </section>
  );
}

function Studies({ list }: { list: readonly Prior[] }) {
  return list.map((one) => (
    <option key={one.study_instance_uid} value={one.study_instance_uid}>
      {[dicomDate(one.study_date), one.modalities.join('/'), one.description || one.body_part]
        .filter(Boolean)
        .join(' · ')}
    </option>
  ));
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
          <div className={classes.who}>
            <StateBadge state={one.state} addendum={one.kind === 'addendum' ? one.version : null} />{' '}
            {one.signatures.map((signature) => signature.name).join(', ')}
          </div>
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
