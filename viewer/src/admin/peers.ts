/** The DICOM peers as the node tells of them to the administrator. */
import { queryOptions } from '@tanstack/react-query';
import { json } from '../api/client';
import type { Schemas } from '../api/schema';

/** Why a caller was not let in, or where a test ended. Others may come with a newer node. */
export const REASONS = [
  'not-registered',
  'other-address',
  'unresolved',
  'not-dicom',
  'called-ae',
  'protocol',
  'limit',
  'peer-limit',
  'busy',
  'needs-tls',
  'plain-on-tls',
  'tls-on-plain',
  'no-certificate',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-unknown-authority',
  'certificate-wrong-name',
  'certificate-not-the-pinned',
  'certificate-bad',
  'our-certificate-refused',
  'no-common-tls',
  'handshake',
  'no-address',
  'no-connection',
  'broken-off',
  'broke-protocol',
  'tls-wanted',
  'our-title-unknown',
  'its-title-wrong',
  'takes-none-now',
  'rejected',
  'no-echo',
  'echo-failed',
  'other',
] as const;
export type Reason = (typeof REASONS)[number];

export const reasonOf = (code: string): Reason => REASONS.find((known) => known === code) ?? 'other';

export type Certificate = Schemas['ShownCertificate'];
export type CertificateState = Certificate['state'];
export type Call = Schemas['ShownCall'];
export type DicomPeer = Schemas['DicomPeer'];
export type Peers = Schemas['Peers'];
export type Tested = Schemas['Tested'];

export const STEPS = ['resolved', 'connected', 'secured', 'accepted', 'echoed'] as const;
export type Step = (typeof STEPS)[number];

const REFRESH_MS = 5_000;

export const peers = () =>
  queryOptions({
    queryKey: ['peers'],
    queryFn: ({ signal }) => json<Peers>('/api/admin/peers', { signal }),
    refetchInterval: REFRESH_MS,
  });

export const testPeer = (code: string) =>
  json<Tested>(`/api/admin/peers/${encodeURIComponent(code)}/test`, { method: 'POST' });
