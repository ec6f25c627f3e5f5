import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { type KeyboardEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Report, Task } from '../api/types';
import { personName } from '../i18n/format';
import { ErrorNote } from '../ui/states';
import classes from './SignDialog.module.css';

interface Props {
  opened: boolean;
  task: Task;
  report: Report;
  error: unknown;
  onClose: () => void;
  onSign: () => Promise<void>;
}

/** The last look before a report becomes final. Ctrl+Enter a second time signs. */
export function SignDialog({ opened, task, report, error, onClose, onSign }: Props) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const sign = async () => {
    setBusy(true);
    try {
      await onSign();
    } finally {
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !busy) {
      event.preventDefault();
      event.stopPropagation();
      void sign();
    }
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('sign.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      onKeyDown={onKeyDown}
      centered
    >
      <Stack gap="sm">
        <Text size="sm">
          <b>{personName(task.patient_name)}</b> · {task.modality} · {task.description}
        </Text>
        <div className={classes.conclusion}>
          <Text size="xs" c="dark.2" mb={2}>
            {t('report.conclusion')}
          </Text>
          {report.conclusion}
        </div>
        <Text size="sm" c="dark.1">
          {t('sign.consequence', { name: task.origin_name || task.origin, n: report.key_images.length })}
        </Text>
        {error !== null && error !== undefined && <ErrorNote error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} disabled={busy}>
            {t('sign.back')}
          </Button>
          <Button onClick={() => void sign()} loading={busy} data-autofocus>
            {t('sign.confirm')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
