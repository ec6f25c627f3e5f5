import { screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { aNode, show } from '../app/rendering';
import { CheatSheet } from '../viewport/CheatSheet';
import { REPORT_KEYS, reportActionOf } from './keys';

function press(
  key: string,
  more: KeyboardEventInit = {},
  where = '<div data-section="findings"><textarea></textarea></div>',
) {
  const host = document.createElement('div');
  host.innerHTML = where;
  document.body.append(host);
  let found: ReturnType<typeof reportActionOf> = null;
  host.addEventListener('keydown', (event) => {
    found = reportActionOf(event);
  });
  host.querySelector('textarea')!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }));
  host.remove();
  return found;
}

describe('the keys of the report', () => {
  it('act as they are printed', () => {
    expect(press('$', { code: 'Digit4', altKey: true })).toEqual({ action: 'section', digit: 4 });
    expect(press('ArrowDown', { ctrlKey: true })).toMatchObject({ action: 'section-after' });
    expect(press('F2')).toMatchObject({ action: 'fill' });
    expect(press('M', { ctrlKey: true })).toMatchObject({ action: 'newest-mark' });
    expect(press('Enter', { ctrlKey: true })).toMatchObject({ action: 'sign' });
    expect(press('Enter', { metaKey: true })).toMatchObject({ action: 'sign' });
    expect(press('m')).toBeNull();
  });

  it('leave dialogs, letters that are composed, and other texts alone', () => {
    expect(press('F2', {}, '<div role="dialog"><textarea></textarea></div>')).toBeNull();
    expect(press('F2', { isComposing: true })).toBeNull();
    expect(press('m', { ctrlKey: true }, '<textarea></textarea>')).toBeNull();
    expect(press('Enter', { ctrlKey: true }, '<div data-sends=""><textarea></textarea></div>')).toBeNull();
  });

  it('are all on the list of keys', async () => {
    aNode({ 'GET /api/preferences/keys': { body: { value: null, site: null } } });
    show(<CheatSheet opened onClose={() => undefined} />);
    const part = (await screen.findByRole('heading', { name: 'Khi viết phiếu' })).closest('section')!;
    const shown = [...within(part).getAllByRole('definition')].map((one) => one.textContent);
    expect(shown).toHaveLength(Object.keys(REPORT_KEYS).length);
    for (const row of Object.values(REPORT_KEYS)) expect(within(part).getAllByText(row.shown)).toHaveLength(1);
  });
});
