/**
 * Sends one POST to an untrusted receiver. The address is checked when the connection is made, so a name that changed
 * its address since the last check gains nothing. Redirects are not followed. Of the response only the status and
 * Retry-After are kept.
 */
import { request as requestHttp, type ClientRequest } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import type { SignedMessage } from './signed-message.js';

/** The status of the response, or the reason why there is none. */
export type SendResult = { durationMs: number } & (
  | { statusCode: number; retryAfter: string | undefined; error: null }
  | { statusCode: null; error: SendFailure }
);

/** A failed connection has Node's code: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED, … */
export type SendFailure = 'TIMEOUT' | 'PRIVATE_ADDRESS' | (string & {});

/** Rejects with the signal's reason if the signal aborts first. */
export type Send = (url: string, message: SignedMessage, signal: AbortSignal) => Promise<SendResult>;

const maxResponseBytes = 64 * 1024;

interface Answer {
  statusCode: number;
  retryAfter: string | undefined;
}

export function createSender(options: {
  allowPrivate: boolean;
  /** Covers everything, from the name lookup to the end of the response. */
  timeoutMs?: number;
  lookup?: LookupFunction;
}): Send {
  const { allowPrivate, timeoutMs = 10_000, lookup } = options;
  const filter = { allowPrivateIPAddress: allowPrivate, allowMetaIPAddress: allowPrivate };
  const httpAgent = new RequestFilteringHttpAgent(filter);
  const httpsAgent = new RequestFilteringHttpsAgent(filter);

  function post(url: URL, { headers, body }: SignedMessage, signal: AbortSignal): Promise<Answer> {
    const common = { method: 'POST', headers, signal, ...(lookup && { lookup }) };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...common, agent: httpsAgent })
        : requestHttp(url, { ...common, agent: httpAgent });
    request.end(body);
    return answerTo(request);
  }

  return async (url, message, signal) => {
    signal.throwIfAborted();
    const startedAt = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedAt);
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), timeoutMs);
    const stop = (): void => end.abort();
    signal.addEventListener('abort', stop);
    try {
      return { ...(await post(new URL(url), message, end.signal)), error: null, durationMs: durationMs() };
    } catch (error) {
      signal.throwIfAborted();
      const name = end.signal.aborted ? 'TIMEOUT' : failureOf(error);
      return { statusCode: null, error: name, durationMs: durationMs() };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };
}

/** Resolves or rejects when the connection is closed. */
function answerTo(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    let failure = new Error('The connection was closed without an answer.');
    request.on('response', (response) => {
      answer = { statusCode: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
      let readBytes = 0;
      response.on('data', (chunk: Buffer) => {
        readBytes += chunk.length;
        if (readBytes > maxResponseBytes) response.destroy();
      });
      // The status is known, so an error in the body changes nothing.
      response.on('error', () => undefined);
    });
    request.on('error', (error) => (failure = error));
    request.on('close', () => (answer ? resolve(answer) : reject(failure)));
  });
}

function failureOf(error: unknown): SendFailure {
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>;
  // The agent throws its refusal without a code.
  if (code === undefined && message.includes('is not allowed')) return 'PRIVATE_ADDRESS';
  return code ?? 'CONNECTION_FAILED';
}
