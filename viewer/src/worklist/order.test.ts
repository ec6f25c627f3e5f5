import { describe, expect, it } from 'vitest';
import { actionsFor, isFree, modalitiesOf, nextToRead } from './order';
import { aTask } from './testing';

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

  it('is in scope', () => {
    expect(nextToRead([aTask('1', { in_scope: false }), aTask('2')])?.id).toBe('2');
  });

  it('is none when nothing waits', () => {
    expect(nextToRead([aTask('1', { state: 'incomplete' })])).toBeUndefined();
  });
});

describe('what may be done', () => {
  it('depends on who has the study and who asks', () => {
    expect(actionsFor(aTask('1'), 'radiologist')).toEqual(['open', 'look', 'assign', 'opinion', 'priority']);
    const mine = aTask('1', { state: 'claimed', mine: true });
    expect(actionsFor(mine, 'radiologist')).toEqual(['open', 'release', 'hand-over', 'opinion', 'priority']);
    const taken = aTask('1', { state: 'drafting' });
    expect(actionsFor(taken, 'radiologist')).toEqual(['open', 'take-over', 'opinion', 'priority']);
    expect(actionsFor(taken, 'admin')).toEqual(['open', 'release', 'priority']);
    expect(actionsFor(aTask('1', { state: 'final' }), 'radiologist')).toEqual(['open', 'opinion']);
  });

  it('only an emergency is begun while its images come', () => {
    expect(isFree(aTask('1', { state: 'incomplete' }))).toBe(false);
    expect(isFree(aTask('1', { state: 'incomplete', priority: 'emergency' }))).toBe(true);
    expect(isFree(aTask('1', { state: 'needs-info' }))).toBe(true);
    expect(isFree(aTask('1', { state: 'claimed' }))).toBe(false);
  });
});

it('the modalities that are there are offered', () => {
  expect(modalitiesOf([aTask('1'), aTask('2', { modality: 'US', modalities: ['US'] })])).toEqual(['CT', 'US']);
});
