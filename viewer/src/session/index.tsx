/** Who is logged in, and what happens when that ends. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { Navigate, useLocation, useNavigate } from 'react-router';
import { whenSessionEnds } from '../api/client';
import * as node from '../api/node';
import { ApiError } from '../api/problem';
import { queries } from '../api/queries';
import type { Language, Role, Session } from '../api/types';
import { showLanguage } from '../i18n';
import { FullPageError, FullPageLoading } from '../ui/states';

const SessionContext = createContext<Session | null>(null);

/** The page that each role starts its day on. */
export const HOME: Record<Role, string> = {
  radiographer: '/studies',
  clinician: '/studies',
  radiologist: '/reading',
  admin: '/admin',
};

/** The session of the person at the desk; only inside pages that need a login. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('this page is shown without a login');
  return session;
}

/** Where to go after logging in: a path of this application only. */
export function safeReturn(path: string | null, role: Role): string {
  return path?.startsWith('/') && !path.startsWith('//') && !path.startsWith('/login') ? path : HOME[role];
}

/** Whose session ended on this page. */
let last: string | undefined;

/** Whether somebody else was at work on this page, whose marks and drafts may still wait in its memory. */
export const isSomebodyElse = (username: string): boolean => last !== undefined && last !== username;

/** Shows its children to who is logged in; everyone else is asked to log in and comes back to the same place. */
export function NeedsLogin({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const location = useLocation();
  const here = location.pathname + location.search;
  const session = useQuery({ ...queries.session(), retry: (n, e) => n < 2 && e instanceof ApiError && e.mayPass });

  useEffect(
    () =>
      whenSessionEnds(() => {
        const ended = client.getQueryData(queries.session().queryKey);
        if (!ended) return;
        last = ended.username;
        client.clear();
        void navigate(`/login?ended=1&next=${encodeURIComponent(here)}`, { replace: true });
      }),
    [client, navigate, here],
  );
  const username = session.data?.username;
  useEffect(() => {
    if (!username) return undefined;
    // another tab may have logged somebody else in: nothing is read or signed in a name that is not on the screen
    const compare = () =>
      node
        .session()
        .then((now) => now.username !== username && window.location.reload())
        .catch(() => undefined);
    window.addEventListener('focus', compare);
    return () => window.removeEventListener('focus', compare);
  }, [username]);
  const language = session.data?.language;
  useEffect(() => {
    if (language) void showLanguage(language);
  }, [language]);

  if (session.data) return <SessionContext value={session.data}>{children}</SessionContext>;
  if (session.isPending) return <FullPageLoading />;
  if (session.error instanceof ApiError && session.error.needsLogin) {
    return <Navigate to={`/login?next=${encodeURIComponent(here)}`} replace />;
  }
  return <FullPageError error={session.error} onRetry={() => void session.refetch()} />;
}

/** Ends the session and forgets everything that was read in it. */
export async function logout(): Promise<void> {
  await node.logout().catch(() => undefined);
  window.location.replace('/login'); // a fresh page: nothing of the last user's stays in memory
}

/** Shows `language` now and remembers it for the user. */
export function useChangeLanguage() {
  const client = useQueryClient();
  return async (language: Language) => {
    await showLanguage(language);
    const { queryKey } = queries.session();
    if (!client.getQueryData(queryKey)) return;
    const session = await node.setLanguage(language).catch(() => null);
    if (session) client.setQueryData(queryKey, session);
    void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
  };
}
