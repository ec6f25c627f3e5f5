import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createRef, useReducer } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/problem';
import type { StudyDetail, TaskDetail } from '../api/types';
import { aNode, show } from '../app/rendering';
import { roomOf } from '../tools/room';
import { aTask } from '../worklist/testing';
import { Draft, EMPTY_REPORT } from './draft';
import { ReportPanel } from './ReportPanel';
import { aTemplate } from './testing';
import type { Editor } from './usePen';
import type { Written } from './written';

const study = {
  study_instance_uid: '1.2.3',
  modalities: ['CT'],
  body_part: 'HEAD',
  description: 'CT sọ não',
  series: [
    {
      series_instance_uid: '1.2.3.1',
      modality: 'CT',
      number: 2,
      description: '',
      body_part: '',
      instances: [{ sop_instance_uid: 'k', sop_class_uid: '', number: 33, frames: 1, rows: 512, columns: 512 }],
    },
  ],
} as unknown as StudyDetail;

const mark = {
  id: 'm1',
  kind: 'length',
  series_instance_uid: '1.2.3.1',
  sop_instance_uid: 'k',
  frame: 1,
  points: [
    [1, 1],
    [9, 9],
  ],
  values: [{ name: 'length', number: 12.34, unit: 'mm' }],
  basis: 'patient',
  revision: 1,
  author: 'anh',
  author_name: '',
  mine: true,
  text: '',
  in_report: true,
};

interface Setting {
  task?: Partial<TaskDetail>;
  editable?: boolean;
  quality?: 'preview' | 'full';
  error?: unknown;
  marks?: unknown[];
}

async function thePanel(
  report: Partial<Written>,
  { task: more = {}, editable = true, quality = 'full', error = null, marks = [] }: Setting = {},
) {
  aNode({
    'GET /api/reading/templates': { body: { items: [aTemplate()] } },
    'GET /api/preferences/macros': {
      body: { value: { macros: [{ shortcut: '/bt', text: 'Trong giới hạn bình thường.' }] }, site: null },
    },
    'GET /api/reading/studies/1.2.3/marks': { body: { items: marks, writable: true } },
    'POST /api/reading/lint': { body: { items: [] } },
  });
  const task: TaskDetail = {
    ...aTask('1', { state: 'drafting', mine: true, claimed_by: 'anh', claimed_by_name: 'BS. Ánh' }),
    report: null,
    links: [],
    report_version: 1,
    report_revision: '1.a',
    report_pages: {},
    report_state: 'draft',
    report_kind: 'report',
    addendum_number: null,
    correctable_until: null,
    may_sign: ['final'],
    questions: [],
    ...more,
  };
  const full: Written = { ...EMPTY_REPORT, ...report };
  const onSign = vi.fn(async () => true);
  const onShow = vi.fn();
  const onCorrect = vi.fn();
  const draft = new Draft({
    initial: { written: full, revision: '1.a' },
    store: { write: () => undefined, clear: () => undefined },
    save: async () => ({ revision: '1.b' }),
    load: async () => ({ written: full, revision: '1.a' }),
    changed: () => rerender(),
  });
  const editor = createRef<Editor>();
  let rerender: () => void = () => undefined;
  function Page() {
    const [, render] = useReducer((n: number) => n + 1, 0);
    rerender = render;
    return (
      <ReportPanel
        task={task}
        study={study}
        draft={draft}
        unsent={{ texts: [], take: () => undefined, discard: () => undefined, settle: () => undefined }}
        report={editable ? draft.report : full}
        editable={editable}
        keeping="disk"
        signer="BS. Ánh"
        quality={quality}
        busy={false}
        error={error}
        editor={editor}
        onShow={onShow}
        onShowMark={onShow}
        onRemoveKeyImage={() => undefined}
        onClaim={null}
        onRelease={() => undefined}
        onAsk={null}
        onCorrect={onCorrect}
        onAmend={() => undefined}
        onSign={onSign}
        onNext={null}
      />
    );
  }
  await roomOf('1.2.3').store.load();
  show(<Page />);
  return { draft, onSign, onShow, onCorrect };
}

const area = (name: string) => screen.getByRole<HTMLTextAreaElement>('textbox', { name: new RegExp(`^${name}`) });

describe('the report panel', () => {
  it('does not sign without a conclusion, and says so', async () => {
    const { onSign } = await thePanel({ findings: 'Phổi sáng.' });
    await userEvent.click(screen.getByRole('button', { name: 'Ký kết quả' }));
    expect(await screen.findByText('Cần viết kết luận trước khi ký.')).toBeTruthy();
    expect(document.activeElement).toBe(area('Kết luận'));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(onSign).not.toHaveBeenCalled();
  });

  it('does not sign while a question has no answer', async () => {
    await thePanel({ conclusion: 'Có.', answers: [{ question: 'Có chảy máu không?', answer: '' }] });
    await userEvent.click(screen.getByRole('button', { name: 'Ký kết quả' }));
    expect(await screen.findByText('Cần trả lời câu hỏi này trước khi ký.')).toBeTruthy();
    expect(document.activeElement).toBe(area('1. Có chảy máu không'));
  });

  it('does not sign what is still a preview, and says so to who uses the keys', async () => {
    await thePanel({ conclusion: 'Có.' }, { quality: 'preview' });
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Ký kết quả' }).disabled).toBe(true);
    expect(screen.queryByText(/chờ ảnh đầy đủ rồi ký/)).toBeNull();
    await userEvent.click(area('Kết luận'));
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(await screen.findByText(/chờ ảnh đầy đủ rồi ký/)).toBeTruthy();
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('asks once more before it signs', async () => {
    const { onSign } = await thePanel({ conclusion: 'Bình thường.' });
    await userEvent.click(screen.getByRole('button', { name: 'Ký kết quả' }));
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('BVĐK huyện Định Hóa');
    expect(dialog.textContent).toContain('BS. Ánh');
    expect(onSign).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole('button', { name: 'Ký và gửi' }));
    await waitFor(() => expect(onSign).toHaveBeenCalledWith('final', []));
  });

  it('signs by Ctrl+Enter twice, from within the text', async () => {
    const { onSign } = await thePanel({ conclusion: 'Bình thường.' });
    await userEvent.click(area('Kết luận'));
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await screen.findByRole('dialog');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(onSign).toHaveBeenCalledOnce());
  });

  it('signs what the node remarks on only when the signer says to know it', async () => {
    const error = new ApiError({
      status: 422,
      code: 'not-ready',
      errors: [{ field: 'text', code: 'lint', message: '' }],
    });
    const { onSign } = await thePanel({ conclusion: 'TDMP.' }, { error });
    await userEvent.click(screen.getByRole('button', { name: 'Ký kết quả' }));
    const confirm = await screen.findByRole<HTMLButtonElement>('button', { name: 'Ký và gửi' });
    expect(confirm.disabled).toBe(true);
    await userEvent.click(screen.getByRole('checkbox', { name: 'Tôi đã biết và vẫn ký' }));
    await userEvent.click(confirm);
    await waitFor(() => expect(onSign).toHaveBeenCalledWith('final', ['lint']));
  });

  it('lets a trainee sign preliminary reports only', async () => {
    const { onSign } = await thePanel({ conclusion: 'Có.' }, { task: { may_sign: ['preliminary'] } });
    await userEvent.click(screen.getByRole('button', { name: 'Ký sơ bộ' }));
    await screen.findByRole('dialog');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(onSign).toHaveBeenCalledWith('preliminary', []));
  });

  it('writes into the draft', async () => {
    const { draft } = await thePanel({});
    await userEvent.type(area('Mô tả'), 'x');
    expect(draft.report.findings).toBe('x');
    draft.close();
  });

  it('offers the normal text and fills it in only when it is asked for', async () => {
    const { draft } = await thePanel({});
    await screen.findByRole('button', { name: /Điền mẫu bình thường/ });
    expect(draft.report.findings).toBe('');
    await userEvent.keyboard('{F2}');
    expect(draft.report.findings).toBe('Đường giữa không lệch.');
    expect(draft.report.technique).toBe('Lát cắt 5 mm.');
    const field = screen.getByRole('textbox', { name: 'Độ dày lát cắt' });
    await userEvent.clear(field);
    await userEvent.type(field, '1,25');
    expect(draft.report.technique).toBe('Lát cắt 1,25 mm.');
    draft.close();
  });

  it('turns a typed shortcut into its text, by Tab and by space', async () => {
    const { draft } = await thePanel({});
    await screen.findByRole('button', { name: /Điền mẫu/ });
    await userEvent.type(area('Mô tả'), 'Gan /b');
    expect((await screen.findByRole('listbox')).textContent).toContain('/bt');
    await userEvent.keyboard('{Tab}');
    expect(draft.report.findings).toBe('Gan Trong giới hạn bình thường.');
    await userEvent.type(area('Kết luận'), '/bt ');
    expect(draft.report.conclusion).toBe('Trong giới hạn bình thường.');
    draft.close();
  });

  it('puts a measurement into the text, and Enter on it leads to its image', async () => {
    const { draft, onShow } = await thePanel({ findings: 'Khối' }, { marks: [mark] });
    await userEvent.click(await screen.findByRole('button', { name: '12,3 mm' }));
    expect(draft.report.findings).toBe('Khối 12,3 mm');
    expect(draft.report.links).toEqual([{ section: 'findings', start: 5, end: 12, kind: 'mark', id: 'm1' }]);
    await userEvent.pointer({ target: area('Mô tả'), offset: 7, keys: '[MouseLeft]' });
    await waitFor(() => expect(onShow).toHaveBeenCalledTimes(1));
    await userEvent.keyboard('{Enter}');
    expect(draft.report.findings).toBe('Khối 12,3 mm');
    await waitFor(() => expect(onShow).toHaveBeenCalledWith('k', 1));
    draft.close();
  });

  it('cannot be written when someone else has the study', async () => {
    await thePanel(
      { findings: 'Gan to.' },
      { task: { mine: false, claimed_by: 'hai', claimed_by_name: 'BS. Hải' }, editable: false },
    );
    expect(screen.getByText('BS. Hải đang đọc ca này')).toBeTruthy();
    expect(screen.getByText('Gan to.')).toBeTruthy();
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Ký kết quả' })).toBeNull();
  });

  it('can be corrected for a while after signing, and says how long', async () => {
    const until = new Date(Date.now() + 9 * 60_000).toISOString();
    const { onCorrect } = await thePanel(
      { conclusion: 'Bình thường.' },
      {
        task: { state: 'final', report_state: 'final', signed_at: '2026-11-22T03:00:00Z', correctable_until: until },
        editable: false,
      },
    );
    expect(screen.getByText('Đã ký')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: /^Sửa/ }));
    expect(onCorrect).toHaveBeenCalledOnce();
  });

  it('offers only an addendum when that time is over', async () => {
    await thePanel(
      { conclusion: 'Bình thường.' },
      { task: { state: 'final', report_state: 'final' }, editable: false },
    );
    expect(screen.queryByRole('button', { name: /^Sửa/ })).toBeNull();
    expect(screen.getByRole('button', { name: 'Viết bổ sung' })).toBeTruthy();
  });

  it('shows a key image when it is asked for', async () => {
    const { onShow } = await thePanel({ key_images: ['k', 'not of this study'] });
    await userEvent.click(screen.getByRole('button', { name: 'Xem Chuỗi 2, ảnh 33' }));
    expect(onShow).toHaveBeenCalledWith('k');
  });
});
