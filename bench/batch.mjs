/**
 * How fast a file of rows is answered by POST /v1/models/{name}/batch, how much memory the service takes meanwhile, and what
 * becomes of the time of single predictions. The table has 12 columns and a target. Prints Markdown.
 *
 *   npm run bench:batch -- [--megabytes 50] [--rounds 3]
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeTable } from './data/generate.mjs';
import { median, quantile } from './quantile.mjs';
import { startService } from './service-process.mjs';

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
  },
});
const watchEveryMs = 50;
const alone = { ms: 2_000 };

const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
const service = await startService(folder);
try {
  await benchmark();
} finally {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}

async function benchmark() {
  const { input } = await trainOnSmallTable();
  const file = join(folder, 'rows.csv');
  await writeTable(file, Number(options.megabytes) * 1e6);

  const rounds = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const before = await predictUntil(input, sleep(alone.ms));
    const answered = answerTo(file);
    const [during, peakMb, answer] = await Promise.all([
      predictUntil(input, answered),
      peakUntil(answered),
      answered,
    ]);
    rounds.push({ ...answer, peakMb, before, during });
  }

  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}\n`);
  console.log(
    '| rows | rows/s | MB/s | peak resident | one prediction alone: p50, p99 | meanwhile: p50, p99 |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { rows, seconds, peakMb, before, during } of rounds) {
    const speed = [rows, (rows / seconds).toFixed(0), (Number(options.megabytes) / seconds).toFixed(1)];
    console.log(`| ${speed.join(' | ')} | ${peakMb.toFixed(0)} MB | ${shown(before)} | ${shown(during)} |`);
  }
  console.log(`\nMedian: ${median(rounds.map(({ rows, seconds }) => rows / seconds)).toFixed(0)} rows/s`);
}

/** Trains the model `churn`. `input` is a row of its table. */
async function trainOnSmallTable() {
  const file = join(folder, 'small.csv');
  await writeTable(file, 1e6);
  const query = 'name=small&target=churned';
  const body = await readFile(file);
  const wait = { Prefer: 'wait=60' };
  await ask(`/v1/datasets?${query}`, { method: 'POST', body, headers: wait });
  await service.ended(
    (await send('/v1/jobs', { dataset: 'small', model: 'churn', epochs: 1, publish_if: 'always' })).id,
  );
  const { data } = await ask('/v1/datasets/small/rows?limit=1');
  await send('/predict', { model: 'churn', inputs: data });
  return { input: { model: 'churn', inputs: data } };
}

/** The milliseconds of predictions, one after the other. */
async function predictUntil(input, end) {
  let isOver = false;
  end.finally(() => (isOver = true));
  const times = [];
  while (!isOver) {
    const sinceMs = performance.now();
    await send('/predict', input);
    times.push(performance.now() - sinceMs);
  }
  return times;
}

async function peakUntil(end) {
  let isOver = false;
  end.finally(() => (isOver = true));
  let peakMb = 0;
  while (!isOver) {
    peakMb = Math.max(peakMb, service.residentMb());
    await sleep(watchEveryMs);
  }
  return peakMb;
}

async function answerTo(file) {
  const startedMs = performance.now();
  const client = request(`${service.url}/v1/models/churn/batch`, { method: 'POST' });
  const sending = pipeline(createReadStream(file), client);
  const [answer] = await once(client, 'response');
  if (answer.statusCode !== 200) throw new Error(Buffer.concat(await answer.toArray()).toString());
  answer.resume();
  await Promise.all([once(answer, 'end'), sending]);
  const { 'x-rows': rows, 'x-failed-rows': failed } = answer.trailers;
  if (failed !== '0') throw new Error(`${failed} rows have no prediction`);
  return { rows: Number(rows), seconds: (performance.now() - startedMs) / 1_000 };
}

function send(path, body) {
  const headers = { 'content-type': 'application/json' };
  return ask(path, { method: 'POST', body: JSON.stringify(body), headers });
}

async function ask(path, init) {
  const answer = await fetch(service.url + path, init);
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}

function shown(times) {
  return [0.5, 0.99].map((part) => `${quantile(times, part).toFixed(1)} ms`).join(', ');
}
