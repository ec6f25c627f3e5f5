/** Pictures of masks: fetched once, coloured, kept while they are of use. */
import { send } from '../api/client';

const MOST = 400;
const made = new Map<string, Promise<HTMLCanvasElement>>();

function kept(key: string, make: () => Promise<HTMLCanvasElement>): Promise<HTMLCanvasElement> {
  const known = made.get(key);
  if (known) return known;
  const next = make();
  made.set(key, next);
  next.catch(() => made.delete(key));
  const oldest = made.keys().next().value;
  if (made.size > MOST && oldest !== undefined) made.delete(oldest);
  return next;
}

async function canvasOf(blob: Blob): Promise<HTMLCanvasElement> {
  const picture = await createImageBitmap(blob, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('2d', { willReadFrequently: true })!.drawImage(picture, 0, 0);
  picture.close();
  return canvas;
}

const hash = (text: string) => `${text.length}:${text.slice(0, 64)}${text.slice(-96)}`;

/** A plane of one bit, from base64, in one colour. */
export function planePicture(base64: string, colour: readonly number[]): Promise<HTMLCanvasElement> {
  return kept(`${hash(base64)} ${colour.join()}`, async () => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const canvas = await canvasOf(new Blob([bytes], { type: 'image/png' }));
    const pen = canvas.getContext('2d')!;
    pen.globalCompositeOperation = 'source-in';
    pen.fillStyle = `rgb(${colour.join(' ')})`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    return canvas;
  });
}

/** Levels of a segmentation's frame: what is 0 is clear, the rest gets its colour. `colourOf` null: not drawn. */
export function maskPicture(
  address: string,
  key: string,
  colourOf: (level: number) => readonly [number, number, number, number] | null,
): Promise<HTMLCanvasElement> {
  return kept(`${address} ${key}`, async () => {
    const answer = await send(address, { accept: 'image/png' });
    const canvas = await canvasOf(await answer.blob());
    const pen = canvas.getContext('2d')!;
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    const { data } = picture;
    const table = Array.from({ length: 256 }, (_, level) => (level ? colourOf(level) : null));
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, alpha] = table[data[at]!] ?? [0, 0, 0, 0];
      data[at] = red;
      data[at + 1] = green;
      data[at + 2] = blue;
      data[at + 3] = alpha;
    }
    pen.putImageData(picture, 0, 0);
    return canvas;
  });
}
