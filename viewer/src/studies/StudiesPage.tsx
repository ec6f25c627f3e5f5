/** The radiographer's list: where each study is, and what went wrong. */
import { Button, Group, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { imageCount, pictureModalities } from '../api/pictures';
import { PAGE_SIZE, queries } from '../api/queries';
import type { Study } from '../api/types';
import { dicomDate, dicomTime, personName, useFormat } from '../i18n/format';
import { LetterMarks } from '../letters/LetterMarks';
import { useSession } from '../session';
import { IconSearch, IconWarning } from '../ui/icons';
import { Empty, ErrorNote, Loading } from '../ui/states';
import { PriorityBadge } from '../worklist/PriorityBadge';
import { StepLine } from './StepLine';
import classes from './StudiesPage.module.css';

const COLUMNS = ['patient', 'study', 'images', 'received', 'stage'] as const;

export function StudiesPage() {
  const { t } = useTranslation();
  const session = useSession();
  const [text, setText] = useState('');
  const [page, setPage] = useState(0);
  const [q] = useDebouncedValue(text.trim(), 250);
  const query = useQuery({ ...queries.studies(q, page), refetchInterval: 30_000 });
  const title = session.role === 'radiographer' ? t('nav.my-studies') : t('nav.studies');
  const pages = Math.ceil((query.data?.total ?? 0) / PAGE_SIZE);

  useEffect(() => {
    document.title = `${title} · Liên Tuyến`;
  }, [title]);

  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <h1>{title}</h1>
        <span className={classes.count} aria-live="polite">
          {query.data && t('studies.count', { n: query.data.total })}
        </span>
        <TextInput
          size="sm"
          w={340}
          aria-label={t('studies.search')}
          placeholder={t('studies.search')}
          leftSection={<IconSearch size={15} />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setPage(0);
          }}
          onKeyDown={(event) => event.key === 'Escape' && setText('')}
        />
      </div>
      {query.error && (
        <div className={classes.note}>
          <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.isPending && !query.error && <Loading />}
      {query.data && query.data.items.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {t(`studies.column.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {query.data.items.map((study) => (
              <Row key={study.study_instance_uid} study={study} />
            ))}
          </tbody>
        </table>
      )}
      {query.data?.items.length === 0 &&
        (q ? (
          <Empty title={t('studies.nothing-found', { q })}>{t('studies.search-hint')}</Empty>
        ) : (
          <Empty title={t('studies.empty')}>{t('studies.empty-hint')}</Empty>
        ))}
      {pages > 1 && (
        <Group justify="center" p="md" gap="sm">
          <Button size="xs" variant="default" disabled={page === 0} onClick={() => setPage(page - 1)}>
            {t('studies.newer')}
          </Button>
          <span>
            {page + 1}/{pages}
          </span>
          <Button size="xs" variant="default" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>
            {t('studies.older')}
          </Button>
        </Group>
      )}
    </div>
  );
}

function Row({ study }: { study: Study }) {
  const { t } = useTranslation();
  const format = useFormat();
  const navigate = useNavigate();
  const to = `/studies/${encodeURIComponent(study.study_instance_uid)}`;
  const person = [format.sex(study.sex), format.age(study.age)].filter(Boolean).join(', ');
  return (
    <tr onClick={() => void navigate(to)}>
      <td>
        <Link to={to} className={classes.name} onClick={(event) => event.stopPropagation()}>
          {personName(study.patient_name) || t('studies.no-name')}
        </Link>
        <div className={classes.sub}>
          {study.patient_id}
          {person && ` · ${person}`}
        </div>
      </td>
      <td>
        <div>
          <b>{pictureModalities(study.modalities)}</b> {study.description || t('view.no-description')}{' '}
          {study.priority !== 'routine' && <PriorityBadge priority={study.priority} />}
        </div>
        <div className={classes.sub}>
          {dicomDate(study.study_date)} {dicomTime(study.study_time)}
          {study.accession_number && ` · ${t('studies.accession', { n: study.accession_number })}`}
        </div>
      </td>
      <td className={classes.number}>{format.number(imageCount(study))}</td>
      <td className={classes.time}>{format.moment(study.last_received_at)}</td>
      <td>
        <StepLine study={study} />
        <LetterMarks study={study} />
        {study.problem && (
          <div className={classes.problem}>
            <IconWarning size={14} /> {study.problem}
          </div>
        )}
      </td>
    </tr>
  );
}
