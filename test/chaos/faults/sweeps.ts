/** Kills processes while a sweep goes on, and changes what it may spend. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import type { Sweep, Trial } from '../../../src/jobs/sweeps/sweep.js';
import { uploadCustomers, type Cluster, type Member } from '../cluster.js';
import { customersName } from '../customers.js';
import type { Moment } from '../moments.js';
import { flawsOf } from '../outcome.js';

const lookEveryMs = 50;

/** A trial takes about a second, or less where a rung stops it. */
const search = {
  parameters: {
    'optimizer.learning_rate': { min: 0.0001, max: 0.3, scale: 'log' },
    'network.hidden': { values: [[{ units: 32 }], [{ units: 64 }, { units: 32 }]] },
    batch_size: { values: [32, 64] },
  },
  parallel: 3,
  early_stop: { type: 'asha', min_epochs: 2, factor: 2 },
  seed: 5,
};

const job = { dataset: customersName, target: 'churned', epochs: 8, patience: null, engine: 'wasm' };

/** What may not depend on faults. */
export interface SweepOutcome {
  trials: Pick<Trial, 'trial' | 'status' | 'parameters' | 'value' | 'best_epoch' | 'rungs' | 'attempts'>[];
  best: { trial: number; value: number } | null;
}

export async function startSweep(cluster: Cluster, model: string, maxTrials: number): Promise<string> {
  const api = cluster.api.service();
  if ((await fetch(`${api.url}/v1/datasets/${customersName}`)).status === 404) await uploadCustomers(api);
  const body = JSON.stringify({ ...search, job: { ...job, model }, max_trials: maxTrials });
  const headers = { 'content-type': 'application/json', 'idempotency-key': model };
  const answer = await fetch(`${api.url}/v1/sweeps`, { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as Sweep).id;
}

/** Resolves once it is so; the API may be away meanwhile. */
export async function sweepWhen(
  cluster: Cluster,
  id: string,
  isSo: (sweep: Sweep) => boolean,
): Promise<Sweep> {
  for (;;) {
    const sweep = await shown<Sweep>(cluster, `/v1/sweeps/${id}`);
    if (sweep !== null && isSo(sweep)) return sweep;
    await sleep(lookEveryMs);
  }
}

export const hasEnded = ({ finished_at }: Sweep): boolean => finished_at !== null;

/** The request reaches the API once it is there. */
export async function change(cluster: Cluster, id: string, to: 'pause' | 'resume' | object): Promise<void> {
  const { url } = cluster.api.service();
  const answer =
    typeof to === 'string'
      ? await fetch(`${url}/v1/sweeps/${id}/${to}`, { method: 'POST' })
      : await fetch(`${url}/v1/sweeps/${id}`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(to),
        });
  expect(answer.status).toBe(200);
  cluster.note(`${id}: ${JSON.stringify(to)}`);
}

/** Kills and replaces the processes in turn; `step` of a moment counts ended trials. Resolves to the number of kills. */
export async function killDuring(cluster: Cluster, id: string, moments: readonly Moment[]): Promise<number> {
  let kills = 0;
  for (const { step, delayMs } of moments) {
    const sweep = await sweepWhen(
      cluster,
      id,
      (each) => each.progress.trials_ended >= step || hasEnded(each),
    );
    if (hasEnded(sweep)) break;
    await sleep(delayMs);
    const member = cluster.members[kills % cluster.members.length];
    await replace(member);
    kills++;
  }
  return kills;
}

async function replace(member: Member): Promise<void> {
  await member.end('SIGKILL');
  await member.start();
}

export async function outcomeOfSweep(cluster: Cluster, id: string): Promise<SweepOutcome> {
  const { best } = await sweepWhen(cluster, id, hasEnded);
  const list = await shown<{ data: Trial[] }>(cluster, `/v1/sweeps/${id}/trials?limit=1000`);
  return {
    best: best && { trial: best.trial, value: best.value },
    trials: (list?.data ?? []).map(({ trial, status, parameters, value, best_epoch, rungs, attempts }) => {
      return { trial, status, parameters, value, best_epoch, rungs, attempts };
    }),
  };
}

/** Each trial has one run, all runs belong to a trial or publish, and no run has lost or repeated an event. */
export async function expectNothingTwice(cluster: Cluster, id: string): Promise<void> {
  const trials: number[] = [];
  let publishing = 0;
  for (const runId of await cluster.store.ids()) {
    const spec = await cluster.store.readSpec(runId);
    if (spec?.sweep_id !== id) continue;
    if (spec.trial === undefined) publishing++;
    else trials.push(spec.trial);
    const { events } = await cluster.store.readEvents(runId, logStart);
    expect(flawsOf(events), `the events of ${runId}`).toEqual([]);
  }
  expect(trials.sort((a, b) => a - b)).toEqual(trials.map((_, index) => index + 1));
  // One for each of its ends, and one in all where the same trial stayed the best.
  expect(publishing).toBeGreaterThanOrEqual(1);
  expect(publishing).toBeLessThanOrEqual(2);
}

/** null: the API is away. */
async function shown<Answer>(cluster: Cluster, path: string): Promise<Answer | null> {
  if (!cluster.api.isUp) return null;
  const answer = await fetch(`${cluster.api.service().url}${path}`).catch(() => null);
  return answer?.status === 200 ? ((await answer.json()) as Answer) : null;
}
