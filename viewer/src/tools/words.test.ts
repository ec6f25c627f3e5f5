import { beforeAll, describe, expect, it } from 'vitest';
import i18n from '../i18n';
import { lengthFrom } from './Ask';
import { numberFrom } from './WindowValues';
import { linesOf, shortWords, valueWords } from './words';

const value = (
  name: 'length' | 'mean' | 'stddev' | 'min' | 'max' | 'area' | 'angle' | 'ratio',
  number: number,
  unit: string,
) => ({ name, number, unit });
const length = { kind: 'length' as const, values: [value('length', 12.34, 'mm')], text: '' };

describe('numbers in words', () => {
  beforeAll(() => i18n.changeLanguage('vi'));

  it('have a decimal comma in Vietnamese and a point in English', () => {
    expect(valueWords(value('length', 12.34, 'mm'), 'vi')).toBe('12,3 mm');
    expect(valueWords(value('length', 12.34, 'mm'), 'en')).toBe('12.3 mm');
    expect(valueWords(value('angle', 45, 'deg'))).toBe('45,0°');
    expect(valueWords(value('ratio', 0.523, '1'))).toBe('0,52 (52 %)');
    expect(valueWords(value('area', 10, '{pixels}'))).toBe('10,0 px²');
  });
  it('say what they rest on, but not where it is the patient', () => {
    expect(linesOf({ ...length, basis: 'patient' })).toEqual(['12,3 mm']);
    expect(linesOf({ ...length, basis: 'detector' })).toEqual(['12,3 mm · trên tấm nhận']);
    expect(linesOf({ ...length, basis: 'calibrated' })).toEqual(['12,3 mm · đã hiệu chuẩn']);
    expect(linesOf({ ...length, basis: 'none', values: [value('length', 40, '{pixels}')] })).toEqual(['40,0 px']);
  });
  it('are few for a region', () => {
    const hu = "[hnsf'U]";
    const region = {
      kind: 'ellipse' as const,
      basis: 'patient' as const,
      text: '',
      values: [
        value('area', 120.4, 'mm2'),
        value('mean', 31.42, hu),
        value('stddev', 12, hu),
        value('min', -20, hu),
        value('max', 80, hu),
      ],
    };
    expect(linesOf(region)).toEqual(['TB 31,4 ± 12,0 HU', 'nhỏ nhất -20 · lớn nhất 80', 'diện tích 120,4 mm²']);
    expect(shortWords(region)).toBe('TB 31,4 ± 12,0 HU');
  });
});

describe('numbers that are typed', () => {
  it('may have a comma or a point', () => {
    expect(lengthFrom('25,4')).toBe(25.4);
    expect(lengthFrom(' 25.4 ')).toBe(25.4);
    expect(numberFrom('-600')).toBe(-600);
    expect(numberFrom('−1,5')).toBe(-1.5);
  });
  it('are refused when they are none', () => {
    for (const text of ['', '0', '-1', '1e3', 'abc', '1,2,3', '99999']) expect(lengthFrom(text)).toBeNull();
    expect(numberFrom('1 000')).toBeNull();
  });
});
