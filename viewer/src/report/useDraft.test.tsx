import { act, cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StudyDetail, TaskDetail } from '../api/types';
import { aNode, show } from '../app/rendering';
import { roomOf } from '../tools/room';
import { aTask } from '../worklist/testing';
import type { Kept } from './draft';
import { findKept, setAside } from './kept';
import { ReportPanel } from './ReportPanel';
import { savedOf, useDraft, useKept } from './useDraft';
import { EMPTY_REPORT } from './written';

const study = { study_instance_uid: '1.2.3', modalities: ['CT'], body_part: '', series: [] } as unknown as StudyDetail;
const editor = { current: null };

const aDetail = (more: Partial<TaskDetail> = {}): TaskDetail => ({
  ...aTask('1', { state: 'drafting', mine: true, claimed_by: 'anh', claimed_by_name: 'BS. Ánh' }),
  report: null,
  links: [],
  report_version: 1,
  report_revision: 'r0',
  report_pages: {},
  report_state: 'draft',
  report_kind: 'report',
  addendum_number: null,
  correctable_until: null,
  may_sign: ['final'],
  questions: [],
  ...more,
});
const LOST: Partial<TaskDetail> = { mine: false, claimed_by: 'duc', claimed_by_name: 'BS. Đức' };
const FREE: Partial<TaskDetail> = { state: 'ready', mine: false, claimed_by: null, claimed_by_name: null };

let become: (more: Partial<TaskDetail>) => void = () => undefined;
const saves: string[] = [];

function Desk({ first }: { first: TaskDetail }) {
  const [task, setTask] = useState(first);
  become = (more) => act(() => setTask((known) => ({ ...known, ...more })));
  const found = useKept('anh', task, true, task.mine);
  const editable = task.mine && found !== undefined;
  const { draft, keeping, unsent } = useDraft(task, 'anh', 'vi', editable, found ?? []);
  const none = () => undefined;
  return (
    <ReportPanel
      task={task}
      study={study}
      draft={draft}
      report={editable ? draft.report : savedOf(task, 'vi').written}
      unsent={unsent}
      editable={editable}
      keeping={keeping}
      signer="BS. Ánh"
      quality="full"
      busy={false}
      error={null}
      editor={editor}
      onShow={none}
      onShowMark={none}
      onRemoveKeyImage={none}
      onClaim={() => become({ state: 'claimed', mine: true, claimed_by: 'anh', claimed_by_name: 'BS. Ánh' })}
      onRelease={none}
      onAsk={null}
      onCorrect={null}
      onAmend={null}
      onSign={async () => true}
      onNext={null}
    />
  );
}

/** `arrives`: the node takes saves; otherwise it cannot be reached. */
async function theDesk(first = aDetail(), arrives = false) {
  saves.length = 0;
  const answer = () => (arrives ? { body: { report_revision: `r${saves.length}` } } : { status: 503, body: {} });
  const calls = aNode({
    'GET /api/reading/templates': { body: { items: [] } },
    'GET /api/preferences/macros': { body: { value: null, site: null } },
    'GET /api/reading/studies/1.2.3/marks': { body: { items: [], writable: true } },
    'POST /api/reading/lint': { body: { items: [] } },
    'PUT /api/reading/tasks/1/report': answer,
  });
  await roomOf('1.2.3').store.load();
  show(<Desk first={first} />);
  return calls;
}

const findings = () => screen.findByRole<HTMLTextAreaElement>('textbox', { name: /^Mô tả/ });
const kept = (text: string, at: number, more: Partial<Kept> = {}): Kept => ({
  written: { ...EMPTY_REPORT, findings: text },
  base: 'r0',
  sent: [],
  count: 1,
  at,
  ...more,
});
const keep = (page: string, one: Kept) => localStorage.setItem(`lientuyen.draft.anh.1.${page}`, JSON.stringify(one));

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('a claim that is lost while somebody writes', () => {
  it('leaves the unsent text in sight, says what happened, and goes on with it when the study is claimed again', async () => {
    await theDesk();
    await userEvent.type(await findings(), 'Nốt 8 mm.');
    become(LOST);
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(screen.getByText('Bạn không còn giữ ca này')).toBeTruthy();
    expect(screen.getByText(/BS. Đức đang đọc ca này/)).toBeTruthy();
    expect(screen.getByText('Nốt 8 mm.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Nhận lại ca để viết tiếp' })).toBeNull();
    become(FREE);
    expect(screen.getByText('Nốt 8 mm.')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Nhận lại ca để viết tiếp' }));
    expect((await findings()).value).toBe('Nốt 8 mm.');
    expect(screen.queryByText('Bạn không còn giữ ca này')).toBeNull();
  });

  it('does so where the browser keeps nothing, and warns of it', async () => {
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    vi.stubGlobal('localStorage', { setItem: full, removeItem: full, getItem: () => null });
    await theDesk();
    await userEvent.type(await findings(), 'Gan to.');
    become(FREE);
    expect(screen.getByText('Gan to.')).toBeTruthy();
    expect(screen.getByText(/CHỈ còn trên trang này/)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Nhận lại ca để viết tiếp' }));
    expect((await findings()).value).toBe('Gan to.');
  });

  it('puts the text beside what a colleague wrote meanwhile, and on the clipboard', async () => {
    const copied: string[] = [];
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText: async (text: string) => copied.push(text) } });
    await theDesk();
    await userEvent.type(await findings(), 'Gan to.');
    become({ ...LOST, report: { ...EMPTY_REPORT, findings: 'Lách to.' }, report_revision: 'r7' });
    expect(screen.getByText('Gan to.')).toBeTruthy();
    expect(screen.getByText('Lách to.')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Chép' }));
    expect(copied).toEqual(['Mô tả:\nGan to.']);
    expect(await screen.findByText('Đã chép')).toBeTruthy();
    become({ mine: true });
    expect(await screen.findByText('Bản nháp đã được sửa ở nơi khác')).toBeTruthy();
    expect((await findings()).value).toBe('Gan to.');
  });

  it('says nothing when everything had been saved', async () => {
    await theDesk(aDetail(), true);
    await userEvent.type(await findings(), 'Gan to.');
    await waitFor(() => expect(screen.getByText(/^Đã lưu/)).toBeTruthy());
    become({ ...LOST, report: { ...EMPTY_REPORT, findings: 'Gan to.' } });
    expect(screen.queryByText('Bạn không còn giữ ca này')).toBeNull();
    expect(screen.getByText('BS. Đức đang đọc ca này')).toBeTruthy();
  });

  it('shows what waits from an earlier visit too, until it is discarded twice over', async () => {
    keep('a', kept('Chưa gửi.', Date.now() - 60_000));
    await theDesk(aDetail(LOST));
    expect(await screen.findByText('Chưa gửi.')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Bỏ' }));
    expect(screen.getByText('Chưa gửi.')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Bỏ hẳn' }));
    expect(screen.queryByText('Chưa gửi.')).toBeNull();
    expect(await findKept('anh', '1')).toEqual([]);
  });
});

describe('several unsent texts of one study', () => {
  const list = () => screen.findByRole('list', { name: 'Văn bản chưa gửi trên máy này' });

  it('are all offered beside the newest, which is opened; saving it discards none of them', async () => {
    keep('a', kept('Bản cũ.', Date.now() - 120_000));
    keep('b', kept('Bản mới.', Date.now() - 60_000));
    keep('c', kept('Bản cũ.', Date.now() - 180_000));
    await theDesk(aDetail(), true);
    expect((await findings()).value).toBe('Bản mới.');
    expect(within(await list()).getAllByRole('listitem')).toHaveLength(1);
    expect((await list()).textContent).toContain('Bản cũ.');
    await waitFor(() => expect(screen.getByText(/^Đã lưu/)).toBeTruthy());
    const left = (await findKept('anh', '1')).map((one) => [one.kept.written.findings, one.kept.aside]);
    expect(left).toEqual([
      ['Bản cũ.', true],
      ['Bản cũ.', false],
    ]);
  });

  it('can be compared and taken; what was in the editor is offered instead', async () => {
    keep('a', kept('Bản cũ.', Date.now() - 120_000));
    keep('b', kept('Bản mới.', Date.now() - 60_000));
    const calls = await theDesk(aDetail(), true);
    await findings();
    await userEvent.click(within(await list()).getByRole('button', { name: 'So sánh' }));
    expect((await list()).querySelector('ins')?.textContent).toContain('cũ');
    await userEvent.click(within(await list()).getByRole('button', { name: 'Dùng bản này' }));
    expect((await findings()).value).toBe('Bản cũ.');
    expect((await list()).textContent).toContain('Bản mới.');
    const sent = () => calls.filter((call) => call.method === 'PUT').map((call) => call.body as { findings: string });
    await waitFor(() => expect(sent().at(-1)?.findings).toBe('Bản cũ.'));
    await waitFor(async () =>
      expect((await findKept('anh', '1')).map((one) => one.kept.written.findings)).toEqual(['Bản mới.']),
    );
  });

  it('do not come into the editor by themselves once they were set aside', async () => {
    setAside('anh', '1', kept('Để riêng.', Date.now()));
    await theDesk(aDetail({ report: { ...EMPTY_REPORT, findings: 'Trên máy chủ.' }, report_revision: 'r4' }));
    expect((await findings()).value).toBe('Trên máy chủ.');
    expect((await list()).textContent).toContain('Để riêng.');
  });

  it('are one when one goes on from the other', async () => {
    keep('a', kept('Phổi', Date.now() - 120_000));
    keep('b', kept('Phổi sáng.', Date.now() - 60_000, { pages: { a: 1 } }));
    await theDesk();
    expect((await findings()).value).toBe('Phổi sáng.');
    expect(screen.queryByRole('list', { name: 'Văn bản chưa gửi trên máy này' })).toBeNull();
  });
});
