/** Where a run under way reads and writes. */
import type { Logger } from 'pino';
import type { Registry } from '../../model/registry/registry.js';
import type { Storage } from '../../storage/storage.js';
import type { RunStore } from '../runs/run-store.js';
import type { Observe } from './messages.js';

export interface RunPlace {
  runId: string;
  /** In which this process owns the run. */
  term: number;
  storage: Storage;
  store: RunStore;
  registry: Registry;
  log: Logger;
  observe: Observe;
  now: () => Date;
  /** Of a clock that only moves forward: it paces the calls of the engine, the progress events and the checkpoints. */
  nowMs: () => number;
}
