/** The progress of a run, read from its files. They exist whatever happens to the processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent } from '../../src/jobs/runs/run-events.js';
import { logStart } from '../../src/jobs/runs/run-log.js';
import type { RunStore } from '../../src/jobs/runs/run-store.js';
import type { Cluster, Trainer } from './cluster.js';
import type { Moment } from './moments.js';

const lookEveryMs = 20;

/** Waits for a matching event, past or future. Resolves with false if the run ended without one. */
export async function untilEvent(
  store: RunStore,
  runId: string,
  matches: (event: RunEvent) => boolean,
): Promise<boolean> {
  for (let from = logStart; ;) {
    const { events, next } = await store.readEvents(runId, from);
    if (events.some(matches)) return true;
    if (events.some(({ type }) => type === 'done')) return false;
    from = next;
    await sleep(lookEveryMs);
  }
}

export async function untilEnded(store: RunStore, runId: string): Promise<void> {
  await untilEvent(store, runId, ({ type }) => type === 'done');
}

/** Waits for the moment and then for a process that trains the run. null: the run ended before. */
export async function trainerAt(cluster: Cluster, runId: string, moment: Moment): Promise<Trainer | null> {
  if (!(await untilEvent(cluster.store, runId, (event) => stepOf(event) >= moment.step))) return null;
  if ((await anyTrainer(cluster, runId)) === null) return null;
  await sleep(moment.delayMs);
  return anyTrainer(cluster, runId);
}

async function anyTrainer(cluster: Cluster, runId: string): Promise<Trainer | null> {
  for (;;) {
    const trainer = await cluster.trainerOf(runId);
    if (trainer !== null || (await cluster.store.readResult(runId)) !== null) return trainer;
    await sleep(lookEveryMs);
  }
}

/** -1 for an event without a step. */
function stepOf(event: RunEvent): number {
  switch (event.type) {
    case 'progress':
      return event.progress.step;
    case 'checkpoint':
    case 'evaluated':
    case 'published':
      return event.step;
    case 'metrics':
      return event.metrics.step;
    case 'status':
      // It has not started, or continues from an earlier step.
      return event.status === 'running' ? 0 : -1;
    case 'outcomes':
    case 'reproduced':
    case 'stopped':
    case 'started':
    case 'log':
    case 'missing':
    case 'done':
      return -1;
  }
}
