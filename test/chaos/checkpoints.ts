/** A run's checkpoints in the storage. */
import type { Cluster } from './cluster.js';

export interface StoredCheckpoint {
  name: string;
  /** The prefix of its files. */
  prefix: string;
  step: number;
  term: number;
}

/** The checkpoints that have a manifest, the newest first. */
export async function checkpointsOf({ storage, store }: Cluster, runId: string): Promise<StoredCheckpoint[]> {
  const home = store.checkpointsOf(runId);
  const found: StoredCheckpoint[] = [];
  for (const name of await storage.list(home)) {
    const [, step, term] = /^step-(\d+)\.(\d+)$/.exec(name) ?? [];
    const prefix = `${home}/${name}`;
    if ((await storage.list(prefix)).includes('manifest.json')) {
      found.push({ name, prefix, step: Number(step), term: Number(term) });
    }
  }
  return found.sort((a, b) => b.term - a.term || b.step - a.step);
}
