/** Encapsulated documents, taken out of their objects. */
import dicomParser from 'dicom-parser';
import { send } from '../api/client';
import { ApiError } from '../api/problem';

const ENCAPSULATED_DOCUMENT = 'x00420011';

const find = (hay: Uint8Array, needle: Uint8Array, from: number): number => {
  outer: for (let at = from; at <= hay.length - needle.length; at += 1) {
    for (let i = 0; i < needle.length; i += 1) if (hay[at + i] !== needle[i]) continue outer;
    return at;
  }
  return -1;
};

/** The first part of a multipart/related body (RFC 2387). */
export function firstPart(body: Uint8Array, contentType: string): Uint8Array {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (!boundary) return body;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const start = find(body, bytes(`--${boundary}`), 0);
  const head = find(body, bytes('\r\n\r\n'), start) + 4;
  const end = find(body, bytes(`\r\n--${boundary}`), head);
  if (start < 0 || head < 4 || end < 0) throw new ApiError({ status: 200, code: 'not-understood' });
  return body.subarray(head, end);
}

/** The document inside an Encapsulated PDF object (PS3.3 C.24.2). */
export async function encapsulatedPdf(address: string, signal: AbortSignal): Promise<Blob> {
  const response = await send(address, { accept: 'multipart/related; type="application/dicom"', signal });
  const body = new Uint8Array(await response.arrayBuffer());
  const object = dicomParser.parseDicom(firstPart(body, response.headers.get('Content-Type') ?? ''));
  const element = object.elements[ENCAPSULATED_DOCUMENT];
  if (!element) throw new ApiError({ status: 200, code: 'not-understood' });
  const content = object.byteArray.slice(
    element.dataOffset,
    element.dataOffset + element.length,
  ) as Uint8Array<ArrayBuffer>;
  return new Blob([content], { type: 'application/pdf' });
}
