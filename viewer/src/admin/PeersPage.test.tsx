import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { aNode, show } from '../app/rendering';
import { PeersPage } from './PeersPage';
import type { Call, DicomPeer, Peers, Tested } from './peers';

const LIST = 'GET /api/admin/peers';
const TEST = 'POST /api/admin/peers/pacs/test';

const aCall = (more: Partial<Call> = {}): Call => ({
  at: '2026-03-02T03:21:00Z',
  address: '192.0.2.7',
  calling_ae: 'CT2',
  called_ae: 'LIENTUYEN',
  tls: '',
  peer: '',
  refusal: 'not-registered',
  count: 3,
  ...more,
});
const aPeer = (more: Partial<DicomPeer> = {}): DicomPeer => ({
  code: 'pacs',
  name: 'PACS bệnh viện',
  facility: 'DH',
  facility_name: 'BV Định Hóa',
  ae_title: 'PACS',
  host: '192.0.2.10',
  port: 104,
  services: ['store', 'find'],
  tls: false,
  pinned: false,
  max_associations: 0,
  open: 0,
  seen: null,
  refused: null,
  certificate: null,
  testable: true,
  ...more,
});
const page = (more: Partial<Peers> = {}): Peers => ({
  ae_titles: ['LIENTUYEN'],
  port: 11112,
  tls_port: 2762,
  open: 1,
  max_associations: 64,
  peers: [],
  strangers: [],
  certificates: [],
  ...more,
});
const tested = (more: Partial<Tested> = {}): Tested => ({
  code: 'pacs',
  addresses: ['192.0.2.10'],
  resolved: 0.4,
  connected: 1.2,
  secured: null,
  accepted: 3,
  echoed: 12.6,
  tls: false,
  tls_version: '',
  tls_suite: '',
  certificate_subject: '',
  certificate_not_after: null,
  offers: ['verification', 'store'],
  failure: null,
  ...more,
});

describe('the page of DICOM peers', () => {
  afterEach(() => vi.unstubAllGlobals());
  const open = () => show(<PeersPage />, { path: '/peers', role: 'admin' });

  it('says where to begin when there is nothing', async () => {
    aNode({ [LIST]: { body: page() } });
    open();
    expect(await screen.findByText(/Danh bạ chưa có thiết bị DICOM nào/)).toBeTruthy();
    expect(screen.getByText(/Không có máy lạ nào gọi tới/)).toBeTruthy();
    expect(screen.getByText(/AE của nút: LIENTUYEN · cổng 11112 · cổng TLS 2762/)).toBeTruthy();
  });

  it('shows at once what an unknown device calls itself, and why it was refused', async () => {
    aNode({ [LIST]: { body: page({ strangers: [aCall(), aCall({ calling_ae: '', refusal: 'from-the-future' })] }) } });
    open();
    const part = await screen.findByRole('region', { name: 'Máy lạ gọi tới' });
    expect(within(part).getByText('CT2')).toBeTruthy();
    expect(within(part).getAllByText('192.0.2.7')).toHaveLength(2);
    expect(within(part).getByText('AE này chưa có trong danh bạ.')).toBeTruthy();
    expect(within(part).getByText(/Có lỗi khác/)).toBeTruthy();
  });

  it('shows limits, the last refusal, and a certificate that ends', async () => {
    const certificate = {
      name: 'peer:pacs',
      subject: 'pacs',
      not_after: '2026-03-05T00:00:00Z',
      sha256: 'ab',
    } as const;
    const peers = [
      aPeer({
        tls: true,
        open: 2,
        max_associations: 2,
        refused: aCall({ refusal: 'peer-limit' }),
        certificate: { ...certificate, state: 'urgent' },
      }),
      aPeer({ code: 'ct1', name: '', host: '', port: 0, testable: false }),
    ];
    aNode({ [LIST]: { body: page({ peers, certificates: [{ ...certificate, state: 'urgent' }] }) } });
    open();
    expect(await screen.findByText('2/2')).toBeTruthy();
    expect(screen.getByText('Thiết bị đã mở hết số kết nối được phép.')).toBeTruthy();
    expect(screen.getByText('đến 05/03/2026')).toBeTruthy();
    expect(screen.getByText(/Có chứng thư sắp hoặc đã hết hạn/)).toBeTruthy();
    expect(screen.getByText('Chỉ gọi tới nút')).toBeTruthy();
  });

  it('tests the way to a peer and says each step', async () => {
    const calls = aNode({ [LIST]: { body: page({ peers: [aPeer()] }) }, [TEST]: { body: tested() } });
    open();
    await userEvent.click(await screen.findByRole('button', { name: 'Thử kết nối' }));
    expect(await screen.findByText('Kết nối tốt.')).toBeTruthy();
    expect(screen.getByText('13 ms')).toBeTruthy();
    expect(screen.getByText('không dùng')).toBeTruthy();
    expect(screen.getByText('Thiết bị nhận: C-ECHO, gửi ảnh')).toBeTruthy();
    expect(calls.some((call) => call.method === 'POST')).toBe(true);
  });

  it('says where a test ended, and why', async () => {
    const failure = { fault: 'no-connection', message: 'No connection to pacs.', hint: 'Check.' };
    const body = tested({ connected: null, accepted: null, echoed: null, offers: [], failure });
    aNode({ [LIST]: { body: page({ peers: [aPeer()] }) }, [TEST]: { body } });
    open();
    await userEvent.click(await screen.findByRole('button', { name: 'Thử kết nối' }));
    expect((await screen.findByRole('alert')).textContent).toContain('tường lửa chặn');
    expect(screen.getAllByText('chưa tới bước này')).toHaveLength(3);
  });

  it('says so when the node does not answer', async () => {
    aNode({ [LIST]: { status: 500, body: { code: 'internal', title: 'Lỗi của nút', hint: 'Thử lại.' } } });
    open();
    expect((await screen.findByRole('alert')).textContent).toContain('Lỗi của nút');
  });
});
