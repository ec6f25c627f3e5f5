import { describe, expect, it } from 'vitest';
import { firstPart } from './documents';

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
