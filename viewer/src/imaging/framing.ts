/** Reads the stream of records in which the node sends a series; its form is described in the node's `web/display.py`. Pure. */

const MAGIC = 'LTSTRM01';
const HEAD = 16;
/** No record of a sane node is longer: an image of 200 megapixels. */
const LONGEST = 1 << 29;

export enum Kind {
  metadata = 1,
  htj2k = 2,
  raw = 3,
  end = 9,
}

export interface StreamRecord {
  readonly kind: number;
  /** The frame is complete to the image reduced by 2 to this power. */
  readonly reduction: number;
  readonly index: number;
  /** Where `bytes` begin within the coded frame. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class StreamError extends Error {}

/** Turns chunks, however they are cut, into records. */
export class RecordReader {
  private parts: Uint8Array[] = [];
  private held = 0;
  private begun = false;

  /** The records that are complete with `chunk`. Raises `StreamError` when this is no such stream. */
  *take(chunk: Uint8Array): Generator<StreamRecord> {
    this.parts.push(chunk);
    this.held += chunk.length;
    if (!this.begun) {
      if (this.held < MAGIC.length) return;
      if (String.fromCharCode(...this.cut(MAGIC.length)) !== MAGIC) throw new StreamError('no stream of frames');
      this.begun = true;
    }
    while (this.held >= HEAD) {
      const head = this.peek(HEAD);
      const view = new DataView(head.buffer, head.byteOffset, HEAD);
      const length = view.getUint32(12, true);
      if (length > LONGEST) throw new StreamError('a record too long');
      if (this.held < HEAD + length) return;
      const [kind, reduction] = [view.getUint8(0), view.getUint8(1)];
      const [index, offset] = [view.getUint32(4, true), view.getUint32(8, true)];
      this.cut(HEAD);
      yield { kind, reduction, index, offset, bytes: this.cut(length) };
    }
  }

  /** The first `length` bytes, which stay. */
  private peek(length: number): Uint8Array {
    const first = this.parts[0]!;
    if (first.length >= length) return first.subarray(0, length);
    const whole = this.cut(length);
    this.parts.unshift(whole);
    this.held += length;
    return whole;
  }

  /** Takes the first `length` bytes away, as an array of their own. */
  private cut(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const first = this.parts[0]!;
      const some = first.subarray(0, length - at);
      taken.set(some, at);
      at += some.length;
      if (some.length === first.length) this.parts.shift();
      else this.parts[0] = first.subarray(some.length);
    }
    this.held -= length;
    return taken;
  }
}
