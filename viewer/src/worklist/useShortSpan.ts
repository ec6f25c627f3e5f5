import { useTranslation } from 'react-i18next';

/** `12 phút`, `1 giờ 05`, `2 ngày`: for narrow columns. */
export function useShortSpan(): (seconds: number) => string {
  const { t } = useTranslation();
  return (seconds) => {
    const minutes = Math.max(0, Math.floor(seconds / 60));
    if (minutes < 60) return t('worklist.span.minutes', { n: minutes });
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return t('worklist.span.hours', { h: hours, m: String(minutes % 60).padStart(2, '0') });
    return t('worklist.span.days', { d: Math.floor(hours / 24), h: hours % 24 });
  };
}
