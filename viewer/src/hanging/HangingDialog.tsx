/** Protocols as the reader sees and changes them: which one hung this study, what is on the screen as a rule, the rules one by one. */
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDetail } from '../api/types';
import { useSession } from '../session';
import { ErrorNote } from '../ui/states';
import type { Grid } from '../viewport/grid';
import { capture, kindOf } from './capture';
import classes from './HangingDialog.module.css';
import { saveRules } from './node';
import { ProtocolForm } from './ProtocolForm';
import type { Protocol } from './rules';
import type { Hanging } from './useHanging';

interface Props {
  opened: boolean;
  study: StudyDetail;
  hanging: Hanging;
  grid: Grid;
  onClose: () => void;
  /** Hangs the study by the rules as they are now. */
  onHang: () => void;
}

export function HangingDialog({ opened, onClose, ...rest }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('hanging.title')}
      size="xl"
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {opened && <Rules {...rest} />}
    </Modal>
  );
}

type Owner = 'personal' | 'site' | 'built-in';

function Rules({ study, hanging, grid, onHang }: Omit<Props, 'opened' | 'onClose'>) {
  const { t, i18n } = useTranslation();
  const session = useSession();
  const client = useQueryClient();
  const [editing, setEditing] = useState<Protocol | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const language = i18n.language === 'en' ? 'en' : 'vi';
  const admin = session.role === 'admin';
  const kind = kindOf(study);

  const ownerOf = (protocol: Protocol): Owner =>
    hanging.personal.includes(protocol) ? 'personal' : hanging.site.includes(protocol) ? 'site' : 'built-in';

  const keep = async (forSite: boolean, list: readonly Protocol[]) => {
    setBusy(true);
    setError(null);
    try {
      const answer = await saveRules(list.length ? { version: 1, protocols: list } : null, forSite);
      client.setQueryData(['preferences', 'hanging-protocols'], answer);
      setEditing(null);
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  const save = (protocol: Protocol, forSite: boolean) => {
    const list = forSite ? hanging.site : hanging.personal;
    const known = list.some(({ id }) => id === protocol.id);
    return keep(forSite, known ? list.map((one) => (one.id === protocol.id ? protocol : one)) : [protocol, ...list]);
  };
  const remove = (protocol: Protocol) => {
    const forSite = ownerOf(protocol) === 'site';
    const list = forSite ? hanging.site : hanging.personal;
    return keep(
      forSite,
      list.filter((one) => one !== protocol),
    );
  };
  const ownId = () => `own-${kind.modality}-${kind.bodyPart}-${grid.rows}x${grid.columns}`.toLowerCase();

  if (editing)
    return (
      <Stack gap="sm">
        {error !== null && <ErrorNote error={error} />}
        <ProtocolForm
          protocol={editing}
          busy={busy}
          canSaveForSite={admin}
          onSave={(protocol, forSite) => void save(protocol, forSite)}
          onCancel={() => setEditing(null)}
        />
      </Stack>
    );

  const inUse = hanging.hung?.protocol;
  return (
    <Stack gap="sm">
      {error !== null && <ErrorNote error={error} />}
      <Text size="sm">{inUse ? t('hanging.in-use', { name: inUse.name[language] }) : t('hanging.none-in-use')}</Text>
      <Group gap="xs">
        <Button size="xs" loading={busy} onClick={() => void save(capture(grid, study, hanging.items, ownId()), false)}>
          {t('hanging.save-mine', { kind: [kind.modality, kind.bodyPart].filter(Boolean).join(' ') })}
        </Button>
        {admin && (
          <Button
            size="xs"
            variant="default"
            loading={busy}
            onClick={() => void save(capture(grid, study, hanging.items, ownId()), true)}
          >
            {t('hanging.save-site')}
          </Button>
        )}
        <Button size="xs" variant="default" onClick={onHang}>
          {t('layout.hang-again')}
        </Button>
      </Group>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>{t('hanging.name')}</th>
            <th>{t('hanging.for')}</th>
            <th>{t('hanging.layout')}</th>
            <th>{t('hanging.owner')}</th>
            <th>
              <span className="visually-hidden">{t('hanging.actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {hanging.protocols.map((protocol) => {
            const owner = ownerOf(protocol);
            return (
              <tr key={protocol.id} data-used={protocol.id === inUse?.id || undefined}>
                <td>{protocol.name[language]}</td>
                <td>
                  {[...protocol.when.modalities, ...protocol.when.bodyParts.slice(0, 2)].join(' ')}
                  {protocol.when.priors > 0 && <> · {t('hanging.with-priors')}</>}
                </td>
                <td>
                  {protocol.layout.rows} × {protocol.layout.columns}
                </td>
                <td>
                  <Badge size="sm" variant="light" tt="none" color={owner === 'personal' ? 'sea' : 'gray'}>
                    {t(`hanging.owners.${owner}`)}
                  </Badge>
                </td>
                <td className={classes.actions}>
                  <Button size="compact-xs" variant="subtle" onClick={() => setEditing(protocol)}>
                    {t(owner === 'built-in' ? 'hanging.copy' : 'hanging.edit')}
                  </Button>
                  {(owner === 'personal' || (owner === 'site' && admin)) && (
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      color="red"
                      loading={busy}
                      onClick={() => void remove(protocol)}
                    >
                      {t('hanging.remove')}
                    </Button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Stack>
  );
}
