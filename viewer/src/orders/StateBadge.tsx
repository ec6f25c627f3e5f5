import { useTranslation } from 'react-i18next';
import classes from './StateBadge.module.css';
import type { OrderState } from './types';

/** Where an order is in its life: the word says it, colour only repeats it. */
export function StateBadge({ state }: { state: OrderState }) {
  const { t } = useTranslation();
  return (
    <span className={classes.badge} data-state={state}>
      {t(`order-state.${state}`)}
    </span>
  );
}
