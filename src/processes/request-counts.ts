/** Counts the requests of each key in windows of time, for all processes of a service together. */
import type { RequestCount } from './messages.js';

export class RequestCounts {
  readonly #windows = new Map<string, { count: number; endsAtMs: number }>();

  /** Counts one more. A window begins with the first request after the last one. */
  add(key: string, windowMs: number, nowMs = Date.now()): RequestCount {
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAtMs <= nowMs) {
      this.#forgetEnded(nowMs);
      window = { count: 0, endsAtMs: nowMs + windowMs };
      this.#windows.set(key, window);
    }
    window.count++;
    return { current: window.count, ttl: window.endsAtMs - nowMs };
  }

  /** Only keys with a limit are counted, so there are few. */
  #forgetEnded(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.#windows) if (endsAtMs <= nowMs) this.#windows.delete(key);
  }
}
