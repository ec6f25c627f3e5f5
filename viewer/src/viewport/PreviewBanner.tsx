/** Says, over the picture, that it is a coarse preview: nothing may be measured on it or concluded from it. */
import { useTranslation } from 'react-i18next';
import type { ViewState } from '../imaging/viewstate';
import classes from './PreviewBanner.module.css';

interface Props {
  state: ViewState | null;
  onRetry: () => void;
}

export function PreviewBanner({ state, onRetry }: Props) {
  const { t } = useTranslation();
  if (!state || state.shown < 0 || state.quality === 'full') return null;
  const failed = state.frames[state.shown] === 'failed';
  return (
    <div className={classes.banner} role="status" data-failed={failed || undefined}>
      <strong>{t('view.preview')}</strong>
      <span>{failed ? t('view.preview-failed') : t('view.preview-explained')}</span>
      {failed && (
        <button type="button" className={classes.retry} onClick={onRetry}>
          {t('action.retry')}
        </button>
      )}
    </div>
  );
}
