/** The DICOM peers as the node tells of them to the administrator. */
import { queryOptions } from '@tanstack/react-query';
import { json } from '../api/client';

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

export type CertificateState = 'good' | 'soon' | 'urgent' | 'expired';

export interface Certificate {
  name: string; // dicom, dicom-authority, web, peer:<code>, peer-authority:<code>
  subject: string;
  not_after: string;
  state: CertificateState;
  sha256: string;
}

export interface Call {
  at: string;
  address: string;
  calling_ae: string;
  called_ae: string;
  tls: string;
  peer: string;
  refusal: string | null;
  count: number;
}

export interface DicomPeer {
  code: string;
  name: string;
  facility: string;
  facility_name: string;
  ae_title: string;
  host: string;
  port: number;
  services: string[];
  tls: boolean;
  pinned: boolean;
  max_associations: number;
  open: number;
  seen: Call | null;
  refused: Call | null;
  certificate: Certificate | null;
  testable: boolean;
}

export interface Peers {
  ae_titles: string[];
  port: number;
  tls_port: number | null;
  open: number;
  max_associations: number;
  peers: DicomPeer[];
  strangers: Call[];
  certificates: Certificate[];
}

export const STEPS = ['resolved', 'connected', 'secured', 'accepted', 'echoed'] as const;
export type Step = (typeof STEPS)[number];

export interface Tested extends Record<Step, number | null> {
  code: string;
  addresses: string[];
  tls: boolean;
  tls_version: string;
  tls_suite: string;
  certificate_subject: string;
  certificate_not_after: string | null;
  offers: string[];
  failure: { fault: string; message: string; hint: string } | null;
}

const REFRESH_MS = 5_000;

export const peers = () =>
  queryOptions({
    queryKey: ['peers'],
    queryFn: ({ signal }) => json<Peers>('/api/admin/peers', { signal }),
    refetchInterval: REFRESH_MS,
  });

export const testPeer = (code: string) =>
  json<Tested>(`/api/admin/peers/${encodeURIComponent(code)}/test`, { method: 'POST' });
