/** What can go wrong with a request: the service refuses it (ApiError), or does not answer (ConnectionError). */
import type { components } from './api-types.js';

export type Problem = components['schemas']['Problem'];

/** The service answered with an error. The message says what is wrong and what to change. */
export class ApiError extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** Stable, for programs, for example `JOB_NOT_FOUND`. `HTTP_502` and the like where something before the service answered. */
  readonly code: string;
  /** What the code means in general; `detail` is about this case. */
  readonly title: string;
  readonly detail: string;
  /** The JSON pointer (RFC 6901) of the field of the body that is wrong. */
  readonly pointer: string | undefined;
  /** The parameter of the path, the query string or the headers that is wrong. */
  readonly parameter: string | undefined;
  /** Everything that violates the schemas of the operation. */
  readonly errors: NonNullable<Problem['errors']>;
  /** The places of a file that are at fault. */
  readonly problems: readonly unknown[];
  /** The service's log has details under this id. */
  readonly requestId: string | undefined;
  /** After how many seconds another try is worthwhile. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Partial<Problem> & { status: number; detail: string }, retryAfterSeconds?: number) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = problem.status;
    this.code = problem.code ?? `HTTP_${problem.status}`;
    this.title = problem.title ?? '';
    this.detail = problem.detail;
    this.pointer = problem.pointer;
    this.parameter = problem.parameter;
    this.errors = problem.errors ?? [];
    this.problems = problem.problems ?? [];
    this.requestId = problem.request_id;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** There was no answer, or it broke off: the service does not run, or the network is down. `cause` says more. */
export class ConnectionError extends Error {
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`${originOf(url)} does not answer (${reasonOf(cause)}).`, { cause });
    this.name = 'ConnectionError';
    this.url = url;
  }
}

interface RefusedAnswer {
  status: number;
  statusText: string;
  header: (name: string) => string | null;
  text: string;
}

export async function errorOfResponse(response: Response): Promise<ApiError> {
  const { status, statusText, headers } = response;
  // An answer that breaks off is an error of its status all the same.
  const text = await response.text().catch(() => '');
  return errorOf({ status, statusText, header: (name) => headers.get(name), text });
}

/** Reads a problem document (RFC 9457), the error of a standard protocol, or what a proxy answers. */
export function errorOf({ status, statusText, header, text }: RefusedAnswer): ApiError {
  const body = parseObject(text);
  const code = body.code ?? header('x-error-code') ?? undefined;
  const requestId = body.request_id ?? header('x-request-id') ?? undefined;
  const detail = body.detail ?? body.error ?? `The answer is ${`${status} ${statusText}`.trim()}.`;
  const problem = {
    ...body,
    status,
    detail,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { request_id: requestId }),
  };
  return new ApiError(problem, secondsOf(header('retry-after')));
}

function parseObject(text: string): Partial<Problem> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3). */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'The service';
}

/** `fetch failed` says nothing; Node has the reason in its cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  for (const text of [cause?.code, cause?.message]) {
    if (typeof text === 'string' && text !== '') return text;
  }
  return error instanceof Error ? error.message : String(error);
}
