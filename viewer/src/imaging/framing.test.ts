import { describe, expect, it } from 'vitest';
import { RecordReader, StreamError, type StreamRecord } from './framing';

const text = (letters: string) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));

function record(kind: number, reduction: number, index: number, offset: number, bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(16 + bytes.length);
  const view = new DataView(whole.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, reduction);
  for (const [at, value] of [
    [4, index],
    [8, offset],
    [12, bytes.length],
  ] as const)
    view.setUint32(at, value, true);
  whole.set(bytes, 16);
  return whole;
}

function together(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const STREAM = together(
  text('LTSTRM01'),
  record(1, 0, 0, 0, text('{}')),
  record(2, 2, 70_000, 0, text('preview')),
  record(2, 0, 70_000, 7, text(' and the rest')),
  record(9, 0, 0, 0, new Uint8Array(0)),
);

describe('the stream of records', () => {
  it.each([1, 3, 8, 16, 17, 1000])('is read alike however it is cut: %d bytes at a time', (size) => {
    const reader = new RecordReader();
    const found: StreamRecord[] = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...reader.take(STREAM.slice(at, at + size)));
    expect(found.map(({ kind, reduction, index, offset }) => [kind, reduction, index, offset])).toEqual([
      [1, 0, 0, 0],
      [2, 2, 70_000, 0],
      [2, 0, 70_000, 7],
      [9, 0, 0, 0],
    ]);
    expect(String.fromCharCode(...found[2]!.bytes)).toBe(' and the rest');
  });

  it('refuses what is something else', () => {
    expect(() => [...new RecordReader().take(text('<!doctype html>'))]).toThrow(StreamError);
  });

  it('refuses a record that no image needs', () => {
    const reader = new RecordReader();
    const head = record(2, 0, 0, 0, new Uint8Array(0));
    new DataView(head.buffer).setUint32(12, 0xffff_ffff, true);
    expect(() => [...reader.take(together(text('LTSTRM01'), head))]).toThrow(StreamError);
  });
});
