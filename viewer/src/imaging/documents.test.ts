import { describe, expect, it } from 'vitest';
import { contentOf, firstPart } from './documents';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a multipart body', () => {
  it('gives up its first part', () => {
    const body = bytes('--x\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--x--\r\n');
    expect(new TextDecoder().decode(firstPart(body, 'multipart/related; type="application/dicom"; boundary=x'))).toBe(
      'DICM',
    );
  });
  it('that is broken off is not understood', () => {
    expect(() => firstPart(bytes('--x\r\n\r\nDICM'), 'multipart/related; boundary=x')).toThrow();
  });
  it('may be a single part', () => {
    expect(firstPart(bytes('DICM'), 'application/dicom')).toEqual(bytes('DICM'));
  });
});

describe('the content of a structured report', () => {
  const code = (meaning: string) => ({ Value: [{ '00080104': { Value: [meaning] } }] });
  it('is read as names and values, without references', () => {
    const report = {
      '0040A043': code('Kết quả'),
      '0040A040': { Value: ['CONTAINER'] },
      '0040A730': {
        Value: [
          { '0040A040': { Value: ['TEXT'] }, '0040A043': code('Kết luận'), '0040A160': { Value: ['Bình thường'] } },
          {
            '0040A040': { Value: ['PNAME'] },
            '0040A043': code('Bác sĩ'),
            '0040A123': { Value: [{ Alphabetic: 'Ma^Hùng' }] },
          },
          { '0040A040': { Value: ['IMAGE'] }, '0040A043': code('Ảnh') },
        ],
      },
    };
    expect(contentOf(report)).toEqual({
      name: 'Kết quả',
      value: '',
      children: [
        { name: 'Kết luận', value: 'Bình thường', children: [] },
        { name: 'Bác sĩ', value: 'Ma Hùng', children: [] },
      ],
    });
  });
});
