/** What each radiologist may read, and when they are on call. */
import { Badge, Button, Group, Modal, MultiSelect, Select, Stack, Table, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as node from '../api/node';
import type { OnCall, ReaderProfile, ReaderShown, Seniority } from '../api/types';
import { ErrorNote, Loading } from '../ui/states';
import { Part } from './Part';
import classes from './ReadersPage.module.css';

const HEADS = ['name', 'licence', 'seniority', 'modalities', 'specialities', 'on-call', 'action'] as const;
const SENIORITIES: readonly Seniority[] = ['trainee', 'reader', 'senior'];
const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;
const MODALITIES = ['CR', 'CT', 'DX', 'ES', 'MG', 'MR', 'NM', 'PT', 'RF', 'US', 'XA'];
const A_WINDOW: OnCall = { days: [0, 1, 2, 3, 4], from: '07:00', to: '17:00' };

export function ReadersPage() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: ['readers', 'profiles'], queryFn: ({ signal }) => node.readers(signal) });
  const [editing, setEditing] = useState<ReaderShown | null>(null);
  useEffect(() => {
    document.title = `${t('readers.title')} · Liên Tuyến`;
  }, [t]);
  return (
    <div className={classes.page}>
      <h1>{t('readers.title')}</h1>
      <p className={classes.about}>{t('readers.about')}</p>
      {found.error && <ErrorNote error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && !found.error && <Loading />}
      {found.data && (
        <Part
          title={t('readers.all')}
          count={found.data.items.length}
          empty={t('readers.none')}
          heads={HEADS.map((name) => t(`readers.${name}`))}
        >
          {found.data.items.map((reader) => (
            <Row key={reader.username} reader={reader} onEdit={() => setEditing(reader)} />
          ))}
        </Part>
      )}
      {editing && found.data && (
        <EditDialog reader={editing} specialities={found.data.specialities} onClose={() => setEditing(null)} />
      )}
    </div>
  );
}

function Row({ reader, onEdit }: { reader: ReaderShown; onEdit: () => void }) {
  const { t } = useTranslation();
  const any = <span className={classes.soft}>{t('readers.any')}</span>;
  return (
    <Table.Tr>
      <Table.Td>
        {reader.display_name} <span className={classes.soft}>{reader.username}</span>
      </Table.Td>
      <Table.Td>{reader.licence_number}</Table.Td>
      <Table.Td>{t(`readers.seniority-of.${reader.seniority}`)}</Table.Td>
      <Table.Td>{reader.modalities.join(', ') || any}</Table.Td>
      <Table.Td>{reader.specialities.map((one) => t(`speciality.${one as 'neuro'}`)).join(', ') || any}</Table.Td>
      <Table.Td>
        {reader.on_call.length === 0 ? (
          <span className={classes.soft}>{t('readers.always')}</span>
        ) : (
          reader.on_call.map((one) => (
            <div key={`${one.days.join()} ${one.from}`}>
              {one.days.map((day) => t(`readers.day.${day as 0}`)).join(' ')} · {one.from}–{one.to}
            </div>
          ))
        )}
        {reader.on_call.length > 0 && reader.on_call_now && (
          <Badge size="xs" variant="light" color="green" tt="none">
            {t('readers.now')}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>
        <Button size="compact-xs" variant="default" onClick={onEdit}>
          {t('readers.edit')}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

interface DialogProps {
  reader: ReaderShown;
  specialities: readonly string[];
  onClose: () => void;
}

function EditDialog({ reader, specialities, onClose }: DialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { licence_number, seniority, modalities, specialities: own, on_call } = reader;
  const [profile, setProfile] = useState<ReaderProfile>({
    licence_number,
    seniority,
    modalities,
    specialities: own,
    on_call,
  });
  const change = (part: Partial<ReaderProfile>) => setProfile({ ...profile, ...part });
  const save = useMutation({
    mutationFn: () => node.saveReader(reader.username, profile),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: ['readers'] }),
  });
  const window = (at: number, part: Partial<OnCall>) =>
    change({ on_call: profile.on_call.map((one, index) => (index === at ? { ...one, ...part } : one)) });
  return (
    <Modal
      opened
      onClose={onClose}
      title={reader.display_name}
      centered
      closeButtonProps={{ 'aria-label': t('action.close') }}
      size="lg"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="sm">
          <TextInput
            label={t('readers.licence')}
            maxLength={32}
            value={profile.licence_number}
            onChange={(event) => change({ licence_number: event.currentTarget.value })}
            data-autofocus
          />
          <Select
            label={t('readers.seniority')}
            description={t(`readers.seniority-means.${profile.seniority}`)}
            allowDeselect={false}
            value={profile.seniority}
            onChange={(value) => change({ seniority: (value ?? 'reader') as Seniority })}
            data={SENIORITIES.map((value) => ({ value, label: t(`readers.seniority-of.${value}`) }))}
          />
          <TagsInput
            label={t('readers.modalities')}
            placeholder={profile.modalities.length ? '' : t('readers.any')}
            data={MODALITIES}
            value={profile.modalities}
            onChange={(values) => change({ modalities: values.map((value) => value.trim().toUpperCase()) })}
          />
          <MultiSelect
            label={t('readers.specialities')}
            placeholder={profile.specialities.length ? '' : t('readers.any')}
            data={specialities.map((value) => ({ value, label: t(`speciality.${value as 'neuro'}`) }))}
            value={profile.specialities}
            onChange={(values) => change({ specialities: values })}
          />
          <fieldset className={classes.windows}>
            <legend>{t('readers.on-call')}</legend>
            {profile.on_call.length === 0 && <p className={classes.soft}>{t('readers.always')}</p>}
            {profile.on_call.map((one, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: windows have no names
              <Group key={at} gap="xs" align="flex-end" wrap="nowrap">
                <MultiSelect
                  className={classes.days ?? ''}
                  label={t('readers.days')}
                  data={DAYS.map((day) => ({ value: String(day), label: t(`readers.day.${day}`) }))}
                  value={one.days.map(String)}
                  onChange={(values) => window(at, { days: values.map(Number).sort() })}
                />
                <TextInput
                  type="time"
                  label={t('readers.from')}
                  value={one.from}
                  onChange={(event) => window(at, { from: event.currentTarget.value })}
                />
                <TextInput
                  type="time"
                  label={t('readers.to')}
                  value={one.to}
                  onChange={(event) => window(at, { to: event.currentTarget.value })}
                />
                <Button
                  variant="default"
                  onClick={() => change({ on_call: profile.on_call.filter((_, index) => index !== at) })}
                >
                  {t('readers.remove')}
                </Button>
              </Group>
            ))}
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => change({ on_call: [...profile.on_call, A_WINDOW] })}
            >
              {t('readers.add-window')}
            </Button>
          </fieldset>
          {save.error && <ErrorNote error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('action.close')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t('readers.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
