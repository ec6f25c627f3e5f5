/** To whom a study is given: assigned while nobody has it, handed over by who has it. */
import { Button, Group, Modal, Select, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { Colleague, Task } from '../api/types';
import { ErrorNote } from '../ui/states';

interface Props {
  task: Task;
  kind: 'assign' | 'hand-over';
  onClose: () => void;
}

export function PeopleDialog({ task, kind, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const people = useQuery(queries.colleagues());
  const [to, setTo] = useState<string | null>(kind === 'assign' ? task.assigned_to : null);
  const give = useMutation({
    mutationFn: () => (kind === 'assign' ? node.assign(task.id, to ?? '') : node.handOver(task.id, to ?? '')),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  const others = (people.data ?? []).filter((one) => kind === 'assign' || !one.me);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`worklist.action.${kind}`)}
      centered
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          give.mutate();
        }}
      >
        <Stack gap="md">
          <ColleagueSelect
            label={t('worklist.to-whom')}
            people={others}
            value={to}
            onChange={setTo}
            anyone={kind === 'assign'}
          />
          {(people.error || give.error) && <ErrorNote error={people.error ?? give.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('action.close')}
            </Button>
            <Button
              type="submit"
              loading={give.isPending}
              disabled={kind === 'hand-over' ? !to : to === task.assigned_to}
            >
              {t(`worklist.action.${kind}`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface SelectProps {
  label: string;
  people: readonly Colleague[];
  value: string | null;
  onChange: (username: string | null) => void;
  anyone: boolean;
}

/** A radiologist by name; who is on call stands first. */
export function ColleagueSelect({ label, people, value, onChange, anyone }: SelectProps) {
  const { t } = useTranslation();
  const sorted = [...people].sort((a, b) => Number(b.on_call_now) - Number(a.on_call_now));
  return (
    <Select
      data-autofocus
      label={label}
      placeholder={anyone ? t('worklist.whoever') : ''}
      searchable
      clearable={anyone}
      comboboxProps={{ withinPortal: true }}
      value={value}
      onChange={onChange}
      nothingFoundMessage={t('worklist.nobody')}
      data={sorted.map((one) => ({
        value: one.username,
        label: [one.display_name, one.on_call_now && t('worklist.on-call'), one.me && t('worklist.you')]
          .filter(Boolean)
          .join(' · '),
      }))}
    />
  );
}
