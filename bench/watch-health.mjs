/** What a benchmark asks of a service, and how long its liveness takes meanwhile. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** The text of the answer, which must be a success. */
export async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.text();
}

/** Asks every 20 ms until it is asked for the slowest answer. */
export function watchHealth(url) {
  let isOver = false;
  const slowest = (async () => {
    let slowestMs = 0;
    while (!isOver) {
      const startMs = performance.now();
      await get(`${url}/health/live`);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      await sleep(20);
    }
    return slowestMs;
  })();
  return {
    slowestMs() {
      isOver = true;
      return slowest;
    },
  };
}
