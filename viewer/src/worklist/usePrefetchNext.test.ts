import { renderHook } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { expectCode } from '../api/ahead';
import { aTask } from './testing';
import { usePrefetchNext } from './usePrefetchNext';

const prefetchTask = vi.hoisted(() => vi.fn());
vi.mock('../imaging/prefetch.ts', () => ({ prefetchTask }));

it('the images of the next studies leave the line to the code of the viewer', async () => {
  vi.useFakeTimers();
  let arrive: () => void = () => undefined;
  expectCode(
    new Promise<void>((resolve) => {
      arrive = resolve;
    }),
  );
  const tasks = [aTask('1', { study_instance_uid: '1.2' }), aTask('2', { study_instance_uid: '1.3' })];
  renderHook(() => usePrefetchNext(tasks));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(prefetchTask).not.toHaveBeenCalled();
  vi.useRealTimers();
  arrive();
  await vi.waitFor(() => expect(prefetchTask.mock.calls.map(([study]) => study)).toEqual(['1.2', '1.3']), 10_000);
});
