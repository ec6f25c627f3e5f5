/** What cannot wait stays in sight until someone has seen it. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import type { Notice } from '../api/types';
import { useSession } from '../session';
import { IconWarning } from '../ui/icons';
import classes from './Notices.module.css';
import { useNotices } from './useNotices';
import { addressOf, useNoticeWords } from './words';

const MOST = 3; // at once

export function NoticeToasts() {
  const { t } = useTranslation();
  const { items, see } = useNotices();
  const urgent = items.filter((notice) => notice.urgent && !notice.seen);
  return (
    <section className={classes.toasts} aria-live="assertive" aria-label={t('notice.urgent')}>
      {urgent.slice(0, MOST).map((notice) => (
        <Toast key={notice.id} notice={notice} onSeen={() => see(notice.id)} />
      ))}
      {urgent.length > MOST && <p className={classes.rest}>{t('notice.more', { n: urgent.length - MOST })}</p>}
    </section>
  );
}

function Toast({ notice, onSeen }: { notice: Notice; onSeen: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const words = useNoticeWords()(notice);
  const session = useSession();
  const to = addressOf(notice, session.role === 'radiologist' || session.role === 'admin');
  return (
    <div className={classes.toast}>
      <IconWarning />
      <div className={classes.body}>
        <b>{words.title}</b>
        {words.detail && <span className={classes.detail}>{words.detail}</span>}
      </div>
      {to && (
        <Button
          size="compact-xs"
          onClick={() => {
            onSeen();
            void navigate(to);
          }}
        >
          {t('notice.open')}
        </Button>
      )}
      <Button size="compact-xs" variant="default" onClick={onSeen}>
        {t('notice.seen')}
      </Button>
    </div>
  );
}
