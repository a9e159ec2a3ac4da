/**
 * What open event streams cost: a job trains and /predict answers, with none and with many clients that follow the job.
 * The two take turns within the same job, so that what else the machine does strikes both. The clients are a process of
 * their own, on the same cores.
 *
 *   npm run bench:streams -- [--streams 1000] [--seconds 6] [--rounds 4]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exampleDigit } from '../dist/api/predictions/example-digit.js';
import { load } from './http-load.mjs';
import { median } from './quantile.mjs';
import { startService } from './service-process.mjs';

if (process.argv[2] === 'client') await follow(process.argv[3], Number(process.argv[4]));
else await bench();

async function bench() {
  const { values: options } = parseArgs({
    options: {
      streams: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '4' },
    },
  });
  console.log(
    `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; ` +
      `npm run bench:streams -- ${process.argv.slice(2).join(' ')}`,
  );
  const seconds = Number(options.seconds);
  const dataDir = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
  const service = await startService(dataDir);
  try {
    const { id: first } = await service.train({ epochs: 1 });
    await service.ended(first);
    const { id } = await service.train({ epochs: 10_000, model: 'endless' });
    const counts = [0, Number(options.streams)];
    const seen = new Map(counts.map((count) => [count, { epochs: [], perSecond: [], p50: [], p99: [] }]));
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const count of counts) {
        const clients = count > 0 ? await openClients(`${service.url}/v1/jobs/${id}/events`, count) : null;
        const epochsBefore = await epochsDone(service.url, id);
        await sleep(1_000 * seconds);
        const epochs = (await epochsDone(service.url, id)) - epochsBefore;
        const request = { type: 'application/json', payload: JSON.stringify({ inputs: [exampleDigit] }) };
        const answer = await load(`${service.url}/predict`, request, { connections: 1, seconds });
        const row = seen.get(count);
        row.epochs.push(epochs / seconds);
        for (const key of ['perSecond', 'p50', 'p99']) row[key].push(answer[key]);
        if (clients)
          console.log(`${count} streams: ${await closeClients(clients)} events received by each, at least`);
      }
    }
    const [without, withMany] = counts.map((count) => seen.get(count));
    const row = (name, key, digits) => ({
      [name]: {
        'no stream': median(without[key]).toFixed(digits),
        [`${counts[1]} streams`]: median(withMany[key]).toFixed(digits),
        ratio: (median(withMany[key]) / median(without[key])).toFixed(2),
      },
    });
    console.table({
      ...row('epochs a second', 'epochs', 2),
      ...row('/predict a second', 'perSecond', 0),
      ...row('/predict, median ms', 'p50', 2),
      ...row('/predict, p99 ms', 'p99', 2),
    });
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true });
  }
}

async function epochsDone(url, id) {
  return (await (await fetch(`${url}/v1/jobs/${id}`)).json()).metrics?.epoch ?? 0;
}

async function openClients(url, count) {
  const clients = fork(fileURLToPath(import.meta.url), ['client', url, String(count)]);
  await once(clients, 'message');
  return clients;
}

/** How many events the client that had the fewest had. */
async function closeClients(clients) {
  clients.send('close');
  const [least] = await once(clients, 'message');
  clients.kill();
  return least;
}

/** One of the processes' side: opens the streams, counts what comes. */
async function follow(url, count) {
  const agent = new Agent({ maxSockets: Infinity });
  const events = new Array(count).fill(0);
  const opened = Array.from({ length: count }, async (_, i) => {
    const request = get(url, { agent, headers: { accept: 'text/event-stream' } });
    const [answer] = await once(request, 'response');
    if (answer.statusCode !== 200) throw new Error(`A stream answered ${answer.statusCode}`);
    answer.on('data', (chunk) => {
      for (let at = chunk.indexOf('\ndata: '); at !== -1; at = chunk.indexOf('\ndata: ', at + 1)) events[i]++;
    });
  });
  await Promise.all(opened);
  process.on('message', () => process.send(Math.min(...events)));
  process.send('open');
}
