import { Menu, UnstyledButton } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import * as node from '../api/node';
import type { Priority, Task } from '../api/types';
import { PriorityBadge } from './PriorityBadge';

const PRIORITIES: readonly Priority[] = ['emergency', 'urgent', 'routine'];

/** The priority of a task, and the way to change it. */
export function PriorityMenu({ task }: { task: Task }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (priority: Priority) => node.setPriority(task.id, priority),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  if (task.state === 'final' || task.state === 'cancelled') return <PriorityBadge priority={task.priority} />;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <UnstyledButton aria-label={t('priority.change', { now: t(`priority.${task.priority}`) })}>
          <PriorityBadge priority={change.isPending ? change.variables : task.priority} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('priority.label')}</Menu.Label>
        {PRIORITIES.map((priority) => (
          <Menu.Item key={priority} disabled={priority === task.priority} onClick={() => change.mutate(priority)}>
            <PriorityBadge priority={priority} />
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
