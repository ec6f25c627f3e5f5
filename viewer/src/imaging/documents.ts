/** Objects without pixels, as something a person can read. */
import dicomParser from 'dicom-parser';
import { json, send } from '../api/client';
import { ApiError } from '../api/problem';
import { personName } from '../i18n/format';
import type { Dataset, Element } from './dicom';

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

export interface ContentItem {
  name: string;
  value: string;
  children: ContentItem[];
}

const first = (ds: Dataset, tag: string): unknown => ds[tag]?.Value?.[0];
const meaning = (code: unknown) => {
  const value = first((code ?? {}) as Dataset, '00080104');
  return typeof value === 'string' ? value : '';
};
const person = (value: unknown) =>
  typeof value === 'object' && value !== null && 'Alphabetic' in value ? personName(String(value.Alphabetic)) : '';

function textOf(item: Dataset): string {
  switch (first(item, '0040A040')) {
    case 'TEXT':
      return String(first(item, '0040A160') ?? '');
    case 'CODE':
      return meaning(first(item, '0040A168'));
    case 'PNAME':
      return person(first(item, '0040A123'));
    case 'NUM': {
      const measured = first(item, '0040A300') as Dataset | undefined;
      if (!measured) return '';
      return `${first(measured, '0040A30A') ?? ''} ${meaning(first(measured, '004008EA'))}`.trim();
    }
    case 'DATE':
      return String(first(item, '0040A121') ?? '');
    case 'DATETIME':
      return String(first(item, '0040A120') ?? '');
    case 'UIDREF':
      return String(first(item, '0040A124') ?? '');
    default:
      return '';
  }
}

/** The content tree of a structured report (PS3.3 C.17.3): names and values, links to images left out. */
export function contentOf(item: Dataset): ContentItem {
  const inner = (item['0040A730'] as Element | undefined)?.Value ?? [];
  return {
    name: meaning(first(item, '0040A043')),
    value: textOf(item),
    children: inner.map((child) => contentOf(child as Dataset)).filter((child) => child.value || child.children.length),
  };
}

export async function structuredReport(address: string, signal: AbortSignal): Promise<ContentItem> {
  const [ds] = await json<Dataset[]>(`${address}/metadata`, { accept: 'application/dicom+json', signal });
  if (!ds) throw new ApiError({ status: 200, code: 'not-understood' });
  return contentOf(ds);
}
