import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { aNode, show } from '../app/rendering';
import { aTask } from './testing';
import { WorklistPage } from './WorklistPage';

const LIST = 'GET /api/reading/tasks?state=open';
const tasks = [
  aTask('1', { priority: 'emergency', description: 'CT sọ não' }),
  aTask('2', { state: 'drafting', claimed_by: 'hai', claimed_by_name: 'BS. Nguyễn Đình Hải', description: 'CT ngực' }),
  aTask('3', {
    state: 'incomplete',
    instances_received: 127,
    instances_expected: 180,
    waiting_seconds: null,
    description: 'CT bụng',
  }),
];

// the pretend browser has no layout: the list would have no room for rows
Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, value: 800 });
Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, value: 1400 });

describe('the reading worklist', { timeout: 20_000 }, () => {
  afterEach(() => vi.unstubAllGlobals());
  const open = () => show(<WorklistPage />, { path: '/reading', role: 'radiologist' });

  it('shows priority, who reads what, and how much has arrived', async () => {
    aNode({ [LIST]: { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } } });
    open();
    const row = async (text: string) => (await screen.findByText(text)).closest('[role="row"]') as HTMLElement;
    expect(within(await row('CT sọ não')).getByText(/Cấp cứu/)).toBeTruthy();
    expect(within(await row('CT ngực')).getByText('BS. Nguyễn Đình Hải')).toBeTruthy();
    expect(within(await row('CT bụng')).getByText('127/180 ảnh')).toBeTruthy();
  });

  it('claims and opens a study by keyboard', async () => {
    const calls = aNode({
      [LIST]: { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } },
      'POST /api/reading/tasks/1/claim': { body: tasks[0] },
    });
    const router = open();
    await screen.findByText('CT sọ não');
    await userEvent.keyboard('j');
    await userEvent.keyboard('k{Enter}');
    await waitFor(() => expect(router.state.location.pathname).toBe('/reading/1'));
    expect(calls.some((call) => call.method === 'POST' && call.path.endsWith('/1/claim'))).toBe(true);
  });

  it('opens what someone else reads without claiming it', async () => {
    const calls = aNode({ [LIST]: { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } } });
    const router = open();
    await screen.findByText('CT sọ não');
    await userEvent.keyboard('j{Enter}');
    await waitFor(() => expect(router.state.location.pathname).toBe('/reading/2'));
    expect(calls.every((call) => call.method === 'GET')).toBe(true);
  });

  it('says why a study could not be claimed, and stays', async () => {
    const problem = {
      code: 'not-allowed',
      title: 'Không nhận được ca',
      detail: 'BS. Hải đang đọc.',
      hint: 'Chọn ca khác.',
    };
    aNode({
      [LIST]: { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } },
      [`${LIST}&changed_after=2026-11-22T02%3A00%3A00Z`]: { body: { items: [], cursor: '2026-11-22T02:00:00Z' } },
      'POST /api/reading/tasks/1/claim': { status: 409, body: problem },
    });
    const router = open();
    await userEvent.dblClick(await screen.findByText('CT sọ não'));
    expect((await screen.findByRole('alert')).textContent).toContain('BS. Hải đang đọc.');
    expect(router.state.location.pathname).toBe('/reading');
  });

  it("asks before a study outside the reader's scope is claimed", async () => {
    const [first] = tasks;
    const calls = aNode({
      [LIST]: { body: { items: [{ ...first, in_scope: false }], cursor: '2026-11-22T02:00:00Z' } },
      'POST /api/reading/tasks/1/claim': { body: first },
    });
    const router = open();
    await screen.findByText('CT sọ não');
    await userEvent.keyboard('{Enter}');
    await userEvent.click(await screen.findByRole('button', { name: 'Vẫn nhận ca' }, { timeout: 10_000 }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/reading/1'));
    expect(calls.find((call) => call.path.endsWith('/claim'))?.body).toEqual({ override_scope: true, heartbeat: true });
  });

  it('takes the next study by one key', async () => {
    const list = { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } };
    aNode({ [LIST]: list, 'POST /api/reading/next': { body: tasks[0] } });
    const router = open();
    await screen.findByText('CT sọ não');
    await userEvent.keyboard('n');
    await waitFor(() => expect(router.state.location.pathname).toBe('/reading/1'));
  });

  it('says that nothing waits in scope', async () => {
    aNode({
      [LIST]: { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } },
      'POST /api/reading/next': { status: 204 },
    });
    open();
    await screen.findByText('CT sọ não');
    await userEvent.keyboard('n');
    expect(await screen.findByText('Không còn ca nào trong phạm vi của bạn đang chờ.')).toBeTruthy();
  });

  it("begins with the saved filter of the reader's choice, and picks others by number", async () => {
    const saved = [
      { name: 'Ngực', filters: { text: 'nguc' } },
      { name: 'Sọ', filters: { text: 'so nao' } },
    ];
    aNode({
      [LIST]: { body: { items: tasks, cursor: '2026-11-22T02:00:00Z' } },
      'GET /api/preferences/worklist-filters': { body: { value: { filters: saved, first: 'Ngực' }, site: null } },
    });
    open();
    await screen.findByText('CT ngực');
    await waitFor(() => expect(screen.queryByText('CT sọ não')).toBeNull());
    await userEvent.keyboard('2');
    expect(await screen.findByText('CT sọ não')).toBeTruthy();
    expect(screen.queryByText('CT ngực')).toBeNull();
  });

  it('says that nothing waits', async () => {
    aNode({ [LIST]: { body: { items: [], cursor: '2026-11-22T02:00:00Z' } } });
    open();
    expect(await screen.findByText('Không có ca nào đang chờ')).toBeTruthy();
  });

  it('says that the node cannot be reached, with a way to try again', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    open();
    expect(await screen.findByText('Không kết nối được tới máy chủ')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Thử lại' })).toBeTruthy();
  });
});
