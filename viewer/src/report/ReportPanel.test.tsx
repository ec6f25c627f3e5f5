import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createRef } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { Report, StudyDetail, TaskDetail } from '../api/types';
import { show } from '../app/rendering';
import { aTask } from '../worklist/testing';
import { Draft, EMPTY_REPORT } from './draft';
import { ReportPanel } from './ReportPanel';

const study = {
  study_instance_uid: '1.2.3',
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

function thePanel(report: Partial<Report>, more: Partial<TaskDetail> = {}, editable = true) {
  const task: TaskDetail = {
    ...aTask('1', { state: 'drafting', mine: true, claimed_by: 'anh', claimed_by_name: 'BS. Ánh' }),
    report: null,
    report_version: 1,
    report_state: 'draft',
    ...more,
  };
  const full = { ...EMPTY_REPORT, ...report };
  const store = { read: () => null, write: () => undefined, clear: () => undefined };
  const draft = new Draft({ initial: full, store, save: async () => undefined, changed: () => undefined });
  const onSign = vi.fn(async () => true);
  const onShow = vi.fn();
  show(
    <ReportPanel
      task={task}
      study={study}
      draft={draft}
      report={full}
      editable={editable}
      busy={false}
      error={null}
      firstField={createRef()}
      onShow={onShow}
      onRemoveKeyImage={() => undefined}
      onClaim={null}
      onRelease={() => undefined}
      onSign={onSign}
      onNext={null}
    />,
  );
  return { draft, onSign, onShow };
}

describe('the report panel', () => {
  it('does not sign without a conclusion, and says so', async () => {
    const { onSign } = thePanel({ findings: 'Phổi sáng.' });
    await userEvent.click(screen.getByRole('button', { name: 'Ký kết quả' }));
    expect(await screen.findByText('Cần viết kết luận trước khi ký.')).toBeTruthy();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(onSign).not.toHaveBeenCalled();
  });

  it('asks once more before it signs', async () => {
    const { onSign } = thePanel({ conclusion: 'Bình thường.' });
    await userEvent.click(screen.getByRole('button', { name: 'Ký kết quả' }));
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('BVĐK huyện Định Hóa');
    expect(onSign).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole('button', { name: 'Ký và gửi' }));
    await waitFor(() => expect(onSign).toHaveBeenCalledOnce());
  });

  it('signs by Ctrl+Enter twice, from within the text', async () => {
    const { onSign } = thePanel({ conclusion: 'Bình thường.' });
    await userEvent.click(screen.getByLabelText('Kết luận'));
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await screen.findByRole('dialog');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(onSign).toHaveBeenCalledOnce());
  });

  it('writes into the draft', async () => {
    const { draft } = thePanel({});
    await userEvent.type(screen.getByLabelText('Mô tả'), 'x');
    expect(draft.report.findings).toBe('x');
    draft.close();
  });

  it('cannot be written when someone else has the study', () => {
    thePanel({}, { mine: false, claimed_by: 'hai', claimed_by_name: 'BS. Hải' }, false);
    expect(screen.getByText('BS. Hải đang đọc ca này')).toBeTruthy();
    expect(screen.getByLabelText<HTMLTextAreaElement>('Mô tả').readOnly).toBe(true);
    expect(screen.queryByRole('button', { name: 'Ký kết quả' })).toBeNull();
  });

  it('is closed once it is signed', () => {
    thePanel({ conclusion: 'Bình thường.' }, { state: 'final', signed_at: '2026-11-22T03:00:00Z' }, false);
    expect(screen.getByText('Đã ký')).toBeTruthy();
    expect(screen.getByLabelText<HTMLTextAreaElement>('Kết luận').value).toBe('Bình thường.');
  });

  it('shows a key image when it is asked for', async () => {
    const { onShow } = thePanel({ key_images: ['k', 'not of this study'] });
    await userEvent.click(screen.getByRole('button', { name: 'Xem Chuỗi 2, ảnh 33' }));
    expect(onShow).toHaveBeenCalledWith('k');
  });
});
