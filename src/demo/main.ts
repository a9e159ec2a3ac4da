/** `npm run demo`: starts the service, has it learn MNIST through its REST API, and has it classify a few digits. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatasetStore } from '../data/store.js';
import type { Job } from '../jobs/views/job.js';
import { besideEachOther, drawDigit, type Picture } from './draw-digit.js';
import { createProgressView, percent } from './progress.js';
import { startService, type ServiceProcess } from './service-process.js';

const pollEveryMs = 300;
const digitsShown = 4;
const imageWidth = 28;

interface Answer {
  model: string;
  version: number;
  predictions: { label: string; confidence: number }[];
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const service = startService(process.env);
const interrupted = new AbortController();
// A Ctrl-C comes twice, from the terminal and from npm; the first one counts.
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, interrupt));
// The terminal is closed, or the program that reads the output, such as `head`, has ended.
process.stdout.on('error', interrupt);
try {
  await Promise.race([learnAndPredict(service), service.died]);
} catch (error) {
  if (!interrupted.signal.aborted) console.error(error instanceof Error ? error.message : error);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
} finally {
  await service.stop();
}

function interrupt(): void {
  if (interrupted.signal.aborted) return;
  interrupted.abort();
  say(
    '\nStopping. The job is kept: it goes on from its checkpoint with npm start, or the next npm run demo.',
  );
  void service.stop();
}

async function learnAndPredict({ ready }: ServiceProcess): Promise<void> {
  say('Starting the service …');
  const { url, data } = await ready;
  say(`It listens on ${url}; its API is described at ${url}/docs.`);
  const submitted = (await requestJson(`${url}/v1/jobs`, {})) as Job;
  say(`POST /v1/jobs {} → ${submitted.id}: MNIST, 784 → 256 ReLU → 10, ${submitted.spec.epochs} epochs`);

  const job = await follow(url, submitted.id);
  if (job.status !== 'succeeded' || job.metrics === null) {
    throw new Error(`The job ${job.status}: ${job.error?.code ?? ''} ${job.error?.message ?? ''}`);
  }
  const { test_accuracy: accuracy = NaN } = job.metrics;
  say(`\nTest accuracy: ${percent(accuracy)}\n`);
  say(await someDigits(url, job));
  say(`${job.model} version ${job.version ?? ''} stays in ${data}. To serve it: npm start`);
}

async function follow(url: string, id: string): Promise<Job> {
  const view = createProgressView(process.stdout);
  try {
    for (;;) {
      const job = (await requestJson(`${url}/v1/jobs/${id}`)) as Job;
      view.show(job);
      if (job.status !== 'queued' && job.status !== 'running') return job;
      await sleep(pollEveryMs);
    }
  } finally {
    view.end();
  }
}

/** The first digits of the test split, as the model sees them and what it says of them. */
async function someDigits(url: string, { model, version }: Job): Promise<string> {
  const { test } = await createDatasetStore().load('mnist');
  const inputs = Array.from({ length: digitsShown }, (_, i) => [
    ...test.inputs.subarray(i * test.width, (i + 1) * test.width),
  ]);
  const answer = (await requestJson(`${url}/predict`, { inputs, model, version })) as Answer;
  const pictures = inputs.map((pixels, i): Picture => {
    const { label = '?', confidence = 0 } = answer.predictions[i] ?? {};
    const caption = `a ${test.targets[i] ?? '?'}; /predict says ${label} (${(confidence * 100).toFixed(1)} %)`;
    return { lines: drawDigit(pixels, imageWidth), caption };
  });
  return besideEachOther(pictures, process.stdout.columns || 80);
}

/** GET, or POST of a body; the answer's JSON. */
async function requestJson(url: string, body?: object): Promise<unknown> {
  const response = await fetch(
    url,
    body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { code, detail } = answer as { code?: string; detail?: string };
  if (code === 'UNAUTHORIZED') {
    throw new Error('This data folder has keys, and the demo has none. Try DATA_DIR=demo-data npm run demo');
  }
  throw new Error(`${url} answered ${response.status} ${code ?? ''}: ${detail ?? ''}`);
}
