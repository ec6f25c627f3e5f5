import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answer, aNode, type Call, show } from '../app/rendering';
import { AskDialog } from './AskDialog';
import { CriticalPanel } from './CriticalPanel';
import { AcceptanceForm } from './Forms';
import { LetterThread } from './LetterThread';
import type { Finding, Letter, LetterKind } from './types';

const UID = '1.2.3';
const PATH = `/api/studies/${UID}/letters`;

const aLetter = (id: string, kind: LetterKind, more: Partial<Letter> = {}): Letter => ({
  id,
  kind,
  about: '',
  author: 'BS. Lê Quang',
  node: 'DEMO-TW',
  node_name: 'Bệnh viện TW',
  at: '2026-11-22T02:00:00Z',
  body: { text: `thư ${id}` },
  mine_side: false,
  open: false,
  ...more,
});

const thread = (items: Letter[], may: LetterKind[] = []) => ({ items, may, at_origin: true, reachable: true });

const aFinding = (more: Partial<Finding> = {}): Finding => ({
  id: 'f1',
  category: 1,
  text: 'Tràn khí áp lực',
  state: 'told',
  raised_by: 'BS. Ánh',
  raised_at: '2026-11-22T02:00:00Z',
  due_at: '2099-01-01T00:00:00Z',
  told_at: '2026-11-22T02:00:05Z',
  channel: '',
  noted_by: '',
  read_back: false,
  noted_at: null,
  escalated_at: null,
  overdue: false,
  ...more,
});

afterEach(() => vi.unstubAllGlobals());

function open(answers: Record<string, Answer | (() => Answer)>): Call[] {
  return aNode(answers);
}
const sent = (calls: Call[]) => calls.filter((call) => call.method === 'POST').map((call) => call.body);

describe('the thread', () => {
  it('shows letters and answers what is open, once', async () => {
    const question = aLetter('a', 'question', { open: true, body: { text: 'Có sốt không?', blocking: true } });
    const answer = aLetter('b', 'answer', { about: 'a', body: { text: 'Không sốt.' }, mine_side: true });
    let kept = thread([question], ['answer', 'note']);
    const calls = open({
      [`GET ${PATH}`]: () => ({ body: kept }),
      [`POST ${PATH}`]: () => {
        kept = thread([{ ...question, open: false }, answer], ['answer', 'note']);
        return { body: kept };
      },
    });
    show(<LetterThread studyUid={UID} />, { role: 'clinician' });
    await screen.findByText('Có sốt không?');
    expect(screen.getByText('Chờ trả lời')).toBeTruthy();
    await userEvent.type(screen.getByRole('textbox', { name: 'Trả lời' }), 'Không sốt.');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await screen.findByText('Không sốt.', { selector: 'p' });
    const [body] = sent(calls) as [{ id: string }];
    expect(body).toMatchObject({ kind: 'answer', about: 'a', body: { text: 'Không sốt.' } });
    expect(body.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('sends the same number again when the first answer was lost', async () => {
    let lost = true;
    const calls = open({
      [`GET ${PATH}`]: { body: thread([], ['note']) },
      [`POST ${PATH}`]: () => {
        const answer = lost ? { status: 503, body: { code: 'retryable', title: 'Tạm thời' } } : { body: thread([]) };
        lost = false;
        return answer;
      },
    });
    show(<LetterThread studyUid={UID} />, { role: 'clinician' });
    await userEvent.click(await screen.findByRole('button', { name: 'Viết ghi chú' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Ghi chú' }), 'Một điều');
    await userEvent.click(screen.getByRole('button', { name: 'Gửi' }));
    await screen.findByText('Tạm thời');
    await userEvent.click(screen.getByRole('button', { name: 'Gửi' }));
    await waitFor(() => expect(sent(calls)).toHaveLength(2));
    const [first, second] = sent(calls) as { id: string }[];
    expect(first?.id).toBe(second?.id);
  });

  it('says what of a text tells who the patient is, and keeps the text', async () => {
    const errors = [{ field: 'text', code: 'patient-name', message: '' }];
    open({
      [`GET ${PATH}`]: { body: thread([], ['note']) },
      [`POST ${PATH}`]: { status: 422, body: { code: 'tells-patient', title: 'x', errors } },
    });
    show(<LetterThread studyUid={UID} />, { role: 'clinician' });
    await userEvent.click(await screen.findByRole('button', { name: 'Viết ghi chú' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Ghi chú' }), 'Ông Mẫu');
    await userEvent.click(screen.getByRole('button', { name: 'Gửi' }));
    await screen.findByText(/Có họ tên người bệnh/);
    expect(screen.queryByText(/Có ngày sinh/)).toBeNull();
    expect(screen.getByDisplayValue('Ông Mẫu')).toBeTruthy();
  });

  it('asks for note only of who may take it', async () => {
    const critical = aLetter('c', 'critical', { open: true, body: { text: 'Vỡ lách', category: 1 } });
    open({ [`GET ${PATH}`]: { body: thread([critical], ['answer']) } });
    show(<LetterThread studyUid={UID} />, { role: 'radiographer' });
    await screen.findByText('Vỡ lách');
    expect(screen.queryByRole('button', { name: 'Tôi đã ghi nhận' })).toBeNull();
  });
});

describe('what the reader sends', () => {
  it('is a question that stops the study, unless it does not', async () => {
    const closed = vi.fn();
    const calls = open({ 'POST /api/reading/tasks/t1/ask': { body: thread([]) } });
    show(<AskDialog taskId="t1" opened onClose={closed} />, { role: 'radiologist' });
    await userEvent.type(await screen.findByRole('textbox', { name: 'Câu hỏi' }), 'Có phim cũ không?');
    await userEvent.click(screen.getByRole('checkbox', { name: 'Chưa đọc được khi chưa có câu trả lời' }));
    await userEvent.click(screen.getByRole('button', { name: 'Gửi câu hỏi' }));
    await waitFor(() => expect(closed).toHaveBeenCalled());
    expect(sent(calls)[0]).toMatchObject({ text: 'Có phim cũ không?', blocking: false });
  });

  it('is a critical finding, and who was told by telephone', async () => {
    const calls = open({
      'GET /api/reading/tasks/t1/criticals': { body: { items: [aFinding()] } },
      'POST /api/reading/criticals/f1/noted': {
        body: { items: [aFinding({ state: 'noted', noted_by: 'BS. Thu', channel: 'telephone', read_back: true })] },
      },
    });
    show(<CriticalPanel taskId="t1" editable />, { role: 'radiologist' });
    await userEvent.click(await screen.findByRole('button', { name: 'Đã báo qua điện thoại…' }));
    expect(screen.getByRole('button', { name: 'Lưu việc đã báo' }).hasAttribute('disabled')).toBe(true);
    await userEvent.type(screen.getByRole('textbox', { name: /Ai đã ghi nhận/ }), 'BS. Thu');
    await userEvent.click(screen.getByRole('checkbox', { name: 'Người đó đã đọc lại đúng nội dung' }));
    await userEvent.click(screen.getByRole('button', { name: 'Lưu việc đã báo' }));
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    expect(sent(calls)[0]).toMatchObject({ noted_by: 'BS. Thu', channel: 'telephone', read_back: true });
  });

  it('is nothing when there is no finding and nothing may be raised', async () => {
    open({ 'GET /api/reading/tasks/t1/criticals': { body: { items: [] } } });
    show(<CriticalPanel taskId="t1" editable={false} />, { role: 'radiologist' });
    await waitFor(() => expect(screen.queryByText('Phát hiện nguy kịch')).toBeNull());
  });
});

describe('accepting a report', () => {
  it('needs a reason unless it is accepted as it is', async () => {
    const done = vi.fn();
    const calls = open({ [`POST ${PATH}`]: { body: thread([]) } });
    show(<AcceptanceForm studyUid={UID} report="9.9" onDone={done} />, { role: 'clinician' });
    const send = await screen.findByRole('button', { name: 'Lưu và báo cho bác sĩ đọc' });
    await userEvent.click(screen.getByRole('radio', { name: 'Không đồng ý' }));
    expect(send.hasAttribute('disabled')).toBe(true);
    await userEvent.type(screen.getByRole('textbox', { name: /Lý do/ }), 'Không phù hợp lâm sàng');
    await userEvent.click(send);
    await waitFor(() => expect(done).toHaveBeenCalled());
    expect(sent(calls)[0]).toMatchObject({
      kind: 'acceptance',
      body: { accepted: 'no', reason: 'Không phù hợp lâm sàng', report: '9.9' },
    });
  });
});
