/** What was set aside: files that could not be read, objects that came again with other bytes, and what to do with them. */
import { Button, Group, Modal, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fragment, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { Part } from './Part';
import classes from './SetAsidePage.module.css';
import {
  type AsideFile,
  chooseVersion,
  discardFile,
  fileContent,
  type ObjectConflict,
  retryFile,
  type SetAside,
  setAside,
  type Version,
  versionContent,
} from './setAside';

const SHOWN = ['all', 'files', 'conflicts'] as const;
type Shown = (typeof SHOWN)[number];

export function SetAsidePage() {
  const { t } = useTranslation();
  const [shown, setShown] = useState<Shown>('all');
  const found = useQuery({ ...setAside(), refetchInterval: 15_000 });
  useEffect(() => {
    document.title = `${t('aside.title')} · Liên Tuyến`;
  }, [t]);
  return (
    <div className={classes.page}>
      <Group justify="space-between">
        <h1>{t('aside.title')}</h1>
        <SegmentedControl
          size="xs"
          aria-label={t('aside.show')}
          value={shown}
          onChange={(value) => setShown(SHOWN.find((one) => one === value) ?? 'all')}
          data={SHOWN.map((value) => ({ value, label: t(`aside.${value}`) }))}
        />
      </Group>
      <p className={classes.intro}>{t('aside.intro')}</p>
      {found.error && <ErrorNote error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && !found.error && <Loading />}
      {found.data && shown !== 'conflicts' && <Files found={found.data} />}
      {found.data && shown !== 'files' && <Conflicts found={found.data} />}
    </div>
  );
}

/** Who sent it, as shortly as it is known. */
const sender = (one: AsideFile | Version) => one.calling_ae || one.peer || one.via;

function useSize() {
  const { t } = useTranslation();
  const format = useFormat();
  return (bytes: number) => t('queue.kilobytes', { n: format.number(Math.ceil(bytes / 1024)) });
}

/** Does something and reads the list anew, whatever came of it. */
function useDecision(action: () => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: action,
    onSettled: () => client.invalidateQueries({ queryKey: ['set-aside'] }),
  });
}

const FILE_HEADS = ['when', 'from', 'size', 'reason', 'action'] as const;

function Files({ found }: { found: SetAside }) {
  const { t } = useTranslation();
  const left = (n: number) => (n > 0 ? t('aside.more', { n }) : undefined);
  return (
    <Part
      title={t('aside.files')}
      count={found.files_total}
      empty={t('aside.no-files')}
      note={t('aside.files-advice')}
      more={left(found.files_total - found.files.length)}
      heads={FILE_HEADS.map((name) => t(`aside.${name}`))}
    >
      {found.files.map((one) => (
        <FileRow key={one.name} file={one} />
      ))}
    </Part>
  );
}

function FileRow({ file }: { file: AsideFile }) {
  const { t } = useTranslation();
  const format = useFormat();
  const size = useSize();
  const [asking, setAsking] = useState(false);
  const retry = useDecision(() => retryFile(file.name));
  const discard = useDecision(() => discardFile(file.name));
  const facts = { from: sender(file), when: format.moment(file.received_at), size: size(file.size) };
  return (
    <Table.Tr>
      <Table.Td className={classes.when}>{facts.when}</Table.Td>
      <Table.Td>{facts.from}</Table.Td>
      <Table.Td className={classes.when}>{facts.size}</Table.Td>
      <Table.Td>
        {file.reason}
        <code className={classes.small}>{file.name}</code>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Button size="compact-xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
            {t('aside.retry')}
          </Button>
          <Button component="a" size="compact-xs" variant="default" href={fileContent(file.name)} download={file.name}>
            {t('aside.download')}
          </Button>
          <Button size="compact-xs" variant="default" c="red.4" onClick={() => setAsking(true)}>
            {t('aside.discard')}
          </Button>
        </Group>
        {retry.error && <ErrorNote error={retry.error} />}
        <Modal
          opened={asking}
          onClose={() => setAsking(false)}
          title={t('aside.discard-title')}
          closeButtonProps={{ 'aria-label': t('action.close') }}
          centered
        >
          <Stack gap="sm">
            <Text size="sm">{t('aside.discard-facts', facts)}</Text>
            <Text size="sm">{file.reason}</Text>
            <Text size="sm" c="dark.1">
              {t('aside.discard-text')}
            </Text>
            {discard.error && <ErrorNote error={discard.error} />}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
                {t('aside.keep')}
              </Button>
              <Button color="red" loading={discard.isPending} onClick={() => discard.mutate()}>
                {t('aside.discard-yes')}
              </Button>
            </Group>
          </Stack>
        </Modal>
      </Table.Td>
    </Table.Tr>
  );
}

const VERSION_HEADS = ['when', 'from', 'size', 'object', 'action'] as const;

function Conflicts({ found }: { found: SetAside }) {
  const { t } = useTranslation();
  const left = (n: number) => (n > 0 ? t('aside.more', { n }) : undefined);
  return (
    <Part
      title={t('aside.conflicts')}
      count={found.conflicts_total}
      empty={t('aside.no-conflicts')}
      note={t('aside.conflicts-advice')}
      more={left(found.conflicts_total - found.conflicts.length)}
      heads={VERSION_HEADS.map((name) => t(`aside.${name}`))}
    >
      {found.conflicts.map((one) => (
        <ConflictRows key={one.sop_instance_uid} conflict={one} />
      ))}
    </Part>
  );
}

function ConflictRows({ conflict }: { conflict: ObjectConflict }) {
  return (
    <Fragment>
      {conflict.versions.map((one, index) => (
        <VersionRow key={one.id} version={one} uid={conflict.sop_instance_uid} first={index === 0} />
      ))}
    </Fragment>
  );
}

function VersionRow({ version, uid, first }: { version: Version; uid: string; first: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const size = useSize();
  const choose = useDecision(() => chooseVersion(version.id));
  return (
    <Table.Tr data-first={first || undefined} className={classes.version ?? ''}>
      <Table.Td className={classes.when}>{format.moment(version.received_at)}</Table.Td>
      <Table.Td>{sender(version)}</Table.Td>
      <Table.Td className={classes.when}>{size(version.size)}</Table.Td>
      <Table.Td>
        <Link to={`/studies/${encodeURIComponent(version.study_instance_uid)}`}>{t('aside.study')}</Link>{' '}
        {version.current && <span className={classes.current}>{t('aside.in-use')}</span>}
        <code className={classes.small}>{uid}</code>
        <code className={classes.small}>SHA-256 {version.digest.slice(0, 16)}…</code>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Button size="compact-xs" variant="default" loading={choose.isPending} onClick={() => choose.mutate()}>
            {version.current ? t('aside.keep-this') : t('aside.use-this')}
          </Button>
          <Button
            component="a"
            size="compact-xs"
            variant="default"
            href={versionContent(version.id)}
            download={`${uid}-${version.digest.slice(0, 8)}.dcm`}
          >
            {t('aside.download')}
          </Button>
        </Group>
        {choose.error && <ErrorNote error={choose.error} />}
      </Table.Td>
    </Table.Tr>
  );
}
