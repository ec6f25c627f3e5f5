import { useTranslation } from 'react-i18next';
import type { Priority } from '../api/types';
import classes from './PriorityBadge.module.css';

/** How soon a study must be read: shape and word say it, colour only repeats it. */
export function PriorityBadge({ priority }: { priority: Priority }) {
  const { t } = useTranslation();
  return (
    <span className={classes.badge} data-priority={priority}>
      {priority === 'emergency' && <span aria-hidden="true">▲ </span>}
      {t(`priority.${priority}`)}
    </span>
  );
}
