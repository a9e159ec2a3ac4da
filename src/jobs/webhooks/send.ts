/**
 * One POST to a receiver that nobody vouches for. The address is judged when the connection is made, whatever the name
 * led to before; no redirect is followed, and of the response only the status and Retry-After are kept.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import type { Message } from './message.js';

/** What came of it: a status, or why there is none. */
export type SendResult = { durationMs: number } & (
  | { statusCode: number; retryAfter: string | undefined; error: null }
  | { statusCode: null; error: SendFailure }
);

/** Of a connection that failed, Node's code for it: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED, … */
export type SendFailure = 'TIMEOUT' | 'PRIVATE_ADDRESS' | (string & {});

/** Rejects with the signal's reason when that ends it first. */
export type Send = (url: string, message: Message, signal: AbortSignal) => Promise<SendResult>;

const maxResponseBytes = 64 * 1024;

export function createSender(options: {
  allowPrivate: boolean;
  /** For all of it, from looking the name up to the end of the response. */
  timeoutMs?: number;
  lookup?: LookupFunction;
}): Send {
  const { allowPrivate, timeoutMs = 10_000, lookup } = options;
  const filter = { allowPrivateIPAddress: allowPrivate, allowMetaIPAddress: allowPrivate };
  const httpAgent = new RequestFilteringHttpAgent(filter);
  const httpsAgent = new RequestFilteringHttpsAgent(filter);

  function post(url: URL, { headers, body }: Message, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const common = { method: 'POST', headers, signal, ...(lookup && { lookup }) };
      const request =
        url.protocol === 'https:'
          ? requestHttps(url, { ...common, agent: httpsAgent })
          : requestHttp(url, { ...common, agent: httpAgent });
      let answer: Answer | undefined;
      let failure = new Error('The connection was closed without an answer.');
      request.on('response', (response) => {
        answer = { statusCode: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
        let readBytes = 0;
        response.on('data', (chunk: Buffer) => {
          readBytes += chunk.length;
          if (readBytes > maxResponseBytes) response.destroy();
        });
        // The status has been said; how the rest ends changes nothing.
        response.on('error', () => undefined);
      });
      request.on('error', (error) => (failure = error));
      request.on('close', () => (answer ? resolve(answer) : reject(failure)));
      request.end(body);
    });
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

interface Answer {
  statusCode: number;
  retryAfter: string | undefined;
}

function failureOf(error: unknown): SendFailure {
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>;
  // The agent's refusal has no code of its own.
  if (code === undefined && message.includes('is not allowed')) return 'PRIVATE_ADDRESS';
  return code ?? 'CONNECTION_FAILED';
}
