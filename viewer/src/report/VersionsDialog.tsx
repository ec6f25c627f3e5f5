/** Every version of the report that there ever was, and what each changed. */
import { Modal, NavLink, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { Differences } from './Differences';
import { reportQueries, type Version } from './node';
import { StateBadge } from './Standing';
import classes from './VersionsDialog.module.css';
import { EMPTY_REPORT } from './written';

interface Props {
  taskId: string;
  opened: boolean;
  onClose: () => void;
}

export function VersionsDialog({ taskId, opened, onClose }: Props) {
  const { t } = useTranslation();
  const found = useQuery({ ...reportQueries.versions(taskId), enabled: opened });
  const versions = [...(found.data ?? [])].reverse();
  const [number, setNumber] = useState<number | null>(null);
  const chosen = versions.find((one) => one.version === number) ?? versions[0];
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="xl"
      title={t('versions.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {found.error && <ErrorNote error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Loading />}
      <div className={classes.body}>
        <Stack gap={2} className={classes.list ?? ''} component="nav" aria-label={t('versions.title')}>
          {versions.map((one) => (
            <NavLink
              key={one.version}
              component="button"
              type="button"
              active={one === chosen}
              label={<Head version={one} />}
              description={<When version={one} />}
              onClick={() => setNumber(one.version)}
            />
          ))}
        </Stack>
        {chosen && <Shown version={chosen} before={beforeOf(chosen, versions)} />}
      </div>
    </Modal>
  );
}

/** The version whose place this one took. */
const beforeOf = (version: Version, newestFirst: readonly Version[]) =>
  newestFirst.find((one) => one.version < version.version && one.kind === version.kind && one.state !== 'abandoned');

function Head({ version }: { version: Version }) {
  const { t } = useTranslation();
  return (
    <span className={classes.head}>
      {t('versions.number', { n: version.version })}{' '}
      <StateBadge state={version.state} addendum={version.addendum_number} />
      {version.replaced && <span className={classes.replaced}>{t('versions.replaced')}</span>}
    </span>
  );
}

function When({ version }: { version: Version }) {
  const format = useFormat();
  const names = version.signatures.map((one) => one.name).join(', ');
  return (
    <>
      {format.moment(version.signed_at ?? version.updated_at)}
      {names && ` · ${names}`}
    </>
  );
}

function Shown({ version, before }: { version: Version; before: Version | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes.shown}>
      <p className={classes.what}>{before ? t('versions.against', { n: before.version }) : t('versions.first')}</p>
      <Differences before={before?.report ?? EMPTY_REPORT} after={version.report} />
      <ul className={classes.signatures}>
        {version.signatures.map((one) => (
          <li key={`${one.role} ${one.at}`}>
            {t(`versions.${one.role}`)}: {one.name}
            {one.licence_number && ` · ${t('versions.licence', { number: one.licence_number })}`} · {one.organization} ·{' '}
            {format.moment(one.at)}
          </li>
        ))}
      </ul>
    </div>
  );
}
