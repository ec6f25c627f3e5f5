/** Fetches single frames that the node prepared for this application. */
import { ApiError, problemOf } from '../api/problem';
import type { Coded } from './supply';

/** A transfer without a byte for this long is given up. */
const STALL_MS = 20_000;
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

/** Gets a frame or a part of one; raises `ApiError` when it is refused, stalls or breaks off. */
export async function fetchFrame(
  address: string,
  signal: AbortSignal,
  priority: RequestPriority = 'auto',
): Promise<EncodedFrame> {
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
      priority,
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

async function fetchWithRetry(address: string, signal: AbortSignal, priority: RequestPriority): Promise<EncodedFrame> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetchFrame(address, signal, priority);
    } catch (reason) {
      const again = reason instanceof ApiError && reason.mayPass && attempt < RETRIES && !signal.aborted;
      if (!again) throw reason;
    }
  }
}

/** The preview of a frame, halved `reduction` times. */
export async function fetchPreview(address: string, reduction: number, signal: AbortSignal): Promise<Coded> {
  const { bytes, transferSyntax } = await fetchWithRetry(`${address}?res=${reduction}`, signal, 'high');
  return { bytes, transferSyntax, reduction: transferSyntax === EXPLICIT_LITTLE_ENDIAN ? 0 : reduction };
}

/** The whole frame; only what is missing of it crosses the line. */
export async function fetchWhole(
  address: string,
  here: Coded | undefined,
  signal: AbortSignal,
  priority: RequestPriority,
): Promise<Coded> {
  if (!here) return { ...(await fetchWithRetry(address, signal, priority)), reduction: 0 };
  const rest = await fetchWithRetry(`${address}?after=${here.reduction}`, signal, priority);
  const bytes = concatenate([here.bytes, rest.bytes], here.bytes.length + rest.bytes.length);
  return { bytes, transferSyntax: here.transferSyntax, reduction: 0 };
}
