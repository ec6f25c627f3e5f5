import { describe, expect, it } from 'vitest';
import { conflict, isReserved, keyMap, keyOf, readOwnKeys, shown, withKey } from './keymap';
import { ACTIONS } from './shortcuts';

const rows = [
  { id: 'length', keys: ['L'] },
  { id: 'angle', keys: ['A', 'Shift+L'] },
  { id: 'undo', keys: ['Ctrl+Z'] },
];
const press = (key: string, more: { ctrlKey?: boolean; shiftKey?: boolean; code?: string } = {}) =>
  keyOf({ key, ctrlKey: false, shiftKey: false, ...more });

describe('keys by name', () => {
  it('are the same with Caps Lock', () => {
    expect(press('l')).toBe('L');
    expect(press('L')).toBe('L');
    expect(press('L', { shiftKey: true })).toBe('Shift+L');
    expect(press('z', { ctrlKey: true })).toBe('Ctrl+Z');
    expect(press('Z', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
  });
  it('are signs where shift belongs to the sign, digits where it does not', () => {
    expect(press('?', { shiftKey: true, code: 'Slash' })).toBe('?');
    expect(press('!', { shiftKey: true, code: 'Digit1' })).toBe('Shift+1');
    expect(press('ArrowLeft', { shiftKey: true })).toBe('Shift+ArrowLeft');
    expect(press('Shift', { shiftKey: true })).toBe('');
    expect(press(' ')).toBe('Space');
  });
  it('are printed as on the keyboard', () => {
    expect(shown('Ctrl+Shift+Z', 'Cách')).toBe('Ctrl + Shift + Z');
    expect(shown('Space', 'Cách')).toBe('Cách');
    expect(shown('+', 'Cách')).toBe('+');
    expect(shown('PageUp', 'Cách')).toBe('PgUp');
  });
});

describe('the table', () => {
  it('gives no key to two actions', () => {
    const all = ACTIONS.flatMap((action) => action.keys);
    expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([]);
  });
  it('names every action once', () => {
    const ids = ACTIONS.map((action) => action.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('gives every action a key that the browser leaves us', () => {
    expect(ACTIONS.filter((action) => action.keys.length === 0).map((action) => action.id)).toEqual([]);
    const own = ['Enter', 'Ctrl+Z', 'Ctrl+Y', 'Ctrl+Shift+Z'];
    expect(ACTIONS.flatMap((a) => a.keys).filter((key) => isReserved(key) && !own.includes(key))).toEqual([]);
  });
});

describe("a user's own keys", () => {
  it('take the place of the table', () => {
    const map = keyMap(rows, { length: ['D'] });
    expect(map.byKey.get('D')).toBe('length');
    expect(map.byKey.get('L')).toBeUndefined();
  });
  it('are taken from whoever had them, after a word', () => {
    const map = keyMap(rows, {});
    expect(conflict(map, 'length', 'A')).toBe('angle');
    expect(conflict(map, 'length', 'L')).toBeNull();
    const own = withKey(rows, {}, 'length', 'A');
    expect(own).toEqual({ length: ['A'], angle: ['Shift+L'] });
    expect(keyMap(rows, own).byKey.get('A')).toBe('length');
    expect(withKey(rows, { length: ['D'] }, 'length', 'L')).toEqual({});
  });
  it('are read with care', () => {
    expect(readOwnKeys(rows, { length: ['D'], nothing: ['X'], angle: 'A', undo: ['Ctrl+W'] })).toEqual({
      length: ['D'],
    });
    expect(readOwnKeys(rows, 'x')).toEqual({});
  });
});
