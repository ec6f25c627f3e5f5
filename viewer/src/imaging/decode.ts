/** Coded frames become the toolkit's images: whole ones, and previews at the size of the whole. */
import { Enums, type Types, utilities } from '@cornerstonejs/core';
import { createImage } from '@cornerstonejs/dicom-image-loader';
import { ApiError } from '../api/problem';
import { dress, paintFrom } from './drawing';
import { enlarge, type Samples } from './enlarge';
import type { Coded } from './supply';

/** A decoder that gives no picture after this long never will. */
const DECODE_MS = 30_000;
const { SUBRESOLUTION, FULL_RESOLUTION } = Enums.ImageQualityStatus;

export type Image = Types.IImage & { imageQualityStatus?: Enums.ImageQualityStatus };
type Voxels = NonNullable<Image['voxelManager']>;
type Options = NonNullable<Parameters<typeof createImage>[3]>;

function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ApiError({ status: 0, code: 'timeout' })), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The canvas on which colour images are drawn one after the other, and the one that is on it. */
const easel: { canvas?: HTMLCanvasElement; shows?: Image } = {};

/** The toolkit remembers what it drew by name, and a preview has the name of its whole image: this remembers the image. */
function drawColour(image: Image): HTMLCanvasElement {
  easel.canvas ??= document.createElement('canvas');
  const { canvas } = easel;
  if (easel.shows === image) return canvas;
  canvas.width = image.columns;
  canvas.height = image.rows;
  const samples = image.voxelManager!.getScalarData() as Uint8Array;
  const picture = new ImageData(image.columns, image.rows);
  for (let from = 0, to = 0; from < samples.length; from += 3, to += 4) {
    picture.data[to] = samples[from]!;
    picture.data[to + 1] = samples[from + 1]!;
    picture.data[to + 2] = samples[from + 2]!;
    picture.data[to + 3] = 255;
  }
  canvas.getContext('2d')!.putImageData(picture, 0, 0);
  easel.shows = image;
  return canvas;
}

/** Whether a picture that the toolkit holds has all its detail. */
export const qualityOf = (image: Image): 'preview' | 'full' =>
  (image.imageQualityStatus ?? FULL_RESOLUTION) < FULL_RESOLUTION ? 'preview' : 'full';

async function decode(imageId: string, coded: Coded, options: Options): Promise<Image> {
  const given = { ...options, transferPixelData: true };
  const image = (await within(
    createImage(imageId, coded.bytes.slice() as never, coded.transferSyntax, given),
    DECODE_MS,
  )) as Image;
  if (image.color) image.getCanvas = () => drawColour(image);
  return dress(image);
}

/** The whole image. */
export async function decodeWhole(imageId: string, coded: Coded, options: Options = {}): Promise<Image> {
  const image = await decode(imageId, coded, { ...options, decodeLevel: 0 } as Options);
  image.imageQualityStatus = FULL_RESOLUTION;
  return image;
}

/** A preview as it was sent: small, and of no use to anyone but `enlarged`. */
export interface Preview {
  readonly image: Image;
  readonly reduction: number;
}

export async function decodePreview(imageId: string, coded: Coded): Promise<Preview> {
  return {
    image: await decode(imageId, coded, { decodeLevel: coded.reduction } as Options),
    reduction: coded.reduction,
  };
}

/**
 * An image of the size of the whole made of a preview; the toolkit takes it for the frame itself. The screen is painted from the preview;
 * the samples in between are made only for who asks for them (planes, a graphics processor).
 */
export function enlarged({ image: small, reduction }: Preview, columns: number, rows: number): Image {
  const numberOfComponents = small.numberOfComponents || 1;
  let made: Voxels | undefined;
  const voxels = (): Voxels => {
    made ??= utilities.VoxelManager.createImageVoxelManager({
      scalarData: enlarge(
        small.voxelManager!.getScalarData() as Samples,
        small,
        { columns, rows },
        reduction,
        numberOfComponents,
      ) as never,
      width: columns,
      height: rows,
      numberOfComponents,
    }) as Voxels;
    return made;
  };
  const image: Image = {
    ...small,
    columns,
    rows,
    width: columns,
    height: rows,
    sizeInBytes: (small.sizeInBytes / (small.columns * small.rows)) * columns * rows,
    imageQualityStatus: SUBRESOLUTION,
    getPixelData: () => voxels().getScalarData() as ReturnType<Image['getPixelData']>,
    // the toolkit looks whether there is one long before it asks it for anything
    voxelManager: new Proxy({} as Voxels, {
      get: (_, name) => Reflect.get(voxels(), name),
      set: (_, name, value) => Reflect.set(voxels(), name, value),
    }),
  };
  delete image.cachedLut;
  if (image.color) image.getCanvas = () => drawColour(image);
  paintFrom(image, small, reduction);
  return image;
}
