import { describe, expect, it } from 'vitest';
import { blocksOf, gridOf, imagesOf, readable, saidBy } from './tables';
import type { ContentItem } from './types';

const code = (meaning: string, vi?: string) => ({ value: meaning, scheme: 'DCM', meaning, ...(vi ? { vi } : {}) });
const num = (name: string, value: string, unit = 'mm', vi?: string): ContentItem => ({
  name: code(name, vi),
  type: 'NUM',
  value,
  unit,
});
const group = (...children: ContentItem[]): ContentItem => ({
  name: code('Measurement Group', 'Nhóm số đo'),
  type: 'CONTAINER',
  children,
});

describe('values', () => {
  it('are said with their unit, in the language where the word is known', () => {
    expect(saidBy(num('Length', '12.5'), 'vi')).toBe('12,5 mm');
    expect(saidBy(num('Length', '12.5'), 'en')).toBe('12.5 mm');
    expect(saidBy({ name: null, type: 'CODE', code: code('Liver', 'Gan') }, 'vi')).toBe('Gan');
    expect(saidBy({ name: null, type: 'CODE', code: code('Liver', 'Gan') }, 'en')).toBe('Liver');
    expect(saidBy({ name: null, type: 'DATETIME', value: '20260301101500' }, 'vi')).toBe('01/03/2026 10:15');
    expect(saidBy({ name: null, type: 'PNAME', value: 'Trần^Ánh' }, 'vi')).toBe('Trần Ánh');
  });

  it('keep as many digits as mean something', () => {
    expect(readable('724.52', 'en')).toBe('724.52');
    expect(readable('12.345678901234', 'vi')).toBe('12,3457');
    expect(readable('n/a', 'vi')).toBe('n/a');
  });

  it('have units that people read', () => {
    expect(saidBy(num('Mean', '-119.074', "[hnsf'U]"), 'vi')).toBe('-119,074 HU');
    expect(saidBy(num('Dose', '724.52', 'mGycm'), 'en')).toBe('724.52 mGy·cm');
    expect(saidBy(num('Events', '4', '{events}'), 'en')).toBe('4');
    expect(saidBy(num('Ratio', '0.5', '1'), 'en')).toBe('0.5');
  });
});

describe('groups that are alike', () => {
  const root: ContentItem = {
    name: code('Report'),
    type: 'CONTAINER',
    children: [group(num('Length', '1'), num('Area', '2', 'mm2')), group(num('Length', '3'), num('Area', '4', 'mm2'))],
  };

  it('become one table', () => {
    const [block] = blocksOf(root, 'vi');
    expect(block).toMatchObject({ kind: 'grid', title: 'Nhóm số đo' });
    expect(gridOf(root.children!, 'vi')).toMatchObject({
      columns: ['Length', 'Area'],
      rows: [{ values: ['1 mm', '2 mm²'] }, { values: ['3 mm', '4 mm²'] }],
    });
  });

  it('stand for themselves when there is only one', () => {
    const [block] = blocksOf({ ...root, children: root.children!.slice(0, 1) }, 'vi');
    expect(block).toMatchObject({ kind: 'section', blocks: [{ kind: 'values' }] });
  });

  it('name each image that they are about once', () => {
    const image = (sop: string): ContentItem => ({
      name: null,
      type: 'IMAGE',
      reference: { sop, class: '', series: '', frames: [] },
    });
    expect(imagesOf(group(image('1'), { ...num('Length', '1'), children: [image('1'), image('2')] }))).toEqual([
      { sop: '1', frame: 1 },
      { sop: '2', frame: 1 },
    ]);
  });
});
