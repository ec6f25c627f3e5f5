/** One study at its hospital: where it is, what came back, what the hospitals wrote to each other, what happened when. */
import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { imageCount, pictureModalities } from '../api/pictures';
import { queries } from '../api/queries';
import type { Delivery, ItemState, StudyDetail } from '../api/types';
import { dicomDate, dicomTime, personName, useFormat } from '../i18n/format';
import { LetterMarks } from '../letters/LetterMarks';
import { useSession } from '../session';
import { IconBack, IconWarning } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote, Loading } from '../ui/states';
import { PriorityBadge } from '../worklist/PriorityBadge';
import { LetterSection } from './LetterSection';
import { ReportSection } from './ReportSection';
import { Section } from './Section';
import { StepLine } from './StepLine';
import classes from './StudyPage.module.css';
import { TimelineSection } from './TimelineSection';

const POLL_MS = 15_000;

export function StudyPage() {
  const { t } = useTranslation();
  const { uid = '' } = useParams();
  const study = useQuery({ ...queries.study(uid), refetchInterval: POLL_MS });
  const waits = study.data !== undefined && (study.data.letters.critical || study.data.letters.questions > 0);
  const name = study.data ? personName(study.data.patient_name) || t('studies.no-name') : '';

  useEffect(() => {
    document.title = `${name || t('nav.studies')} · Liên Tuyến`;
  }, [name, t]);

  return (
    <div className={classes.page}>
      <Link to="/studies" className={classes.back}>
        <IconBack size={15} /> {t('studies.back-to-list')}
      </Link>
      {study.error && <ErrorNote error={study.error} onRetry={() => void study.refetch()} />}
      {study.isPending && !study.error && <Loading />}
      {study.data && (
        <>
          <Head study={study.data} name={name} />
          {study.data.conflicts > 0 && <ConflictNote count={study.data.conflicts} />}
          <div className={classes.flow} data-waits={waits || undefined}>
            {study.data.report.state !== 'none' && <ReportSection study={study.data} />}
            <div className={classes.letters}>
              <LetterSection uid={uid} />
            </div>
          </div>
          <div className={classes.columns}>
            <div className={classes.column}>
              <SeriesSection study={study.data} />
              <DeliverySection deliveries={study.data.deliveries} />
            </div>
            <TimelineSection uid={uid} />
          </div>
        </>
      )}
    </div>
  );
}

function Head({ study, name }: { study: StudyDetail; name: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const uid = encodeURIComponent(study.study_instance_uid);
  return (
    <section className={classes.head}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <h1>
            {name} {study.priority !== 'routine' && <PriorityBadge priority={study.priority} />}
          </h1>
          <p className={classes.facts}>
            {[
              study.patient_id,
              format.sex(study.sex),
              study.birth_date ? t('studies.born', { date: dicomDate(study.birth_date) }) : format.age(study.age),
              study.accession_number && t('studies.accession', { n: study.accession_number }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
          <p className={classes.facts}>
            <b>{pictureModalities(study.modalities)}</b> {study.description} · {dicomDate(study.study_date)}{' '}
            {dicomTime(study.study_time)} · {t('studies.images', { n: imageCount(study) })}
          </p>
        </div>
        <Button component={Link} to={`/studies/${uid}/images`} variant="default">
          {t('studies.open-images')}
        </Button>
      </Group>
      <LetterMarks study={study} />
      <StepLine study={study} wide />
      {study.problem && (
        <p className={classes.problem} role="alert">
          <IconWarning size={16} /> {study.problem}
        </p>
      )}
    </section>
  );
}

function ConflictNote({ count }: { count: number }) {
  const { t } = useTranslation();
  const administers = useSession().role === 'admin';
  return (
    <div className={classes.conflict}>
      <Note kind="warn" icon={<IconWarning />} title={t('studies.conflicts', { n: count })}>
        {t('studies.conflicts-hint')} {administers && <Link to="/admin/set-aside">{t('studies.conflicts-open')}</Link>}
      </Note>
    </div>
  );
}

function SeriesSection({ study }: { study: StudyDetail }) {
  const { t } = useTranslation();
  return (
    <Section title={t('studies.series')}>
      <table className={classes.table}>
        <tbody>
          {study.series.map((one) => (
            <tr key={one.series_instance_uid}>
              <td>{one.number}</td>
              <td>
                <b>{one.modality}</b>
              </td>
              <td>{one.description || t('view.no-description')}</td>
              <td className={classes.right}>{t('studies.objects', { n: one.instances.length })}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

const ITEM_ORDER: readonly ItemState[] = ['waiting', 'prepared', 'delivered', 'refused', 'held'];

function DeliverySection({ deliveries }: { deliveries: readonly Delivery[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Section title={t('studies.deliveries')}>
      {deliveries.length === 0 && <p className={classes.quiet}>{t('studies.no-deliveries')}</p>}
      {deliveries.map((one) => (
        <div key={one.id} className={classes.delivery}>
          <div className={classes.line}>
            <b>{one.destination_name}</b>
            <span data-state={one.state}>{t(`delivery-state.${one.state}`)}</span>
          </div>
          <div className={classes.quiet}>
            {ITEM_ORDER.filter((state) => one.items[state])
              .map((state) => `${t(`item-state.${state}`)}: ${one.items[state]}`)
              .join(' · ')}
          </div>
          {one.last_error && (
            <p className={classes.problem}>
              <IconWarning size={14} />
              <span>
                {one.last_error}{' '}
                {one.next_attempt_at &&
                  t('studies.next-attempt', { time: format.moment(one.next_attempt_at), n: one.attempts })}
              </span>
            </p>
          )}
          {one.problems.map((problem) => (
            <p key={problem.reason} className={classes.problem}>
              <IconWarning size={14} />
              <span>
                {problem.reason} ({t('studies.images', { n: problem.count })})
              </span>
            </p>
          ))}
        </div>
      ))}
    </Section>
  );
}
