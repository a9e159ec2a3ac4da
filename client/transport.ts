/** Sends requests with the key, repeats those that may be repeated, and turns refusals into errors. */
import { ApiError, ConnectionError, errorOfResponse } from './api-error.js';
import { backOffMs, pause, usualRetries, type RetryOptions } from './pauses.js';

export interface TransportOptions {
  /** Where the service is, with its base path, for example `http://127.0.0.1:3000`. In a browser the default is the page's origin. */
  baseUrl?: string;
  /** A function is asked before each request, so that a key can change. */
  key?: string | (() => string | undefined);
  fetch?: (request: Request) => Promise<Response>;
  retry?: Partial<RetryOptions>;
}

export interface Transport {
  baseUrl: string;
  retry: RetryOptions;
  authorization: () => string | undefined;
  /**
   * `make` is called for each try, because a body can be read once.
   * @throws ApiError, ConnectionError, and the reason of the request's signal once that is aborted
   */
  send: (make: () => Request, attempts?: number) => Promise<Response>;
}

export function createTransport(options: TransportOptions): Transport {
  const { key, fetch: send = (request: Request) => fetch(request) } = options;
  const baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
  const retry = { ...usualRetries, ...options.retry };

  const authorization = (): string | undefined => {
    const current = typeof key === 'function' ? key() : key;
    return current === undefined || current === '' ? undefined : `Bearer ${current}`;
  };

  return {
    baseUrl,
    retry,
    authorization,
    async send(make, attempts = retry.attempts) {
      const idempotencyKey = randomName();
      for (let attempt = 1; ; attempt++) {
        const request = make();
        const credential = authorization();
        if (credential !== undefined && !request.headers.has('authorization'))
          request.headers.set('authorization', credential);
        if (makesJob(request) && !request.headers.has('idempotency-key'))
          request.headers.set('idempotency-key', idempotencyKey);

        const failure = await answerOf(request, send);
        if (!(failure instanceof Error)) return failure;
        const delayMs = secondsAsMs(failure) ?? backOffMs(attempt, retry);
        const isWorthwhile = attempt < attempts && mayRepeat(request, failure);
        if (!isWorthwhile || delayMs > retry.longestDelayMs) throw failure;
        await pause(delayMs, request.signal);
      }
    },
  };
}

/** A refusal and a lost connection are returned; whatever else is thrown, an abort above all, ends the tries. */
async function answerOf(
  request: Request,
  send: (request: Request) => Promise<Response>,
): Promise<Response | ApiError | ConnectionError> {
  try {
    const response = await send(request);
    return response.status < 400 ? response : await errorOfResponse(response);
  } catch (error) {
    if (request.signal.aborted) throw error;
    return new ConnectionError(request.url, error);
  }
}

/** Requests whose repetition changes nothing, besides those that HTTP says this of. */
const repeatablePost =
  /\/(?:predict|infer|batch|evaluate|cancel|pause|resume)$|\/v1\/datasets$|:(?:predict|classify|regress)$/;

function mayRepeat(request: Request, failure: ApiError | ConnectionError): boolean {
  const { pathname } = new URL(request.url);
  // Its refusal is the answer.
  if (/\/health\/[a-z]+$/.test(pathname)) return false;
  // Refused before anything was done.
  if (failure instanceof ApiError && failure.status === 429) return true;
  const isLost = failure instanceof ConnectionError;
  if (!isLost && failure.status !== 502 && failure.status !== 503) return false;
  switch (request.method) {
    case 'GET':
    case 'HEAD':
    case 'PUT':
      return true;
    case 'DELETE':
      // After a lost answer the repetition would fail, because there is nothing left to delete.
      return !isLost;
    default:
      return request.headers.has('idempotency-key') || repeatablePost.test(pathname);
  }
}

function secondsAsMs(failure: ApiError | ConnectionError): number | undefined {
  const seconds = failure instanceof ApiError ? failure.retryAfterSeconds : undefined;
  return seconds === undefined ? undefined : seconds * 1_000;
}

function makesJob({ method, url }: Request): boolean {
  return method === 'POST' && new URL(url).pathname.endsWith('/v1/jobs');
}

/** `crypto.randomUUID` is missing on pages that are not served over https. */
function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
