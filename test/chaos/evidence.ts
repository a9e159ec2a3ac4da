/** The evidence to find out why a cluster did not survive. */
import { logStart } from '../../src/jobs/runs/run-log.js';
import type { Cluster } from './cluster.js';
import { chaosSeed } from './moments.js';

const lastEvents = 15;
const lastLines = 15;

export async function evidenceOf({ queue, diary, store, members }: Cluster): Promise<string> {
  const lines = [`CHAOS_SEED=${chaosSeed}, queue: ${queue}`, ...diary];
  for (const id of await store.ids()) {
    const { events } = await store.readEvents(id, logStart);
    lines.push(`last of the ${events.length} events of ${id}:`);
    lines.push(...events.slice(-lastEvents).map((event) => `  ${JSON.stringify(event)}`));
  }
  for (const { name, services } of members) {
    for (const { pid, log, errors } of services) {
      lines.push(`last of the ${log.length} lines of ${name} as process ${pid}:`);
      lines.push(...log.slice(-lastLines).map((line) => `  ${JSON.stringify(line)}`));
      if (errors() !== '') lines.push(errors());
    }
  }
  return lines.join('\n');
}
