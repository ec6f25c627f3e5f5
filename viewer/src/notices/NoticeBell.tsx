/** The bell: how many notices are new, and all of them in a panel. */
import { Button, Popover, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Notice } from '../api/types';
import { useFormat } from '../i18n/format';
import { useSession } from '../session';
import { IconBell } from '../ui/icons';
import classes from './Notices.module.css';
import { useNotices } from './useNotices';
import { addressOf, useNoticeWords } from './words';

export function NoticeBell() {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const { items, unseen, see, seeAll } = useNotices();
  const label = unseen ? t('notice.bell-new', { n: unseen }) : t('notice.bell');
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={380} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <UnstyledButton
          className={classes.bell}
          aria-label={label}
          aria-expanded={opened}
          data-new={unseen > 0 || undefined}
          onClick={() => setOpened(!opened)}
        >
          <IconBell />
          {unseen > 0 && <span className={classes.count}>{unseen > 99 ? '99+' : unseen}</span>}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={classes.panel ?? ''} aria-label={t('notice.title')}>
        <div className={classes.head}>
          <b>{t('notice.title')}</b>
          {unseen > 0 && (
            <Button size="compact-xs" variant="subtle" onClick={seeAll}>
              {t('notice.see-all')}
            </Button>
          )}
        </div>
        {items.length === 0 && <p className={classes.none}>{t('notice.none')}</p>}
        <ul className={classes.list}>
          {items.map((notice) => (
            <Row
              key={notice.id}
              notice={notice}
              onFollow={() => {
                if (!notice.seen) see(notice.id);
                setOpened(false);
              }}
            />
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}

function Row({ notice, onFollow }: { notice: Notice; onFollow: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useNoticeWords()(notice);
  const session = useSession();
  const to = addressOf(notice, session.role === 'radiologist' || session.role === 'admin');
  const inside = (
    <>
      <span className={classes.title}>{words.title}</span>
      <span className={classes.detail}>
        {[format.moment(notice.at), words.detail, notice.over && t('notice.over')].filter(Boolean).join(' · ')}
      </span>
    </>
  );
  return (
    <li data-urgent={notice.urgent || undefined} data-new={!notice.seen || undefined}>
      {to ? (
        <Link to={to} onClick={onFollow}>
          {inside}
        </Link>
      ) : (
        <button type="button" onClick={onFollow}>
          {inside}
        </button>
      )}
    </li>
  );
}
