import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aNode, show } from '../app/rendering';
import { ImportPage } from './ImportPage';
import { NewOrderPage } from './NewOrderPage';
import { OrderPage } from './OrderPage';
import { OrdersPage } from './OrdersPage';
import { TracePage } from './TracePage';
import { aDetail, anOrder } from './testing';

const SUGGESTIONS = {
  stations: [{ ae_title: 'CT1', name: 'Máy CT phòng 1' }],
  procedures: [{ modality: 'CT', description: 'CT sọ não không tiêm', code: 'CT01', scheme: '99LOCAL' }],
  physicians: ['BS. Lê Hà'],
  locations: ['Khoa Cấp cứu'],
};
const LIST = 'GET /api/orders?state=open&limit=100&offset=0&first_day=20261122&last_day=20261122';
const known = { 'GET /api/orders/suggestions': { body: SUGGESTIONS } };

const field = (name: string) => document.querySelector<HTMLInputElement>(`[name="${name}"]`)!;
const write = async (name: string, text: string) => {
  await userEvent.click(field(name));
  await userEvent.paste(text);
};

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-22T03:15:00Z'), toFake: ['Date'] });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the list of orders', () => {
  const open = (role: 'radiographer' | 'radiologist' = 'radiographer') =>
    show(<OrdersPage />, { path: '/orders', role });

  it('shows who is to be examined where, and how far that is', async () => {
    const items = [
      anOrder('1', { images: 120, state: 'in-progress' }),
      anOrder('2', { patient_name: 'Trần^Văn^Bình', stations: [], scheduled_date: '20261123' }),
    ];
    aNode({ ...known, [LIST]: { body: { items, total: 2 } } });
    open();
    const row = (await screen.findByText('Nguyễn Thị Đào')).closest('tr')!;
    for (const text of ['08:30', 'Đang làm', '120 ảnh đã về', 'CT1', 'Khẩn']) {
      expect(within(row).getByText(new RegExp(text))).toBeTruthy();
    }
    const other = screen.getByText('Trần Văn Bình').closest('tr')!;
    expect(within(other).getByText('23/11/2026')).toBeTruthy();
    expect(within(other).getByText('bất kỳ máy nào')).toBeTruthy();
  });

  it('opens the form of a new order by a key, but only for who may enter one', async () => {
    aNode({ ...known, [LIST]: { body: { items: [], total: 0 } } });
    const router = open();
    await screen.findByText('Hôm nay chưa có chỉ định nào đang chờ');
    await userEvent.keyboard('n');
    await waitFor(() => expect(router.state.location.pathname).toBe('/orders/new'));
  });

  it('offers a radiologist nothing to enter', async () => {
    aNode({ ...known, [LIST]: { body: { items: [], total: 0 } } });
    const router = open('radiologist');
    await screen.findByText('Hôm nay chưa có chỉ định nào đang chờ');
    await userEvent.keyboard('n');
    expect(screen.queryByText('Chỉ định mới')).toBeNull();
    expect(router.state.location.pathname).toBe('/orders');
  });
});

describe('a new order', () => {
  const open = () => show(<NewOrderPage />, { path: '/orders/new', role: 'radiographer' });
  const fill = async () => {
    await write('patient_id', 'BN-1');
    await write('patient_name', 'Nguyễn Thị Đào');
    await userEvent.click(screen.getByLabelText('CT'));
    await write('procedure_description', 'CT ngực');
  };

  it('says at each field what is missing, and sends nothing', async () => {
    const calls = aNode(known);
    open();
    await userEvent.click(screen.getByRole('button', { name: 'Lưu' }));
    expect(await screen.findAllByText('Cần điền.')).toHaveLength(4);
    expect(calls.every((call) => call.method === 'GET')).toBe(true);
  });

  it('is saved, and the next patient of the same machine begins', async () => {
    const calls = aNode({ ...known, 'POST /api/orders': { status: 201, body: aDetail('9') } });
    open();
    await fill();
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(await screen.findByText('Đã lưu chỉ định 2611220001 cho Nguyễn Thị Đào')).toBeTruthy();
    const sent = calls.find((call) => call.path === '/api/orders')?.body;
    expect(sent).toMatchObject({ patient_id: 'BN-1', modality: 'CT', scheduled_date: '22/11/2026' });
    expect(field('patient_name').value).toBe('');
    expect((screen.getByLabelText('CT') as HTMLInputElement).checked).toBe(true);
  });

  it('fills in a patient that is known', async () => {
    const body = {
      patient_name: 'Nguyễn Thị Đào',
      birth_date: '19700131',
      sex: 'F',
      issuer_of_patient_id: '',
      allergies: 'iod',
      alerts: '',
    };
    aNode({ ...known, 'POST /api/orders/patient': { body } });
    open();
    await write('patient_id', 'BN-1');
    await userEvent.tab();
    expect(await screen.findByText(/Đã điền theo chỉ định trước/)).toBeTruthy();
    await waitFor(() => expect(field('birth_date').value).toBe('31/01/1970'));
  });

  it('shows at the field what only the node knows', async () => {
    const errors = [{ field: 'accession_number', code: 'used', message: 'x' }];
    const body = { code: 'order-invalid', title: 'Phiếu chỉ định còn lỗi', errors };
    aNode({ ...known, 'POST /api/orders': { status: 422, body } });
    open();
    await fill();
    await userEvent.click(screen.getByRole('button', { name: 'Lưu' }));
    expect(await screen.findByText('Đã dùng cho một chỉ định khác.')).toBeTruthy();
    expect(field('patient_name').value).toBe('Nguyễn Thị Đào');
  });
});

describe('one order', () => {
  const open = (role: 'radiographer' | 'radiologist' = 'radiographer') =>
    show(<OrderPage />, { path: '/orders/1', pattern: '/orders/:id', role });

  it('is corrected while it waits', async () => {
    const calls = aNode({
      ...known,
      'GET /api/orders/1': { body: aDetail('1') },
      'PUT /api/orders/1': { body: aDetail('1', { revision: 2, procedure_description: 'CT ngực' }) },
    });
    open();
    await screen.findByText('Đang chờ');
    const procedure = field('procedure_description');
    await userEvent.clear(procedure);
    await write('procedure_description', 'CT ngực');
    await userEvent.click(screen.getByRole('button', { name: 'Lưu thay đổi' }));
    await waitFor(() => expect(calls.some((call) => call.method === 'PUT')).toBe(true));
    expect(calls.find((call) => call.method === 'PUT')?.body).toMatchObject({ revision: 1, weight: '' });
  });

  it('tells what the machine reported, and warns of another patient and of missing images', async () => {
    const step = {
      state: 'completed' as const,
      peer: 'ct1',
      station_ae: 'CT1',
      station_name: '',
      description: '',
      started: '20261122 083500',
      ended: '20261122 084100',
      series: 2,
      instances: 120,
      arrived: 100,
      patient_differs: true,
      shortcomings: ['ProtocolName'],
      updated_at: '2026-11-22T01:41:00Z',
    };
    aNode({ ...known, 'GET /api/orders/1': { body: aDetail('1', { state: 'completed', performed: [step] }) } });
    open();
    expect(await screen.findByText(/08:35 22\/11\/2026 đến 08:41 22\/11\/2026 · 2 chuỗi, 120 ảnh/)).toBeTruthy();
    expect(screen.getByText(/Mới có 100 trên 120 ảnh/)).toBeTruthy();
    expect(screen.getByText(/Mã người bệnh máy báo khác/)).toBeTruthy();
    expect(field('patient_name').disabled).toBe(true);
  });

  it('is put back on the worklist', async () => {
    const calls = aNode({
      ...known,
      'GET /api/orders/1': { body: aDetail('1', { state: 'discontinued' }) },
      'POST /api/orders/1/reschedule': { body: aDetail('1') },
    });
    open();
    await userEvent.click(await screen.findByRole('button', { name: 'Đưa lại vào danh sách chờ' }));
    expect(await screen.findByText('Đang chờ')).toBeTruthy();
    expect(calls.some((call) => call.path === '/api/orders/1/reschedule')).toBe(true);
  });
});

describe('import', () => {
  it('shows the faults first, and enters what is good', async () => {
    const row = { patient_id: 'BN-1', modality: 'CT', procedure_description: 'CT ngực', order_id: '' };
    const when = { scheduled_date: '20261122', scheduled_time: '083000', accession_number: '' };
    const rows = [
      { ...row, ...when, number: 2, patient_name: 'Phạm Thị Hoa', faults: [] },
      {
        ...row,
        ...when,
        number: 3,
        patient_name: 'Đỗ Minh',
        faults: [{ field: 'birth_date', code: 'birth-date', message: 'x' }],
      },
    ];
    const found = { format: 'csv', preview: true, taken: 1, rows, faults: [], passed_over: ['Ghi chú'] };
    const calls = aNode({
      'POST /api/orders/import?preview=true': { body: found },
      'POST /api/orders/import?preview=false': { body: { ...found, preview: false } },
    });
    show(<ImportPage />, { path: '/orders/import', role: 'radiographer' });
    const file = new File(['Họ tên;…'], 'danh-sach.csv', { type: 'text/csv' });
    await userEvent.upload(document.querySelector<HTMLInputElement>('input[type="file"]')!, file);
    expect(await screen.findByText(/Không phải ngày sinh/)).toBeTruthy();
    const names = screen.getAllByRole('row').map((one) => one.textContent);
    expect(names[1]).toContain('Đỗ Minh');
    expect(screen.getByText(/Ghi chú/)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Nhập 1 chỉ định' }));
    expect(await screen.findByText('Đã nhập 1 chỉ định')).toBeTruthy();
    expect(calls.filter((call) => call.method === 'POST')).toHaveLength(2);
  });
});

describe('what machines asked', () => {
  it('says why a machine sees nothing', async () => {
    const question = {
      id: 1,
      at: '2026-11-22T03:00:00Z',
      caller: 'ct1',
      calling_ae: 'CT1',
      address: '10.0.0.5',
      keys: [
        { key: 'ScheduledStationAETitle', kind: 'single', value: 'CT1' },
        {
          key: 'ScheduledProcedureStepStartDate ScheduledProcedureStepStartTime',
          kind: 'combined',
          value: '20261122000000.000000\\20261122235959.999999',
        },
        { key: 'PatientName', kind: 'wildcard', value: null },
      ],
      ignored: [],
      answered: 0,
      ending: 'success',
      looked_at: 12,
      left_out: [{ because: 'ScheduledStationAETitle', orders: 12, only: 3, found: ['CT2', 'MR1'] }],
      milliseconds: 3,
    };
    const callers = [
      { caller: 'ct1', name: 'CT phòng 1', ae_title: 'CT1', questions: 1, last_at: question.at },
      { caller: 'mr1', name: 'MR 1', ae_title: 'MR1', questions: 0, last_at: null },
    ];
    aNode({ 'GET /api/orders/questions?caller=': { body: { callers, items: [question] } } });
    show(<TracePage />, { path: '/admin/worklist', role: 'admin' });
    expect(await screen.findByText('Trả lời 0 chỉ định')).toBeTruthy();
    expect(screen.getByText(/AE title của máy: 12 chỉ định không khớp, 3 trong số đó chỉ vì lý do này/)).toBeTruthy();
    expect(screen.getByText(/CT2, MR1/)).toBeTruthy();
    expect(screen.getByText('00:00 22/11/2026 đến 23:59 22/11/2026')).toBeTruthy();
    expect(screen.getByText('(có điền)')).toBeTruthy();
    expect(screen.getByText(/chưa hỏi lần nào/)).toBeTruthy();
  });
});
