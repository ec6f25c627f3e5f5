import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LoginPage } from './LoginPage';
import { aNode, aSession, show } from './rendering';

const SITE = {
  body: {
    facility: 'DEMO-TN',
    name: 'Bệnh viện Trung ương Thái Nguyên',
    language: 'vi',
    version: '0.1.0',
    demo: true,
    authenticated: false,
    diagnostic_use: false,
    registration: '',
  },
};

async function logIn(password: string) {
  const user = userEvent.setup();
  await user.type(screen.getByLabelText('Tên đăng nhập'), 'bs');
  await user.type(screen.getByLabelText('Mật khẩu'), `${password}{Enter}`);
}

describe('the login page', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('says which facility it is, and that it is a demonstration', async () => {
    aNode({ 'GET /api/site': SITE });
    show(<LoginPage />, { path: '/login' });
    expect(await screen.findByText('Bệnh viện Trung ương Thái Nguyên')).toBeTruthy();
    expect(screen.getByText('Trình diễn')).toBeTruthy();
  });

  it('says in the words of the node that the password is wrong, and clears it', async () => {
    const problem = { code: 'login-failed', title: 'Sai tên đăng nhập hoặc mật khẩu', hint: 'Kiểm tra lại.' };
    aNode({ 'GET /api/site': SITE, 'POST /api/session': { status: 401, body: problem } });
    const router = show(<LoginPage />, { path: '/login' });
    await logIn('sai');
    const note = await screen.findByRole('alert');
    expect(note.textContent).toContain('Sai tên đăng nhập hoặc mật khẩu');
    expect(note.textContent).toContain('Kiểm tra lại.');
    expect(screen.getByLabelText<HTMLInputElement>('Mật khẩu').value).toBe('');
    expect(router.state.location.pathname).toBe('/login');
  });

  it('goes back to where the session ended', async () => {
    const calls = aNode({ 'GET /api/site': SITE, 'POST /api/session': { body: aSession('radiologist') } });
    const router = show(<LoginPage />, { path: '/login?ended=1&next=%2Freading%2F7', pattern: '/login' });
    expect(await screen.findByText(/Phiên làm việc đã hết hạn/)).toBeTruthy();
    await logIn('đúng');
    await waitFor(() => expect(router.state.location.pathname).toBe('/reading/7'));
    expect(calls.find((call) => call.method === 'POST')?.body).toEqual({ username: 'bs', password: 'đúng' });
  });

  it('never leaves the application', async () => {
    aNode({ 'GET /api/site': SITE, 'POST /api/session': { body: aSession('radiographer') } });
    const router = show(<LoginPage />, { path: '/login?next=%2F%2Fevil.example', pattern: '/login' });
    await logIn('đúng');
    await waitFor(() => expect(router.state.location.pathname).toBe('/studies'));
  });
});
