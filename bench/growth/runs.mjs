/**
 * Many runs: how soon the service listens and answers, what a page of jobs takes, and what the service does when nobody
 * asks. The documents are those of a run that the service itself has trained, copied under other ids with other metadata.
 */
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../quantile.mjs';
import { startService } from '../service-process.mjs';
import { get, watchHealth } from '../watch-health.mjs';

const { ulid } = createRequire(import.meta.url)('ulid');

export const options = {
  runs: { type: 'string', default: '20000' },
  /** Of the runs, the newest: they wait, which is paused here, as a queued one would be trained. */
  waiting: { type: 'string', default: '1000' },
  'idle-seconds': { type: 'string', default: '45' },
};

const filters = {
  'no filter': '',
  'status=succeeded': 'status=succeeded',
  'status=failed': 'status=failed',
  'status=paused': 'status=paused',
  'status=running (none)': 'status=running',
  'model=model-7': 'model=model-7',
  'metadata[owner]=user-3': 'metadata[owner]=user-3',
  'metadata[owner]=nobody': 'metadata[owner]=nobody',
};

export async function measure({ runs, waiting, dist, 'idle-seconds': idleSeconds }, dataDir) {
  const ids = await fill(dataDir, { dist, runs: Number(runs), waiting: Number(waiting) });
  const startedMs = performance.now();
  const service = await startService(dataDir, { dist });
  const listensMs = performance.now();
  try {
    await eventLoopDelayMs(service.url);
    const health = watchHealth(service.url);
    await get(`${service.url}/v1/jobs`);
    const firstPageMs = performance.now();
    await get(`${service.url}/v1/jobs?status=failed`);
    const filteredMs = performance.now();
    await sleep(2_000);
    console.table({
      'listens after': `${((listensMs - startedMs) / 1_000).toFixed(2)} s`,
      'first page, from then': `${((firstPageMs - listensMs) / 1_000).toFixed(2)} s`,
      'first filtered answer, from then': `${((filteredMs - listensMs) / 1_000).toFixed(2)} s`,
      'slowest /health/live meanwhile': `${(await health.slowestMs()).toFixed(0)} ms`,
      'event loop delay meanwhile, at most': `${await eventLoopDelayMs(service.url)} ms`,
      resident: `${service.residentMb().toFixed(0)} MB`,
    });

    console.table(await measurePages(service.url, ids));
    console.log(`event loop delay meanwhile, at most: ${await eventLoopDelayMs(service.url)} ms`);

    const cpuBefore = service.cpuSeconds();
    await sleep(1_000 * Number(idleSeconds));
    const idle = (service.cpuSeconds() - cpuBefore) / Number(idleSeconds);
    console.table({
      'idle CPU': `${(100 * idle).toFixed(1)} %`,
      'event loop delay meanwhile, at most': `${await eventLoopDelayMs(service.url)} ms`,
      resident: `${service.residentMb().toFixed(0)} MB`,
    });
  } finally {
    await service.stop();
  }
}

/** The ids, oldest first. */
async function fill(dataDir, { dist, runs, waiting }) {
  const seed = join(dataDir, 'seed');
  const service = await startService(seed, { dist });
  const { id: trained } = await service.train({ epochs: 1, network: { hidden: [] } });
  await service.ended(trained);
  await service.stop();
  const template = join(seed, 'runs', trained);
  const read = (name) => readFileSync(join(template, name), 'utf8');
  const [term, events, ending] = ['terms/000001.json', 'events/000001.jsonl', 'ending.json'].map(read);
  const [spec, result] = ['spec.json', 'result.json'].map((name) => JSON.parse(read(name)));

  const startMs = performance.now();
  const firstMs = Date.now() - 1_000 * runs;
  const ids = [];
  for (let i = 0; i < runs; i++) {
    const createdAt = new Date(firstMs + 1_000 * i);
    const id = `job_${ulid(createdAt.getTime())}`;
    ids.push(id);
    const folder = join(dataDir, 'runs', id);
    mkdirSync(join(folder, 'events'), { recursive: true });
    mkdirSync(join(folder, 'terms'));
    const write = (name, content) => writeFileSync(join(folder, name), content);
    const documentOf = (fields) => JSON.stringify(fields, null, 2);
    const metadata = { owner: `user-${i % 17}`, trial: String(i) };
    const created_at = createdAt.toISOString();
    write('spec.json', documentOf({ ...spec, model: `model-${i % 50}`, seed: i, metadata, created_at }));
    write('terms/000001.json', term);
    if (i >= runs - waiting) {
      const paused = { seq: 2, time: created_at, type: 'status', status: 'paused' };
      write('events/000001.jsonl', `${JSON.stringify(paused)}\n`);
    } else {
      write('events/000001.jsonl', events);
      write('ending.json', ending);
      write('result.json', documentOf({ ...result, ...endOf(i) }));
    }
  }
  rmSync(seed, { recursive: true });
  console.log(
    `${runs} runs, of which ${waiting} wait, written in ${((performance.now() - startMs) / 1_000).toFixed(0)} s`,
  );
  return ids;
}

function endOf(i) {
  if (i % 20 === 7)
    return { status: 'failed', error: { code: 'TRAINING_DIVERGED', message: 'The loss is NaN.' } };
  return { status: i % 20 === 13 ? 'cancelled' : 'succeeded', error: null };
}

/** First, middle and last page; in turn, so that what else the machine does strikes all. */
async function measurePages(url, ids) {
  const ages = { first: undefined, middle: ids[Math.floor(ids.length / 2)], last: ids[30] };
  const rows = [];
  for (const [filter, query] of Object.entries(filters)) {
    for (const [page, after] of Object.entries(ages)) {
      const search = [query, after && `after=${after}`].filter(Boolean).join('&');
      rows.push({ name: `${filter}, ${page} page`, url: `${url}/v1/jobs?${search}`, times: [] });
    }
  }
  rows.push({ name: 'no filter, limit=100', url: `${url}/v1/jobs?limit=100`, times: [] });
  const stopAtMs = performance.now() + 120_000;
  for (let round = 0; round < 60 && performance.now() < stopAtMs; round++) {
    for (const { url: page, times } of rows) {
      const startMs = performance.now();
      await get(page);
      times.push(performance.now() - startMs);
      await sleep(20);
    }
  }
  return Object.fromEntries(
    rows.map(({ name, times }) => [
      name,
      { 'median ms': quantile(times, 0.5).toFixed(1), 'p99 ms': quantile(times, 0.99).toFixed(1) },
    ]),
  );
}

/** Since the last time that it was asked. */
async function eventLoopDelayMs(url) {
  const [, seconds] = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(await get(`${url}/metrics`));
  return (1_000 * Number(seconds)).toFixed(0);
}
