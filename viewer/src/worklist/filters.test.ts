import { describe, expect, it } from 'vitest';
import { complete, folded, isNarrow, NO_FILTERS, narrowed, VIEWS, type View } from './filters';
import { aTask } from './testing';

const tasks = [
  aTask('1', {
    description: 'CT sọ não',
    origin_name: 'BVĐK huyện Đại Từ',
    clinical_question: 'BS. Hồng Ánh hỏi máu tụ',
  }),
  aTask('2', { modality: 'US', modalities: ['US'], description: 'Siêu âm', state: 'claimed', mine: true, origin: 'B' }),
  aTask('3', { state: 'preliminary', in_scope: false, priority: 'urgent' }),
  aTask('4', { state: 'needs-info', assigned_to: 'bs' }),
  aTask('5', { question_open: true }),
];
const found = (part: Partial<typeof NO_FILTERS>, over: string[] = []) =>
  narrowed(tasks, { ...NO_FILTERS, view: 'open', ...part }, 'bs', (task) => over.includes(task.id)).map((t) => t.id);

describe('filters', () => {
  it('find words without their marks, in any order', () => {
    expect(found({ text: 'dai tu so nao' })).toEqual(['1']);
    expect(found({ text: 'hong anh' })).toEqual(['1']);
    expect(found({ text: 'ong anh' })).toEqual([]);
    expect(found({ text: '60kfqj' })).toHaveLength(5);
    expect(folded('ĐẠI TỪ')).toBe('dai tu');
  });

  it('keep what is chosen of each kind', () => {
    expect(found({ modalities: ['US', 'MR'] })).toEqual(['2']);
    expect(found({ priorities: ['urgent'] })).toEqual(['3']);
    expect(found({ sites: ['B'] })).toEqual(['2']);
    expect(found({ scope: true })).toEqual(['1', '2', '4', '5']);
    expect(found({ overdue: true }, ['5'])).toEqual(['5']);
    expect(found({ specialities: ['chest'] })).toEqual([]);
  });

  it('have quick views', () => {
    const expected: Record<View, string[]> = {
      'to-read': ['1', '2', '5'],
      mine: ['2', '4'],
      'to-verify': ['3'],
      origin: ['4', '5'],
      open: ['1', '2', '3', '4', '5'],
      signed: ['1', '2', '3', '4', '5'],
    };
    for (const view of VIEWS) expect([view, found({ view })]).toEqual([view, expected[view]]);
  });

  it('are made whole when an older version kept less', () => {
    expect(complete({ text: 'ct', view: 'gone' as View })).toEqual({ ...NO_FILTERS, text: 'ct' });
    expect(isNarrow(NO_FILTERS)).toBe(false);
    expect(isNarrow({ ...NO_FILTERS, sites: ['B'] })).toBe(true);
  });
});
