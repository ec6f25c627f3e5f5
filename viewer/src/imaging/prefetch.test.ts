import { afterEach, describe, expect, it, vi } from 'vitest';
import { queryClient } from '../api/queries';
import { openingStudy, prefetchTask } from './prefetch';

const PAPER = { sop_instance_uid: '1.1', sop_class_uid: '1.2.840.10008.5.1.4.1.1.104.1', rows: 0, frames: 0 };
const IMAGE = { sop_instance_uid: '1.2', sop_class_uid: '1.2.840.10008.5.1.4.1.1.2', rows: 8, frames: 1 };

/** A node with one study; gives the addresses that were asked for. */
function aNodeWith(instance: object): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path);
    const body = path.includes('/api/studies/') ? { series: [{ instances: [instance] }] } : {};
    return new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
  });
  return asked;
}

describe('what is fetched ahead', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    queryClient.clear();
  });
  const openings = (asked: string[]) => asked.filter((path) => path.endsWith('/opening'));

  it('asks for no images of a paper, neither ahead nor when it is opened', async () => {
    const asked = aNodeWith(PAPER);
    await prefetchTask('1.2.50');
    openingStudy('1.2.50');
    expect(asked).toContain('/api/studies/1.2.50');
    expect(openings(asked)).toEqual([]);
  });

  it('asks for the images of a study that has some', async () => {
    const asked = aNodeWith(IMAGE);
    await prefetchTask('1.2.51').catch(() => undefined); // no stream of images comes of this node
    expect(openings(asked)).toEqual(['/api/display/studies/1.2.51/opening']);
  });
});
