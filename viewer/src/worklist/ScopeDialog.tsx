import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface Props {
  description: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Taking a study outside one's own scope is meant, and is kept in the record. */
export function ScopeDialog({ description, onConfirm, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('worklist.scope.title')}
      centered
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack gap="md">
        <Text size="sm">
          <b>{description}</b>
        </Text>
        <Text size="sm">{t('worklist.scope.explained')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('action.close')}
          </Button>
          <Button color="yellow" onClick={onConfirm}>
            {t('worklist.scope.confirm')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
