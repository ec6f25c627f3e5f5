/** The one way to the node: adds the language, understands its errors, and tells who listens that the session has ended. */
import { ApiError, problemOf } from './problem';

const TIMEOUT_MS = 30_000;

let language = 'vi';
const onSessionEnd = new Set<() => void>();

export function setRequestLanguage(tag: string): void {
  language = tag;
}

/** Calls `listener` whenever the node answers that nobody is logged in. Returns the way to stop listening. */
export function whenSessionEnds(listener: () => void): () => void {
  onSessionEnd.add(listener);
  return () => onSessionEnd.delete(listener);
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  /** A file instead of JSON. */
  file?: Blob;
  signal?: AbortSignal | undefined;
  accept?: string;
  /** The browser finishes it even when the page is being left. */
  keepalive?: boolean;
}

function failure(reason: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return reason;
  const timedOut = reason instanceof DOMException && reason.name === 'TimeoutError';
  return new ApiError({ status: 0, code: timedOut ? 'timeout' : 'offline' });
}

/** Sends a request; raises `ApiError` for every answer that is not a success. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body, file, signal, accept = 'application/json', keepalive = false } = options;
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const headers: Record<string, string> = { Accept: accept, 'Accept-Language': language };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (file) headers['Content-Type'] = file.type || 'application/octet-stream';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      keepalive,
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      ...(file ? { body: file } : body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (reason) {
    throw failure(reason, signal);
  }
  if (response.ok) return response;
  const error = await problemOf(response);
  if (error.needsLogin && error.code !== 'login-failed' && error.code !== 'login-locked') {
    for (const listener of onSessionEnd) listener();
  }
  throw error;
}

/** Sends a request and reads the JSON of its answer. */
export async function json<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  try {
    return (await response.json()) as T;
  } catch (reason) {
    if (options.signal?.aborted) throw reason;
    throw new ApiError({ status: response.status, code: 'not-understood' });
  }
}
