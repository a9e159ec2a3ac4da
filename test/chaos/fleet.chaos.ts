/**
 * A fleet: three API processes on one port and four workers, on Redis and a bucket. First it counts what a job costs the queue and
 * the store. Then jobs are trained and a sweep searches, while processes are killed at random and everything is replaced under
 * load. At last it works on, and its memory and descriptors are watched. docs/scaling.md has the figures.
 *
 *   FLEET_JOBS=500 FLEET_SOAK_SECONDS=600 npm run test:chaos -- fleet
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRunStore } from '../../src/jobs/runs/run-store.js';
import { logStart } from '../../src/jobs/runs/run-log.js';
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import type { Sweep } from '../../src/jobs/sweeps/sweep.js';
import { createRegistry } from '../../src/model/registry/registry.js';
import { parseStoreUrl } from '../../src/config-formats.js';
import { openStorage } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { childrenOf, isAlive } from '../child-processes.js';
import { s3Credentials } from '../servers/ceph-plan.js';
import { openService, type Service } from '../service/service.js';
import { describeWithService } from '../services.js';
import { countRequestsTo, type CountedBucket } from './counted-bucket.js';
import { customersCsv, customersName } from './customers.js';
import { flawsOf } from './outcome.js';

const jobCount = Number(process.env.FLEET_JOBS ?? 24);
const soakSeconds = Number(process.env.FLEET_SOAK_SECONDS ?? 20);
const [apiProcesses, workerCount, countedJobs, idleSeconds] = [3, 4, 8, 15];
const patience = 3_600_000;

const small: JobRequest = {
  dataset: customersName,
  target: 'churned',
  epochs: 2,
  network: { hidden: [{ units: 8 }] },
  engine: 'wasm',
};

/** Searched beside the jobs. */
const search = {
  job: { ...small, model: 'fleet-sweep' },
  parameters: { 'optimizer.learning_rate': { min: 0.001, max: 0.1, scale: 'log' } },
  max_trials: 6,
  parallel: 2,
};

describeWithService('s3', 'a fleet on a bucket', (bucket) => {
  describeWithService('redis', 'and Redis', (redis) => {
    let counted: CountedBucket;
    let storage: Storage;
    let queue: Redis;
    let folder: string;
    let api: Service;
    const workers: Service[] = [];
    const kills: (() => Promise<void>)[] = [];
    let models = 0;
    /** Of wall time, for each job, where the fleet does nothing else. Kills come as often, so that slow machines get on too. */
    let jobMs = 3_000;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trainyard-fleet-'));
      counted = await countRequestsTo(bucket().url);
      Object.assign(process.env, s3Credentials);
      storage = await openStorage(parseStoreUrl(bucket().url), folder);
      queue = new Redis(redis().url);
      api = await start({ ROLE: 'api', API_PROCESSES: String(apiProcesses) });
      workers.push(
        ...(await Promise.all(
          Array.from({ length: workerCount }, () => start({ ROLE: 'worker', PORT: '' })),
        )),
      );
      const headers = { 'content-type': 'text/csv', prefer: 'wait=60' };
      const answer = await fetch(`${api.url}/v1/datasets?name=${customersName}`, {
        method: 'POST',
        headers,
        body: customersCsv(),
      });
      expect(await answer.json()).toMatchObject({ status: 'ready' });
    }, 300_000);

    afterAll(async () => {
      for (const kill of kills) await kill();
      queue.disconnect();
      counted.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function start(settings: Record<string, string>): Promise<Service> {
      const shared = { QUEUE_URL: redis().url, STORE_URL: counted.url, ...s3Credentials };
      return openService(
        { ...shared, DATA_DIR: await mkdtemp(join(folder, 'process-')), ...settings },
        (kill) => kills.push(kill),
      );
    }

    async function submit(): Promise<Submitted> {
      const model = `fleet-${++models}`;
      return { id: await accepted('jobs', model, { ...small, model, seed: models }), model };
    }

    /**
     * The id of what is asked for, as a careful client gets it: it asks again, with the same idempotency key, when there was no
     * answer or none that counts.
     */
    async function accepted(what: 'jobs' | 'sweeps', key: string, request: object): Promise<string> {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      const asked = { method: 'POST', headers, body: JSON.stringify(request) };
      for (;;) {
        const answer = await fetch(`${api.url}/v1/${what}`, asked).catch(() => null);
        const text = (await answer?.text().catch(() => null)) ?? null;
        if (answer?.status === 202 && text !== null) return (JSON.parse(text) as { id: string }).id;
        if (answer !== null && ![202, 429, 503].includes(answer.status)) throw new Error(String(text));
        await sleep(100);
      }
    }

    async function endedSweep(id: string): Promise<Sweep> {
      for (;;) {
        const answer = await fetch(`${api.url}/v1/sweeps/${id}`).catch(() => null);
        const sweep = answer?.ok === true ? ((await answer.json().catch(() => null)) as Sweep | null) : null;
        if (sweep !== null && sweep.finished_at !== null) return sweep;
        await sleep(200);
      }
    }

    async function ended(jobs: readonly Submitted[]): Promise<void> {
      const store = createRunStore(storage);
      for (const { id } of jobs) while ((await store.readResult(id)) === null) await sleep(200);
    }

    async function expectEachOnce(jobs: readonly Submitted[]): Promise<void> {
      const store = createRunStore(storage);
      const registry = createRegistry(storage, { warn: () => undefined });
      expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
      for (const { id, model } of jobs) {
        const { events } = await store.readEvents(id, logStart);
        expect({ status: (await store.readResult(id))?.status, flaws: flawsOf(events) }, id).toEqual({
          status: 'succeeded',
          flaws: [],
        });
        expect(await registry.versions(model), model).toHaveLength(1);
      }
    }

    async function operations(): Promise<Operations> {
      const stats = await queue.info('commandstats');
      const calls = [...stats.matchAll(/calls=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
      const commands = /total_commands_processed:(\d+)/.exec(await queue.info('stats'))?.[1];
      return { atMs: performance.now(), calls, commands: Number(commands), store: counted.counts() };
    }

    test('what it does while it is idle, and for a job', { timeout: patience }, async () => {
      await sleep(5_000);
      const first = await operations();
      await sleep(idleSeconds * 1_000);
      const idle = difference(first, await operations());
      const before = await operations();
      const jobs = await Promise.all(Array.from({ length: countedJobs }, submit));
      await ended(jobs);
      const busy = difference(before, await operations());
      jobMs = (busy.seconds * 1_000) / countedJobs;
      await expectEachOnce(jobs);
      const perSecond = scaled(idle, 1 / idle.seconds);
      const perJob = scaled(minus(busy, scaled(perSecond, busy.seconds)), 1 / countedJobs);
      console.log('idle, each second:', JSON.stringify(perSecond));
      console.log(
        'a job, beyond that:',
        JSON.stringify(perJob),
        `in ${busy.seconds.toFixed(0)} s for ${countedJobs}`,
      );
      expect(perJob.store.PUT).toBeGreaterThan(0);
    });

    test(
      'nothing is lost and nothing done twice, whatever is killed and replaced',
      { timeout: patience },
      async () => {
        const jobs: Submitted[] = [];
        const state = { isOver: false };
        const answers: Record<string, number> = {};
        const predicting = Array.from({ length: 4 }, async () => {
          while (!state.isOver) {
            const inputs = [{ tenure: 40, city: 'Oslo', joined: '2024-03-05', amount: 12.5 }];
            // The first test has published the model.
            const answer = await fetch(`${api.url}/predict`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ model: 'fleet-1', inputs }),
            }).catch(() => null);
            const status = String(answer?.status ?? 'broken');
            await answer?.arrayBuffer().catch(() => undefined);
            answers[status] = (answers[status] ?? 0) + 1;
            await sleep(20);
          }
        });
        const killed: Record<string, number> = {};
        const meddling = (async () => {
          for (let turn = 0; !state.isOver; turn++) {
            await sleep(jobMs * (1 + Math.random()));
            const place = Math.floor(Math.random() * workerCount);
            const kind = ['an API process', 'a worker', 'a training process'][turn % 3];
            if (kind === 'a worker') {
              await workers[place].end('SIGKILL');
              workers[place] = await start({ ROLE: 'worker', PORT: '' });
            } else {
              const victims = await childrenOf(kind === 'an API process' ? api.pid : workers[place].pid);
              const victim = victims.at(Math.floor(Math.random() * victims.length));
              if (victim === undefined) continue;
              process.kill(victim, 'SIGKILL');
            }
            killed[kind] = (killed[kind] ?? 0) + 1;
          }
        })();
        const sweepId = await accepted('sweeps', 'fleet-sweep', search);
        while (jobs.length < jobCount) jobs.push(await submit());
        // The upgrade, while the last jobs are trained and processes go on dying.
        process.kill(api.pid, 'SIGHUP');
        for (const [place, old] of workers.entries()) {
          const next = await start({ ROLE: 'worker', PORT: '' });
          workers[place] = next;
          if (await isAlive(old.pid)) await old.end('SIGTERM');
        }
        await ended(jobs);
        const sweep = await endedSweep(sweepId);
        state.isOver = true;
        await Promise.all([...predicting, meddling]);
        console.log(
          'jobs:',
          jobs.length,
          'killed:',
          JSON.stringify(killed),
          'predictions:',
          JSON.stringify(answers),
        );
        await expectEachOnce(jobs);
        const { succeeded, failed } = sweep.trials;
        expect({ status: sweep.status, succeeded, failed, version: sweep.version }).toEqual({
          status: 'succeeded',
          succeeded: search.max_trials,
          failed: 0,
          version: 1,
        });
        // A connection breaks with its process; whatever is answered is a prediction.
        const { broken = 0, 200: predicted = 0, ...others } = answers;
        expect(others).toEqual({});
        expect(predicted).toBeGreaterThan(broken);
      },
    );

    test('memory and descriptors stay as they are', { timeout: patience }, async () => {
      const samples: Sample[] = [];
      const endMs = performance.now() + soakSeconds * 1_000;
      const jobs: Submitted[] = [];
      while (performance.now() < endMs) {
        jobs.push(await submit());
        await ended(jobs.slice(-1));
        const pids = [api.pid, ...(await childrenOf(api.pid)), ...workers.map(({ pid }) => pid)];
        for (const pid of pids) samples.push({ pid, ...(await sizeOf(pid)) });
      }
      await expectEachOnce(jobs);
      const ofPid = grouped(samples);
      for (const [pid, all] of ofPid) {
        const third = Math.max(1, Math.floor(all.length / 3));
        const [early, late] = [all.slice(0, third), all.slice(-third)].map((part) => ({
          mb: median(part.map(({ mb }) => mb)),
          descriptors: median(part.map(({ descriptors }) => descriptors)),
        }));
        console.log(
          pid === api.pid ? 'supervisor' : 'process',
          JSON.stringify({ samples: all.length, early, late }),
        );
        expect(late.descriptors).toBeLessThanOrEqual(early.descriptors + 8);
      }
    });
  });
});

interface Submitted {
  id: string;
  model: string;
}

interface Sample {
  pid: number;
  mb: number;
  descriptors: number;
}

interface Operations {
  atMs: number;
  /** Of Redis, also those that scripts call. */
  calls: number;
  /** As clients sent them. */
  commands: number;
  store: Record<string, number>;
}

type Difference = Omit<Operations, 'atMs'> & { seconds: number };

function difference(from: Operations, to: Operations): Difference {
  return {
    seconds: (to.atMs - from.atMs) / 1_000,
    calls: to.calls - from.calls,
    commands: to.commands - from.commands,
    store: combined(to.store, from.store, (one, other) => one - other),
  };
}

function minus(one: Difference, other: Difference): Difference {
  return {
    seconds: one.seconds - other.seconds,
    calls: one.calls - other.calls,
    commands: one.commands - other.commands,
    store: combined(one.store, other.store, (a, b) => a - b),
  };
}

function scaled({ seconds, calls, commands, store }: Difference, factor: number): Difference {
  const times = (value: number): number => Math.round(value * factor * 100) / 100;
  return {
    seconds: times(seconds),
    calls: times(calls),
    commands: times(commands),
    store: combined(store, store, (value) => times(value)),
  };
}

function combined(
  one: Record<string, number>,
  other: Record<string, number>,
  combine: (one: number, other: number) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(one).map(([name, value]) => [name, combine(value, other[name] ?? 0)]),
  );
}

function grouped(samples: readonly Sample[]): Map<number, Sample[]> {
  const groups = new Map<number, Sample[]>();
  for (const sample of samples) groups.set(sample.pid, [...(groups.get(sample.pid) ?? []), sample]);
  return groups;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function sizeOf(pid: number): Promise<{ mb: number; descriptors: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  return { mb: Math.round(kilobytes / 1_024), descriptors: (await readdir(`/proc/${pid}/fd`)).length };
}
