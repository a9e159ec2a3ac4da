/** For what comes to hold in a while. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until it does not throw; resolves with what it gave, or rejects with why it failed last. */
export async function eventually(attempt, { withinMs, everyMs = 200 }) {
  for (const giveUpAt = Date.now() + withinMs; ; await sleep(everyMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
  }
}
