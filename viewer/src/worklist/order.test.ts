import { describe, expect, it } from 'vitest';
import { folded, modalitiesOf, narrowed, nextToRead } from './order';
import { aTask } from './testing';

const ALL = { text: '', modality: null, state: null };

describe('the next study', () => {
  it('is the first that nobody has, in the order of the node', () => {
    const tasks = [
      aTask('1', { state: 'drafting', claimed_by: 'hải', claimed_by_name: 'BS. Hải' }),
      aTask('2', { state: 'incomplete' }),
      aTask('3'),
      aTask('4'),
    ];
    expect(nextToRead(tasks)?.id).toBe('3');
    expect(nextToRead(tasks, '3')?.id).toBe('4');
  });

  it('may be one of our own that was begun', () => {
    expect(nextToRead([aTask('1', { state: 'drafting', mine: true }), aTask('2')])?.id).toBe('1');
  });

  it('is none when nothing waits', () => {
    expect(nextToRead([aTask('1', { state: 'incomplete' })])).toBeUndefined();
  });
});

describe('filters', () => {
  const tasks = [
    aTask('1', { description: 'CT sọ não', origin_name: 'BVĐK huyện Đại Từ' }),
    aTask('2', { modality: 'US', modalities: ['US'], description: 'Siêu âm ổ bụng', state: 'claimed', mine: true }),
  ];

  it('find words without their marks, in any order', () => {
    expect(narrowed(tasks, { ...ALL, text: 'dai tu so nao' }).map((task) => task.id)).toEqual(['1']);
    expect(folded('ĐẠI TỪ')).toBe('dai tu');
  });

  it('keep a modality or a state', () => {
    expect(narrowed(tasks, { ...ALL, modality: 'US' }).map((task) => task.id)).toEqual(['2']);
    expect(narrowed(tasks, { ...ALL, state: 'mine' }).map((task) => task.id)).toEqual(['2']);
    expect(narrowed(tasks, { ...ALL, state: 'ready' }).map((task) => task.id)).toEqual(['1']);
    expect(narrowed(tasks, ALL)).toHaveLength(2);
  });

  it('offer the modalities that are there', () => {
    expect(modalitiesOf(tasks)).toEqual(['CT', 'US']);
  });
});
