/** Orders from files: first looked at, with what is wrong in words, then the good ones are entered. */
import { Button, FileButton, Group } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { type DragEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { dicomDate, dicomTime, personName } from '../i18n/format';
import { IconBack, IconCheck, IconWarning } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote, Loading } from '../ui/states';
import classes from './ImportPage.module.css';
import { importFile } from './node';
import page from './OrderPage.module.css';
import type { Imported, ImportRow } from './types';

interface Looked {
  file: File;
  found: Imported;
}

const HEADS = ['line', 'patient', 'procedure', 'when', 'faults'] as const;

export function ImportPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [over, setOver] = useState(false);
  const look = useMutation({
    mutationFn: (files: File[]) =>
      Promise.all(files.map(async (file) => ({ file, found: await importFile(file, true) }))),
    onMutate: () => enter.reset(),
  });
  const enter = useMutation({
    mutationFn: async (looked: Looked[]) => {
      const done: Looked[] = [];
      for (const { file, found } of looked) {
        done.push({ file, found: found.taken > 0 ? await importFile(file, false) : found });
      }
      return done;
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['orders'] }),
  });
  const shown = enter.data ?? look.data ?? [];
  const good = (look.data ?? []).reduce((sum, { found }) => sum + found.taken, 0);

  useEffect(() => {
    document.title = `${t('orders.import')} · Liên Tuyến`;
  }, [t]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const files = [...event.dataTransfer.files];
    if (files.length) look.mutate(files);
  };

  return (
    <div className={page.page}>
      <div className={page.bar}>
        <Link to="/orders" className={page.back}>
          <IconBack size={15} /> {t('nav.orders')}
        </Link>
        <h1>{t('orders.import')}</h1>
        {look.data && !enter.data && (
          <Button size="sm" disabled={good === 0} loading={enter.isPending} onClick={() => enter.mutate(look.data)}>
            {t('orders.take', { n: good })}
          </Button>
        )}
      </div>
      <section
        className={classes.drop}
        data-over={over || undefined}
        aria-label={t('orders.drop')}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <p>{t('orders.drop')}</p>
        <Group justify="center">
          <FileButton
            multiple
            accept=".csv,.txt,.json,.wl,.dcm,text/csv,application/json,application/dicom"
            onChange={(files) => files.length > 0 && look.mutate(files)}
          >
            {(props) => (
              <Button {...props} size="xs" variant="default">
                {t('orders.choose-files')}
              </Button>
            )}
          </FileButton>
        </Group>
        <p className={page.sub}>{t('orders.import-kinds')}</p>
      </section>
      {look.isPending && <Loading label={t('orders.looking')} />}
      {look.error && <ErrorNote error={look.error} />}
      {enter.error && <ErrorNote error={enter.error} />}
      {enter.data && (
        <Note
          kind="good"
          icon={<IconCheck />}
          title={t('orders.taken', { n: enter.data.reduce((sum, { found }) => sum + taken(found), 0) })}
        >
          <Link to="/orders?day=any">{t('orders.open-list')}</Link>
        </Note>
      )}
      {shown.map(({ file, found }) => (
        <FileTable key={file.name} name={file.name} found={found} />
      ))}
    </div>
  );
}

const taken = (found: Imported) => (found.preview ? 0 : found.taken);

function FileTable({ name, found }: { name: string; found: Imported }) {
  const { t } = useTranslation();
  const bad = found.rows.length - found.taken;
  return (
    <section className={page.part}>
      <h2>
        {name}{' '}
        <span className={page.sub}>
          {found.rows.length > 0 && t('orders.file-count', { good: found.taken, bad, total: found.rows.length })}
        </span>
      </h2>
      {found.faults.map((fault) => (
        <p key={fault.code} className={classes.bad}>
          <IconWarning size={14} /> {t(`order-fault.${fault.code as 'unreadable'}`)}
        </p>
      ))}
      {found.passed_over.length > 0 && (
        <p className={page.sub}>{t('orders.passed-over', { words: found.passed_over.join(', ') })}</p>
      )}
      {found.rows.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              {HEADS.map((head) => (
                <th key={head} scope="col">
                  {t(`orders.import-column.${head}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...found.rows]
              .sort((a, b) => b.faults.length - a.faults.length || a.number - b.number)
              .map((row) => (
                <Row key={row.number} row={row} preview={found.preview} />
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ row, preview }: { row: ImportRow; preview: boolean }) {
  const { t } = useTranslation();
  return (
    <tr data-bad={row.faults.length > 0 || undefined}>
      <td>{row.number}</td>
      <td>
        <b>{personName(row.patient_name)}</b> <span className={page.sub}>{row.patient_id}</span>
      </td>
      <td>
        {row.modality} {row.procedure_description}
      </td>
      <td>
        {dicomTime(row.scheduled_time) || row.scheduled_time} {dicomDate(row.scheduled_date)}
      </td>
      <td>
        {row.faults.length === 0 && (
          <span className={classes.good}>
            <IconCheck size={14} />{' '}
            {preview ? t('orders.good-row') : <Link to={`/orders/${row.order_id}`}>{row.accession_number}</Link>}
          </span>
        )}
        {row.faults.map((fault) => (
          <div key={`${fault.field} ${fault.code}`} className={classes.bad}>
            {fault.field && <b>{fieldName(t, fault.field)}: </b>}
            {t(`order-fault.${fault.code as 'missing'}`)}
          </div>
        ))}
      </td>
    </tr>
  );
}

/** A field's name, or what the file called it. */
function fieldName(t: TFunction, field: string): string {
  return t(`order-field.${field as 'sex'}`, { defaultValue: field });
}
