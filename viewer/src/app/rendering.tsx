/** Shows a page in a test: theme, queries and addresses as in the application, the node's answers as the test gives them. */
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import type { ReactElement } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { vi } from 'vitest';
import { queries } from '../api/queries';
import type { Role, Session } from '../api/types';
import { NeedsLogin } from '../session';
import { theme } from '../ui/theme';

export type Answer = { status?: number; body?: unknown };
export type Call = { method: string; path: string; body: unknown };

/** Stands in for the node: `routes` maps `GET /path` to an answer. Returns the calls that were made. */
export function aNode(routes: Record<string, Answer | (() => Answer)>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal('fetch', async (path: string, options: RequestInit = {}) => {
    const method = options.method ?? 'GET';
    calls.push({ method, path, body: typeof options.body === 'string' ? JSON.parse(options.body) : options.body });
    const known = routes[`${method} ${path}`];
    const answer = typeof known === 'function' ? known() : known;
    const { status = 200, body = {} } = answer ?? { status: 404, body: { code: 'not-found', title: 'Không tìm thấy' } };
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type } });
  });
  return calls;
}

export const aSession = (role: Role): Session => ({
  username: role,
  display_name: 'BS. Trần Thị Hồng Ánh',
  role,
  language: 'vi',
  facility: 'DEMO-TN',
  facility_name: 'Bệnh viện Trung ương Thái Nguyên',
});

/** Renders `page` at `path`; other addresses show only themselves. */
export function show(page: ReactElement, options: { path?: string; pattern?: string; role?: Role } = {}) {
  const { path = '/', pattern = path, role } = options;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  if (role) client.setQueryData(queries.session().queryKey, aSession(role));
  const element = role ? <NeedsLogin>{page}</NeedsLogin> : page;
  const routes = pattern === '*' ? [] : [{ path: '*', element: <p>elsewhere</p> }];
  const router = createMemoryRouter([{ path: pattern, element }, ...routes], { initialEntries: [path] });
  render(
    <MantineProvider theme={theme} forceColorScheme="dark" env="test">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return router;
}
