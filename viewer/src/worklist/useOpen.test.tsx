import { QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { queries, queryClient } from '../api/queries';
import { aTask } from './testing';
import { useOpen } from './useOpen';

const free = aTask('1', { mine: false, claimed_by: '' });
const claimed = { ...free, mine: true, claimed_by: 'anh', state: 'claimed' };

function inApplication({ children }: { children: ReactNode }) {
  const routes = [{ path: '*', element: children }];
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={createMemoryRouter(routes)} />
    </QueryClientProvider>
  );
}

describe('opening a study', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    queryClient.clear();
  });

  it('knows its claim though an answer of before it comes after it', async () => {
    let answer: (() => void) | undefined;
    vi.stubGlobal('fetch', (path: string, options: RequestInit = {}) => {
      const say = (body: unknown) =>
        new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
      if (options.method === 'POST') return Promise.resolve(say(claimed));
      if (path.endsWith('/api/reading/tasks/1'))
        return new Promise<Response>((resolve) => {
          answer = () => resolve(say(free));
        });
      return new Promise<Response>(() => undefined);
    });
    const { result } = renderHook(() => useOpen('radiologist'), { wrapper: inApplication });
    act(() => result.current.open(free));
    await waitFor(() => expect(result.current.opening).toBeNull());
    await act(async () => answer!());
    const known = () => queryClient.getQueryData(queries.task('1').queryKey);
    await waitFor(() => expect(known()).toMatchObject({ mine: true, state: 'claimed' }));
  });
});
