/** What can be done with a study, at the place where the row is: arrows or the letters of the actions, Escape leaves. */
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Priority, Role, Task } from '../api/types';
import { ACTION_KEYS, type Action, actionsFor, isFree } from './order';
import { PriorityBadge } from './PriorityBadge';
import classes from './TaskMenu.module.css';

const PRIORITIES: readonly Priority[] = ['emergency', 'urgent', 'routine'];
const MARGIN = 8; // pixels to the edge of the window

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
  const menu = useRef<HTMLDivElement>(null);
  const at = usePlace(menu, place);
  const actions = actionsFor(task, role);
  const claims = role === 'radiologist' && isFree(task);
  const close = useRef(onClose);
  close.current = onClose;

  useEffect(() => {
    const outside = (event: PointerEvent) => {
      if (!menu.current?.contains(event.target as Node)) close.current();
    };
    window.addEventListener('pointerdown', outside, true);
    return () => window.removeEventListener('pointerdown', outside, true);
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)') ?? [])];
    const now = items.indexOf(document.activeElement as HTMLElement);
    const moves: Record<string, number> = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 };
    const action = actions.find((one) => ACTION_KEYS[one] === event.key && one !== 'open' && one !== 'priority');
    if (event.key in moves) items.at(moves[event.key]! % items.length)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else if (action) onDo(action);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={menu}
      className={classes.menu}
      role="menu"
      tabIndex={-1}
      aria-label={t('worklist.actions')}
      style={{ left: at.x, top: at.y }}
      onKeyDown={onKeyDown}
    >
      {actions
        .filter((action) => action !== 'priority')
        .map((action) => (
          <button key={action} type="button" role="menuitem" className={classes.item} onClick={() => onDo(action)}>
            {t(`worklist.action.${action === 'open' && claims ? 'claim' : action}`)}
            <kbd>{ACTION_KEYS[action].toUpperCase()}</kbd>
          </button>
        ))}
      {actions.includes('priority') && (
        <div role="group" aria-label={t('priority.label')} className={classes.group}>
          <span aria-hidden="true" className={classes.label}>
            {t('priority.label')}
          </span>
          {PRIORITIES.filter((priority) => priority !== task.priority).map((priority) => (
            <button
              key={priority}
              type="button"
              role="menuitem"
              className={classes.item}
              onClick={() => {
                onPriority(priority);
                onClose();
              }}
            >
              <PriorityBadge priority={priority} />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** Inside the window, and with the focus on the first item. */
function usePlace(menu: RefObject<HTMLDivElement | null>, wanted: { x: number; y: number }) {
  const [at, setAt] = useState(wanted);
  useLayoutEffect(() => {
    const box = menu.current?.getBoundingClientRect();
    if (!box) return;
    setAt({
      x: Math.max(MARGIN, Math.min(wanted.x, window.innerWidth - box.width - MARGIN)),
      y: Math.max(MARGIN, Math.min(wanted.y, window.innerHeight - box.height - MARGIN)),
    });
    menu.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
  }, [menu, wanted.x, wanted.y]);
  return at;
}
