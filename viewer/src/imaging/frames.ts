/** Fetches the frames that the node prepared for this application and hands them to the toolkit's decoders. */
import type { Types } from '@cornerstonejs/core';
import { createImage } from '@cornerstonejs/dicom-image-loader';
import { ApiError, problemOf } from '../api/problem';
import { dress } from './drawing';

/** A transfer without a byte for this long is given up. */
const STALL_MS = 20_000;
/** A decoder that gives no picture after this long never will. */
const DECODE_MS = 30_000;
const RETRIES = 1;
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';

export interface EncodedFrame {
  bytes: Uint8Array;
  transferSyntax: string;
}

/** The transfer syntax that a Content-Type names in its parameter (PS3.18 8.7.3.5.2.3). */
export function transferSyntaxOf(contentType: string): string {
  return /transfer-syntax="?([0-9.]+)"?/.exec(contentType)?.[1] ?? EXPLICIT_LITTLE_ENDIAN;
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Gets one frame; raises `ApiError` when it is refused, stalls or breaks off. */
export async function fetchFrame(address: string, signal: AbortSignal): Promise<EncodedFrame> {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_MS);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(), STALL_MS);
  };
  try {
    const response = await fetch(address, {
      credentials: 'same-origin',
      headers: { Accept: 'image/jphc, application/octet-stream' },
      signal: AbortSignal.any([signal, stall.signal]),
    });
    if (!response.ok) throw await problemOf(response);
    const parts: Uint8Array[] = [];
    let length = 0;
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      alive();
      parts.push(value);
      length += value.length;
    }
    const transferSyntax = transferSyntaxOf(response.headers.get('Content-Type') ?? '');
    return { bytes: concatenate(parts, length), transferSyntax };
  } catch (reason) {
    if (reason instanceof ApiError || signal.aborted) throw reason;
    throw new ApiError({ status: 0, code: stall.signal.aborted ? 'timeout' : 'offline' });
  } finally {
    clearTimeout(timer);
  }
}

async function fetchWithRetry(address: string, signal: AbortSignal): Promise<EncodedFrame> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetchFrame(address, signal);
    } catch (reason) {
      const again = reason instanceof ApiError && reason.mayPass && attempt < RETRIES && !signal.aborted;
      if (!again) throw reason;
    }
  }
}

function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ApiError({ status: 0, code: 'timeout' })), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

type LoaderOptions = Parameters<typeof createImage>[3];

/** Frames that are here but not yet decoded. */
const brought = new Map<string, EncodedFrame>();
const addressOf = (imageId: string) => imageId.slice(imageId.indexOf(':') + 1);

/**
 * Brings a frame onto this machine, for `loadFrame` to decode.
 *
 * What cannot be had fails here, where the reason can be shown; the toolkit's cache would only report it to the console.
 */
export async function bring(imageId: string, signal: AbortSignal): Promise<void> {
  if (!brought.has(imageId)) brought.set(imageId, await fetchWithRetry(addressOf(imageId), signal));
}

/** The toolkit's image loader for our scheme. */
export function loadFrame(imageId: string, options: Record<string, unknown> = {}) {
  const cancel = new AbortController();
  const here = brought.get(imageId);
  brought.delete(imageId);
  const encoded = here ? Promise.resolve(here) : fetchWithRetry(addressOf(imageId), cancel.signal);
  const promise = encoded.then(({ bytes, transferSyntax }) =>
    within(createImage(imageId, bytes, transferSyntax, options as LoaderOptions), DECODE_MS).then((image) =>
      dress(image as unknown as Types.IImage),
    ),
  );
  return { promise, cancelFn: () => cancel.abort(), decache: undefined };
}
