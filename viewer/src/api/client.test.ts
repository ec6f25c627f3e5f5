import { afterEach, describe, expect, it, vi } from 'vitest';
import { json, send, setRequestLanguage, whenSessionEnds } from './client';
import { ApiError } from './problem';

function answers(status: number, body: unknown, type = 'application/json') {
  const call = vi.fn(async (_path: string, _options: RequestInit) => {
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    return new Response(content, { status, headers: { 'Content-Type': type } });
  });
  vi.stubGlobal('fetch', call);
  return call;
}
const refused = async (work: Promise<unknown>): Promise<ApiError> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

describe('requests', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('ask for the language of the user', async () => {
    const call = answers(200, {});
    setRequestLanguage('en');
    await json('/api/site');
    setRequestLanguage('vi');
    expect(call.mock.calls[0]![1].headers).toMatchObject({ 'Accept-Language': 'en' });
  });

  it('say in the words of the node why they failed', async () => {
    const body = { code: 'not-allowed', title: 'Ca này đã có người nhận', detail: 'BS. Hải', hint: 'Chọn ca khác.' };
    answers(409, body, 'application/problem+json');
    const error = await refused(send('/api/reading/tasks/1/claim', { method: 'POST' }));
    expect(error).toMatchObject({ status: 409, ...body });
    expect(error.mayPass).toBe(false);
  });

  it('know an answer that is no answer of ours', async () => {
    answers(502, '<html>', 'text/html');
    expect(await refused(send('/api/site'))).toMatchObject({ code: 'not-understood', status: 502, mayPass: true });
    answers(200, '<html>', 'text/html');
    expect(await refused(json('/api/site'))).toMatchObject({ code: 'not-understood' });
  });

  it('know when nobody answers', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    expect(await refused(send('/api/site'))).toMatchObject({ status: 0, code: 'offline', mayPass: true });
  });

  it('tell who listens that the session has ended, but not for a wrong password', async () => {
    const ended = vi.fn();
    const stop = whenSessionEnds(ended);
    answers(401, { code: 'login-failed', title: 'Sai mật khẩu' }, 'application/problem+json');
    await refused(send('/api/session', { method: 'POST', body: {} }));
    expect(ended).not.toHaveBeenCalled();
    answers(401, { code: 'not-authorized', title: 'Chưa đăng nhập' }, 'application/problem+json');
    await refused(send('/api/studies'));
    expect(ended).toHaveBeenCalledOnce();
    stop();
  });
});
