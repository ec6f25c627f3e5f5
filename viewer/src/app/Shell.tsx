/** The frame of the list pages: where one is, who one is, whether what is shown is live. */
import { Badge, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, Outlet } from 'react-router';
import { useLiveness } from '../api/live';
import { queries } from '../api/queries';
import type { Role } from '../api/types';
import { NoticeBell } from '../notices/NoticeBell';
import { logout, useSession } from '../session';
import { LanguageSwitch } from '../session/LanguageSwitch';
import { Brand } from '../ui/Brand';
import { IconUser } from '../ui/icons';
import classes from './Shell.module.css';
import { prefetchViewer } from './viewer-chunk';

const PAGES = {
  reading: { to: '/reading', roles: ['radiologist', 'admin'] },
  studies: { to: '/studies', roles: ['radiographer', 'clinician', 'radiologist', 'admin'] },
  orders: { to: '/orders', roles: ['radiographer', 'radiologist', 'admin'] },
  queue: { to: '/admin', roles: ['admin'] },
  aside: { to: '/admin/set-aside', roles: ['admin'] },
  peers: { to: '/peers', roles: ['admin'] },
  readers: { to: '/admin/readers', roles: ['admin'] },
  questions: { to: '/admin/worklist', roles: ['admin'] },
} as const satisfies Record<string, { to: string; roles: readonly Role[] }>;

export function Shell() {
  const { t } = useTranslation();
  const session = useSession();
  const site = useQuery(queries.site());
  const liveness = useLiveness();
  const reads = session.role === 'radiologist';
  useEffect(() => {
    if (reads) prefetchViewer();
  }, [reads]);
  const pages = (Object.keys(PAGES) as (keyof typeof PAGES)[]).filter((key) =>
    (PAGES[key].roles as readonly Role[]).includes(session.role),
  );

  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {t('app.skip')}
      </a>
      <header className={classes.header}>
        <Brand />
        <span className={classes.facility} title={session.facility_name}>
          {session.facility_name}
        </span>
        {site.data?.demo && (
          <Tooltip label={t('app.demo-explained')} multiline maw={320}>
            <Badge color="yellow" variant="light">
              {t('app.demo')}
            </Badge>
          </Tooltip>
        )}
        <nav className={classes.nav} aria-label={t('app.pages')}>
          {pages.map((key) => (
            <NavLink key={key} to={PAGES[key].to} end={key === 'queue'} className={classes.link ?? ''}>
              {key === 'studies' && session.role === 'radiographer' ? t('nav.my-studies') : t(`nav.${key}`)}
            </NavLink>
          ))}
        </nav>
        <Tooltip label={t(`live.${liveness}-explained`)} multiline maw={280}>
          <span className={classes.live} data-state={liveness} role="status">
            {t(`live.${liveness}`)}
          </span>
        </Tooltip>
        <NoticeBell />
        <LanguageSwitch />
        <Menu position="bottom-end">
          <Menu.Target>
            <UnstyledButton className={classes.user} aria-label={t('app.account', { name: session.display_name })}>
              <IconUser />
              <span>{session.display_name}</span>
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>
              {session.username} · {t(`role.${session.role}`)}
            </Menu.Label>
            <Menu.Item onClick={() => void logout()}>{t('action.logout')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </header>
      <main id="content" className={classes.content} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}
