/** Images: what a series is, how its frames are loaded, and the viewport that shows them. */
import { withoutImpossibleSpacing } from './dicom';
import { warmEngine } from './engine';
import { connect, isOpen } from './feed';
import { type Stack, stackOf } from './stack';
import { forget, onlyFor, supplyOf } from './supply';
import { startToolkit, warmDecoder } from './toolkit';

/** Starts everything that the first image of a study would have to wait for. */
export async function warmUp(): Promise<void> {
  await warmDecoder();
  warmEngine();
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

/** Reads a series' metadata and begins to bring its images. */
export async function loadStack(study: string, series: string, signal?: AbortSignal): Promise<Stack> {
  if (isOpen(study, series)) forget(study, series); // images have come since
  onlyFor(study);
  const supply = await supplyOf(study, series);
  const [{ metadata }] = await unlessAborted(Promise.all([supply.opened, startToolkit()]), signal);
  const stack = stackOf(study, series, metadata.map(withoutImpossibleSpacing));
  connect(stack, supply);
  return stack;
}
