/** The second opinions on a study of the list. */
import { Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Task } from '../api/types';
import { Opinions } from './Opinions';

export function OpinionDialog({ task, onClose }: { task: Pick<Task, 'id'>; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('worklist.opinion.title')}
      centered
      closeButtonProps={{ 'aria-label': t('action.close') }}
      size="lg"
    >
      <Opinions taskId={task.id} onDone={onClose} />
    </Modal>
  );
}
