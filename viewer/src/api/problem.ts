import type { FieldFault, Problem } from './types';

/** Codes that this side adds to the node's own. */
export type ClientCode = 'offline' | 'timeout' | 'not-understood';

/** A request that did not succeed, in words that may be shown to the user. `status` is 0 when no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  /** What is wrong with a form, field by field. */
  readonly errors: readonly FieldFault[];

  constructor(problem: Partial<Problem> & { status: number; code: string }) {
    super(problem.title || problem.detail || problem.code);
    this.name = 'ApiError';
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title ?? '';
    this.detail = problem.detail ?? '';
    this.hint = problem.hint ?? '';
    this.errors = problem.errors ?? [];
  }

  /** The session ended or never was. */
  get needsLogin(): boolean {
    return this.status === 401;
  }

  /** A passing fault: the same request may succeed later. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Reads the error that an answer holds; anything but problem+json becomes `not-understood`. */
export async function problemOf(response: Response): Promise<ApiError> {
  const type = response.headers.get('Content-Type') ?? '';
  if (type.includes('json')) {
    const body = (await response.json().catch(() => null)) as Partial<Problem> | null;
    if (body && typeof body === 'object' && typeof body.code === 'string') {
      return new ApiError({ ...body, status: response.status, code: body.code });
    }
  }
  return new ApiError({ status: response.status, code: 'not-understood' });
}
