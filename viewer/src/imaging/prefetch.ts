/** Fetches ahead what will be looked at next. Knows nothing of the toolkit: the lists use it before the viewer's code is there. */
import { queries, queryClient } from '../api/queries';
import { hangingQueries } from '../hanging/node';
import { isDocument } from '../viewport/series';
import { fetchFrame } from './frames';
import { stackOf } from './stack';
import { expectStudy, onlyFor } from './supply';

/** Bytes of full frames that are fetched ahead for one study, into the browser's cache. */
const AHEAD_BYTES = 64 * 1024 ** 2;
const AT_ONCE = 2;
/** A study that is about to be opened leaves the list, and with it the wish to fetch ahead; its stream must not end by that. */
const CHANGE_OF_MIND_MS = 3_000;

/** Somebody opens this study now: all that its page needs is asked for at once, beside the claim on `task`. */
export function openingStudy(study: string, task?: string): void {
  onlyFor(study);
  const known = queryClient.getQueryData(queries.study(study).queryKey);
  if (!known?.series.every(isDocument)) expectStudy(study, true);
  void queryClient.prefetchQuery(queries.study(study));
  void queryClient.prefetchQuery(hangingQueries.priors(study));
  if (task) void queryClient.prefetchQuery(queries.task(task));
}

/** Frames from the middle outwards, as they will be wanted. */
function* outwards(count: number, first: number): Generator<number> {
  for (let distance = 0; distance < count; distance += 1) {
    if (first + distance < count) yield first + distance;
    if (distance > 0 && first - distance >= 0) yield first - distance;
  }
}

/** Brings the opening of a study that has images, then its full frames as far as the budget goes. Resolves when there is no more to do. */
export async function prefetchTask(study: string, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  void queryClient.prefetchQuery(hangingQueries.rules());
  void queryClient.prefetchQuery(hangingQueries.priors(study));
  const { series: all } = await queryClient.fetchQuery(queries.study(study));
  if (signal?.aborted || all.every(isDocument)) return;
  const supply = expectStudy(study, false);
  signal?.addEventListener('abort', () => setTimeout(() => onlyFor(null, study), CHANGE_OF_MIND_MS), { once: true });
  const { series, metadata } = await supply.opened;
  await new Promise<void>((resolve) => supply.whenEnded(resolve));
  if (signal?.aborted || supply.broken) return;
  const { frames } = stackOf(study, series, metadata);
  const wanted = outwards(frames.length, Math.max(0, supply.first));
  let bytes = 0;
  const bring = async () => {
    for (const index of wanted) {
      const here = supply.get(index);
      if (here?.reduction === 0) continue;
      if (signal?.aborted || bytes > AHEAD_BYTES) return;
      const address = frames[index]!.imageId.replace(/^[^:]*:/, '') + (here ? `?after=${here.reduction}` : '');
      bytes += (await fetchFrame(address, signal ?? new AbortController().signal, 'low')).bytes.length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, bring));
}
