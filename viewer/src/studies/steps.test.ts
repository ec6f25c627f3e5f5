import { expect, it } from 'vitest';
import { looks } from './steps';

it('shows a study that is being sent as received and sending', () => {
  expect(looks('sending')).toEqual(['done', 'now', 'todo', 'todo', 'todo', 'todo']);
});
it('shows a held study as stopped at sending', () => {
  expect(looks('held')).toEqual(['done', 'stopped', 'todo', 'todo', 'todo', 'todo']);
});
it('shows a study whose report is here as done', () => {
  expect(new Set(looks('report-delivered'))).toEqual(new Set(['done']));
});
it('shows a signed study as waiting for its report only', () => {
  expect(looks('signed')).toEqual(['done', 'done', 'done', 'done', 'done', 'todo']);
});
