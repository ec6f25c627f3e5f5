/** Volumes are made of the same images as stacks: when a preview gives way to the whole image, they take that over. */
import { cache } from '@cornerstonejs/core';

interface Refillable {
  imageIds?: string[];
  voxelManager?: { invalidateCache?: () => void };
  vtkOpenGLTexture?: { setUpdatedFrame: (index: number) => void };
  modified?: () => void;
}

/** Tells every volume that holds this image that its samples have changed. Drawing it again is the business of who shows it. */
export function refillVolumes(imageId: string): void {
  for (const volume of cache.getVolumes() as unknown as Refillable[]) {
    const index = volume.imageIds?.indexOf(imageId) ?? -1;
    if (index < 0) continue;
    volume.voxelManager?.invalidateCache?.();
    volume.vtkOpenGLTexture?.setUpdatedFrame(index);
    volume.modified?.();
  }
}
