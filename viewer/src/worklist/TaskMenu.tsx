/** What can be done with a study, at the place where the row is. */
import { Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Priority, Role, Task } from '../api/types';
import classes from './FilterBar.module.css';
import { ACTION_KEYS, type Action, actionsFor } from './order';
import { PriorityBadge } from './PriorityBadge';

const PRIORITIES: readonly Priority[] = ['emergency', 'urgent', 'routine'];

interface Props {
  task: Task;
  role: Role;
  place: { x: number; y: number };
  onDo: (action: Action) => void;
  onPriority: (priority: Priority) => void;
  onClose: () => void;
}

export function TaskMenu({ task, role, place, onDo, onPriority, onClose }: Props) {
  const { t } = useTranslation();
  const actions = actionsFor(task, role);
  return (
    <Menu opened onClose={onClose} position="bottom-start" trapFocus returnFocus={false} withinPortal>
      <Menu.Target>
        <span style={{ position: 'fixed', left: place.x, top: place.y, width: 0, height: 0 }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={t('worklist.actions')}>
        {actions
          .filter((action) => action !== 'priority')
          .map((action) => (
            <Menu.Item
              key={action}
              rightSection={<kbd className={classes.key}>{ACTION_KEYS[action].toUpperCase()}</kbd>}
              onClick={() => onDo(action)}
            >
              {t(`worklist.action.${action}`)}
            </Menu.Item>
          ))}
        {actions.includes('priority') && (
          <>
            <Menu.Divider />
            <Menu.Label>{t('priority.label')}</Menu.Label>
            {PRIORITIES.map((priority) => (
              <Menu.Item key={priority} disabled={priority === task.priority} onClick={() => onPriority(priority)}>
                <PriorityBadge priority={priority} />
              </Menu.Item>
            ))}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
