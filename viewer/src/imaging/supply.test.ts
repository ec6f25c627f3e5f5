import { afterEach, describe, expect, it, vi } from 'vitest';
import { beginning, expectStudy, onlyFor, Supply, supplyOf } from './supply';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('the supply of a series', () => {
  it('joins the pieces of a frame', () => {
    const supply = new Supply(null);
    supply.add(3, 0, bytes(1, 2), 2);
    supply.add(3, 2, bytes(3, 4), 0);
    expect(supply.get(3)).toMatchObject({ bytes: bytes(1, 2, 3, 4), reduction: 0 });
    expect(supply.held).toBe(4);
  });

  it('drops bytes that do not continue what is here, and what is no better', () => {
    const supply = new Supply(null);
    supply.add(0, 5, bytes(9), 0);
    expect(supply.get(0)).toBeUndefined();
    supply.add(0, 0, bytes(1, 2), 1);
    supply.add(0, 0, bytes(7), 2);
    supply.add(0, 3, bytes(8), 0);
    expect(supply.get(0)).toMatchObject({ bytes: bytes(1, 2), reduction: 1 });
  });

  it('keeps the preview when the rest has been used', () => {
    const supply = new Supply(null);
    supply.add(0, 0, bytes(1, 2), 1);
    supply.add(0, 2, bytes(3), 0);
    supply.shorten(0);
    expect(supply.get(0)).toMatchObject({ bytes: bytes(1, 2), reduction: 1 });
    expect(supply.held).toBe(2);
  });

  it('gives what came of a whole frame first, for a preview of it', () => {
    const supply = new Supply(null);
    supply.add(0, 0, bytes(1, 2), 3);
    supply.add(0, 2, bytes(3), 1);
    expect(beginning(supply.get(0)!)).toMatchObject({ bytes: bytes(1, 2, 3), reduction: 1 });
    supply.add(0, 3, bytes(4), 0);
    expect(beginning(supply.get(0)!)).toMatchObject({ bytes: bytes(1, 2), reduction: 3 });
    supply.add(1, 0, bytes(9), 0);
    expect(beginning(supply.get(1)!)).toMatchObject({ bytes: bytes(9), reduction: 0 });
  });

  it('says which frame has got more', () => {
    const supply = new Supply(null);
    const heard: number[] = [];
    const leave = supply.follow((index) => heard.push(index));
    supply.add(4, 0, bytes(1), 1);
    leave();
    supply.add(5, 0, bytes(1), 1);
    expect(heard).toEqual([4]);
  });
});

describe('the shelf', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A node that takes the request and then says nothing until it is broken off. */
  function aSilentNode() {
    const asked: string[] = [];
    const stopped: string[] = [];
    vi.stubGlobal('fetch', (address: string, { signal }: RequestInit) => {
      asked.push(address);
      return new Promise((_, reject) =>
        signal!.addEventListener('abort', () => {
          stopped.push(address);
          reject(signal!.reason);
        }),
      );
    });
    return { asked, stopped };
  }

  it('asks once for what is expected twice', () => {
    const { asked } = aSilentNode();
    expect(expectStudy('1.2.1', false)).toBe(expectStudy('1.2.1', false));
    expect(asked).toEqual(['/api/display/studies/1.2.1/opening']);
    onlyFor(null);
  });

  it('keeps what is being opened, though it was only fetched ahead before', () => {
    const { stopped } = aSilentNode();
    expectStudy('1.2.4', false);
    expectStudy('1.2.4', true);
    onlyFor(null, '1.2.4'); // the list is left: it does not fetch ahead any more
    expect(stopped).toEqual([]);
  });

  it('stops what was fetched ahead when another study is opened, not what somebody looks at', async () => {
    const { asked, stopped } = aSilentNode();
    expectStudy('1.2.2', false);
    await supplyOf('1.2.3', '1.2.3.1');
    onlyFor('1.2.9');
    expect(asked).toEqual(['/api/display/studies/1.2.2/opening', '/api/display/studies/1.2.3/series/1.2.3.1/opening']);
    expect(stopped).toEqual(['/api/display/studies/1.2.2/opening']);
  });
});
