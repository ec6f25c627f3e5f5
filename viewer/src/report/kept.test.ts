import { expect, it, vi } from 'vitest';
import { findKept, forget, setAside } from './kept';
import { EMPTY_REPORT } from './written';

const rows = new Map<string, unknown>();
let forgotten: () => void = () => undefined;

vi.mock('./database', () => ({
  openDB: async () => ({
    put: async (name: string, value: unknown) => void rows.set(name, value),
    remove: (name: string) =>
      new Promise<void>((resolve) => {
        forgotten = () => {
          rows.delete(name);
          resolve();
        };
      }),
    all: async (prefix: string) => [...rows].filter(([name]) => name.startsWith(prefix)),
  }),
}));

it('a text that was discarded is not found again while the database still has it', async () => {
  const text = { ...EMPTY_REPORT, findings: 'Phổi sáng.' };
  const { name } = setAside('ánh', '1', {
    written: text,
    base: '',
    sent: [],
    count: 1,
    at: Date.now() - 1_000,
    pages: {},
  });
  await vi.waitFor(() => expect(rows.has(name)).toBe(true));
  expect(await findKept('ánh', '1')).toHaveLength(1);
  forget(name);
  expect(await findKept('ánh', '1')).toEqual([]);
  expect(rows.has(name)).toBe(true);
  await vi.waitFor(() => {
    forgotten();
    expect(rows.has(name)).toBe(false);
  });
  await vi.waitFor(() => expect(localStorage.getItem(name)).toBeNull());
  expect(await findKept('ánh', '1')).toEqual([]);
});

it('a text that was written after its place was cleared is found, although the note of that is what reached the disk', async () => {
  const { name, kept } = setAside('ánh', '2', {
    written: { ...EMPTY_REPORT, findings: 'Viết tiếp.' },
    base: '',
    sent: [],
    count: 2,
    at: Date.now(),
    pages: {},
  });
  await vi.waitFor(() => expect(rows.has(name)).toBe(true));
  localStorage.setItem(name, `gone:${kept.at - 1}`);
  expect((await findKept('ánh', '2')).map((one) => one.kept.written.findings)).toEqual(['Viết tiếp.']);
  expect(rows.has(name)).toBe(true);
});
