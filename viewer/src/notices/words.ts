import { useTranslation } from 'react-i18next';
import type { Notice } from '../api/types';

/** A notice in words; a kind that this version does not know has some too. */
export function useNoticeWords(): (notice: Notice) => { title: string; detail: string } {
  const { t, i18n } = useTranslation();
  return ({ kind, detail }) => {
    const shown = (i18n.exists(`notice.kind.${kind}`) ? kind : 'other') as 'other';
    const by = typeof detail.by === 'string' ? detail.by : '';
    const modalities = typeof detail.modalities === 'string' ? detail.modalities : '';
    const minutes = typeof detail.limit_minutes === 'number' ? detail.limit_minutes : null;
    const call = typeof detail.event === 'string' ? { event: detail.event, status: detail.status } : null;
    const waited = typeof detail.waiting_minutes === 'number' ? detail.waiting_minutes : null;
    return {
      title: t(`notice.kind.${shown}`),
      detail: [
        modalities,
        by && t('notice.by', { name: by }),
        minutes !== null && t('notice.limit', { n: minutes }),
        call && t('notice.call', call),
        waited !== null && t('notice.waiting', { n: waited }),
      ]
        .filter(Boolean)
        .join(' · '),
    };
  };
}

/** Where a notice leads: the study at the reading desk for who reads, else the study's page. */
export function addressOf(notice: Notice, reads: boolean): string | null {
  if (notice.task_id && reads) return `/reading/${encodeURIComponent(notice.task_id)}`;
  return notice.study_instance_uid ? `/studies/${encodeURIComponent(notice.study_instance_uid)}` : null;
}
