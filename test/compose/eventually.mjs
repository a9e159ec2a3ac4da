/** Waits for conditions that will hold after a while. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls the function until it does not throw. Resolves with its result, or rejects with its last error. */
export async function eventually(attempt, { withinMs, everyMs = 200 }) {
  for (const giveUpAt = Date.now() + withinMs; ; await sleep(everyMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
  }
}
