import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Opinion } from '../api/types';
import { aNode, type Call, show } from '../app/rendering';
import { OpinionPanel } from './Opinions';

const PATH = '/api/reading/tasks/1/second-opinions';

const anOpinion = (more: Partial<Opinion> = {}): Opinion => ({
  id: 'o1',
  asked_by: 'duc',
  asked_by_name: 'BS. Đức',
  asked_of: 'radiologist',
  asked_of_name: 'BS. Ánh',
  question: 'Có cần sinh thiết không?',
  answer: '',
  answered_by: '',
  answered_by_name: '',
  state: 'open',
  asked_at: '2026-11-22T02:00:00Z',
  answered_at: null,
  ...more,
});

function thePanel(items: Opinion[]): Call[] {
  const calls = aNode({
    [`GET ${PATH}`]: { body: { items } },
    'GET /api/reading/readers': { body: { items: [] } },
    'POST /api/reading/tasks/1/second-opinion': { body: { items: [] } },
    'POST /api/reading/second-opinions/o1/answer': { body: { items: [] } },
  });
  show(<OpinionPanel taskId="1" />, { role: 'radiologist' });
  return calls;
}
const sent = (calls: Call[]) => calls.filter((call) => call.method === 'POST').map(({ path, body }) => [path, body]);

afterEach(() => vi.unstubAllGlobals());

describe('second opinions beside the images', () => {
  it('are asked for by a button, and sent by Ctrl+Enter', async () => {
    const calls = thePanel([]);
    expect(screen.queryByRole('textbox', { name: 'Câu hỏi' })).toBeNull();
    await userEvent.click(await screen.findByRole('button', { name: 'Xin ý kiến' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Câu hỏi' }), 'Nốt này?{Control>}{Enter}{/Control}');
    await waitFor(() =>
      expect(sent(calls)).toEqual([['/api/reading/tasks/1/second-opinion', { of: '', question: 'Nốt này?' }]]),
    );
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Câu hỏi' })).toBeNull());
  });

  it('are given by who was asked', async () => {
    const calls = thePanel([anOpinion()]);
    expect(await screen.findByText('Có cần sinh thiết không?')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Xin ý kiến' })).toBeNull();
    await userEvent.type(screen.getByRole('textbox', { name: 'Ý kiến của bạn' }), 'Theo dõi 6 tháng.');
    await userEvent.click(screen.getByRole('button', { name: 'Gửi ý kiến' }));
    await waitFor(() =>
      expect(sent(calls)).toEqual([['/api/reading/second-opinions/o1/answer', { answer: 'Theo dõi 6 tháng.' }]]),
    );
  });

  it('are read; one that waits says so to others', async () => {
    thePanel([
      anOpinion({ id: 'o0', state: 'answered', answer: 'Không cần.', answered_by_name: 'BS. Hải' }),
      anOpinion({ asked_of: 'hai', asked_of_name: 'BS. Hải' }),
    ]);
    const [first, second] = await screen.findAllByRole('article');
    expect(within(first!).getByText('Không cần.')).toBeTruthy();
    expect(within(second!).getByText('Chưa có trả lời')).toBeTruthy();
    expect(screen.queryByRole('textbox')).toBeNull();
  });
});
