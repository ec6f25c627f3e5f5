/** Images: what a series is, how its frames are loaded, and the viewport that shows them. */
import { wadors } from '@cornerstonejs/dicom-image-loader';
import { json } from '../api/client';
import { metadataAddress } from '../api/display';
import { type Dataset, forToolkit, withoutImpossibleSpacing } from './dicom';
import { describeFrame } from './drawing';
import { type Stack, stackOf } from './stack';
import { startToolkit } from './toolkit';

type ToolkitDataset = Parameters<typeof wadors.metaDataManager.add>[1];

export { warmDecoder } from './toolkit';

/** Reads a series' metadata and makes it known to the toolkit. */
export async function loadStack(study: string, series: string, signal?: AbortSignal): Promise<Stack> {
  const [metadata] = await Promise.all([
    json<Dataset[]>(metadataAddress(study, series), { accept: 'application/dicom+json, application/json', signal }),
    startToolkit(),
  ]);
  const stack = stackOf(study, series, metadata.map(withoutImpossibleSpacing));
  for (const frame of stack.frames) {
    const ds = stack.datasets.get(frame.sop);
    if (!ds) continue;
    wadors.metaDataManager.add(frame.imageId, forToolkit(ds) as ToolkitDataset);
    describeFrame(frame.imageId, ds, frame.number);
  }
  return stack;
}
