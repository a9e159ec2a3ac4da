/** How long to wait before another try. */

export interface RetryOptions {
  /** How often a request is sent at most; 1: it is never repeated. */
  attempts: number;
  /** Before the second try, without a Retry-After. It doubles with each further one. */
  firstDelayMs: number;
  /** A service that wants to be left alone for longer is not asked again. */
  longestDelayMs: number;
}

export const usualRetries: RetryOptions = { attempts: 4, firstDelayMs: 300, longestDelayMs: 30_000 };

/** Doubles with each failure, and varies, so that many clients do not come back in the same moment. */
export function backOffMs(
  failures: number,
  { firstDelayMs, longestDelayMs }: Pick<RetryOptions, 'firstDelayMs' | 'longestDelayMs'>,
): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1)) * (0.75 + Math.random() / 4);
}

/** Rejects with the reason of the signal as soon as it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
