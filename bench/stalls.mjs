/**
 * How long /health/live has to wait while the worst bodies that the service accepts are read, and how much memory that
 * takes: each body is sent once, and six times at once, while another connection asks every 10 ms. `--dist` is the folder
 * of another build, to compare with.
 *
 *   npm run bench:stalls -- [--dist PATH] [--only NAME,NAME]
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { startService } from './service-process.mjs';

const megabyte = 2 ** 20;
const bodyBytes = 31 * megabyte;

/** `{"inputs":[item,item,…]}` as long as a body may be. */
function repeated(item) {
  return `{"inputs":[${`${item},`.repeat(bodyBytes / (item.length + 1) - 10)}${item}]}`;
}

const samples = (count, make) =>
  JSON.stringify({ inputs: Array.from({ length: count }, () => Array.from({ length: 784 }, make)) });

const bodies = {
  'empty lists': () => repeated('[]'),
  'lists of one number': () => repeated('[0.1]'),
  numbers: () => repeated('1'),
  'numbers with exponents': () => repeated('1e5'),
  'numbers of 300 digits': () => repeated('1'.padEnd(300, '0')),
  objects: () => repeated('{}'),
  texts: () => repeated('"a"'),
  'one long text': () => `{"model":"${'a'.repeat(bodyBytes)}"}`,
  'a million levels': () => '['.repeat(megabyte) + ']'.repeat(megabyte),
  'a million keys': () =>
    `{${Array.from({ length: megabyte }, (_, index) => `"key ${index}":${index}`).join()}}`,
  'one key again and again': () => `{${'"inputs":[1],'.repeat(bodyBytes / 13)}"inputs":[1]}`,
  '1024 digits in 12 MB': () => samples(1024, () => Math.random()),
  'float32 of 1024 digits': () => Buffer.from(Float32Array.from({ length: 1024 * 784 }, Math.random).buffer),
  'float32 of 32 MiB': () => Buffer.alloc(32 * megabyte),
  'form of 10 000 parts': () => Buffer.from(form(10_000)),
  '64 kB of lists to /v1/jobs': () => `{"epochs":[${'[],'.repeat(21_000)}[]]}`,
};

const types = {
  float32: 'application/octet-stream',
  form: 'multipart/form-data; boundary=x',
};

function form(parts) {
  return `${'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\na\r\n'.repeat(parts)}--x--\r\n`;
}

if (isMainThread) await bench();
else parentPort.postMessage(await sendAll(workerData));

async function bench() {
  const { values: options } = parseArgs({
    options: { dist: { type: 'string' }, only: { type: 'string' } },
  });
  console.log(
    `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; ` +
      `npm run bench:stalls -- ${process.argv.slice(2).join(' ')}`,
  );
  const dataDir = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
  const service = await startService(dataDir, { dist: options.dist });
  try {
    await service.ended((await service.train({ epochs: 1 })).id);
    console.log('body; at once; answers; longest wait in ms; peak of RSS in MB');
    for (const name of options.only?.split(',') ?? Object.keys(bodies)) {
      for (const count of [1, 6]) {
        const watch = watchHealth(service);
        // From a thread of its own: to send so much would keep the watch waiting.
        const sender = new Worker(new URL(import.meta.url), {
          workerData: { url: service.url, name, count },
        });
        const [answers] = await once(sender, 'message');
        const { waitMs, rss } = await watch.end();
        console.log([name, count, answers.join(), waitMs, rss].join('; '));
      }
    }
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The different answers. */
async function sendAll({ url, name, count }) {
  const path = name.endsWith('/v1/jobs') ? '/v1/jobs' : '/predict';
  const type = Object.entries(types).find(([word]) => name.includes(word))?.[1] ?? 'application/json';
  const body = Buffer.from(bodies[name]());
  const answers = Array.from({ length: count }, () => post(`${url}${path}`, type, body));
  return [...new Set(await Promise.all(answers))];
}

/** Asks for /health/live every 10 ms, each time whether or not the last one was answered. */
function watchHealth({ url, pid }) {
  const agent = new Agent({ keepAlive: true });
  const waits = [];
  let rss = 0;
  const timer = setInterval(() => {
    const asked = performance.now();
    const outgoing = request(`${url}/health/live`, { agent }, (incoming) => {
      incoming.resume().on('end', () => waits.push(performance.now() - asked));
    });
    outgoing.on('error', () => waits.push(Infinity)).end();
    void residentBytes(pid).then((bytes) => (rss = Math.max(rss, bytes)));
  }, 10);
  return {
    async end() {
      clearInterval(timer);
      await sleep(100);
      agent.destroy();
      return { waitMs: Math.round(Math.max(...waits)), rss: Math.round(rss / megabyte) };
    },
  };
}

/** Where there is a /proc. */
async function residentBytes(pid) {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}

function post(url, type, body) {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      method: 'POST',
      headers: { 'content-type': type, 'content-length': body.length },
    });
    outgoing.on('error', ({ code }) => resolve(code));
    outgoing.on('response', (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode));
    });
    outgoing.end(body);
  });
}
