/** The built service as users run it: in its own process, on a free port, with its own data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import request from 'supertest';
import { expect, onTestFinished } from 'vitest';
import { createDatasetStore } from '../../src/data/store.js';
import type { Job } from '../../src/jobs/views/job.js';
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import { childrenOf } from '../child-processes.js';

export interface LogLine {
  level: number;
  msg: string;
  url?: string;
  code?: string;
  [field: string]: unknown;
}

export interface Service {
  /** The URL in the log; '' for a worker without a port. */
  url: string;
  log: LogLine[];
  /** The output to stderr so far. */
  errors: () => string;
  http: ReturnType<typeof request>;
  pid: number;
  /** Sends the signal and waits until the service and its training processes have ended. */
  end(signal: NodeJS.Signals): Promise<Exit>;
  /** Resolves when the service has ended, even if its training processes still run. */
  ended: Promise<Exit>;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Starts the service and waits until it is ready. It is killed when the test ends. */
export function startService(settings: Record<string, string>): Promise<Service> {
  return openService(settings, onTestFinished);
}

/** The same, but `whenDone` gets the function that kills the service. */
export async function openService(
  settings: Record<string, string>,
  whenDone: (kill: () => Promise<void>) => void,
): Promise<Service> {
  const { child, log, errors } = launch(settings);
  const ended = endOf(child, 'exit');
  whenDone(() => kill(child));
  for (;;) {
    const ready = log.find(({ msg }) => /listens on|is ready/.test(msg));
    if (ready) {
      const url = ready.url ?? '';
      return {
        url,
        log,
        errors,
        http: request(url),
        pid: child.pid ?? 0,
        end: (signal) => end(child, signal),
        ended,
      };
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The service ended at once:\n${JSON.stringify(log, null, 2)}\n${errors()}`);
    }
    await sleep(20);
  }
}

/** Starts a service that is expected to refuse to start, and waits for its end. */
export async function startRefused(
  settings: Record<string, string>,
): Promise<{ code: number | null; log: LogLine[]; errors: string }> {
  const { child, log, errors } = launch(settings);
  onTestFinished(() => kill(child));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, log, errors: errors() };
}

/**
 * A small job on a slow engine. It takes some seconds, so that a test can interfere, and recognises about nine of ten
 * digits at the end. Its only checkpoint is at its end. Checkpoints by time would be more on a slow machine.
 */
export const smallJob: JobRequest = {
  network: { hidden: [{ units: 8 }] },
  epochs: 1,
  batch_size: 128,
  checkpoint: { every_steps: 469 },
  engine: 'reference',
};

/** The same on a fast engine, for tests that only wait for its end. */
export const quickJob: JobRequest = { ...smallJob, engine: 'wasm' };

export async function submit({ http }: Service, job: JobRequest): Promise<Job> {
  return (await http.post('/v1/jobs').send(job).expect(202)).body as Job;
}

export async function readJob({ http }: Service, id: string): Promise<Job> {
  return (await http.get(`/v1/jobs/${id}`).expect(200)).body as Job;
}

/** The models and versions that /predict uses. */
export async function served({ http }: Service): Promise<{ model: string; version: number }[]> {
  return (
    (await http.get('/health/ready').expect(200)).body as { models: { model: string; version: number }[] }
  ).models;
}

/** Polls the job until the condition holds. */
export async function jobWhen(service: Service, id: string, isSo: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const job = await readJob(service, id);
    if (isSo(job)) return job;
    if (hasEnded(job)) throw new Error(`The job ended: ${JSON.stringify(job, null, 2)}`);
    await sleep(50);
  }
}

export async function succeeded(service: Service, id: string): Promise<Job> {
  const job = await jobWhen(service, id, hasEnded);
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  return job;
}

/** The SHA-256 of the file of the version. */
export async function fileOf({ http }: Service, model: string, version: number): Promise<string> {
  const { versions } = (await http.get(`/v1/models/${model}`).expect(200)).body as {
    versions: { version: number; file: { sha256: string } }[];
  };
  return versions.find((each) => each.version === version)?.file.sha256 ?? 'none';
}

/** The first digits of the test split. */
export async function testDigits(count: number): Promise<{ inputs: number[][]; labels: string[] }> {
  const { test } = await createDatasetStore().load('mnist');
  const rows = Array.from({ length: count }, (_, i) => i);
  return {
    inputs: rows.map((i) => [...test.inputs.subarray(i * test.width, (i + 1) * test.width)]),
    labels: rows.map((i) => String(test.targets[i])),
  };
}

/** The accuracy of the version on the first digits of the test split, by /predict. */
export async function accuracyOf({ http }: Service, version: number): Promise<number> {
  const { inputs, labels } = await testDigits(200);
  const answer = (await http.post('/predict').send({ inputs }).expect(200)).body as {
    version: number;
    predictions: { label: string }[];
  };
  expect(answer.version).toBe(version);
  return answer.predictions.filter(({ label }, i) => label === labels[i]).length / labels.length;
}

/** The training process, a child of the service. */
export async function trainingPid({ pid }: Service): Promise<number> {
  const child = (await childrenOf(pid)).at(0);
  if (child === undefined) throw new Error('The service trains nothing');
  return child;
}

function hasEnded({ status }: Job): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

function launch(settings: Record<string, string>): {
  child: ChildProcess;
  log: LogLine[];
  errors: () => string;
} {
  const child = spawn(process.execPath, [entry], {
    // One thread, as several tests run at a time: threads that wait for each other are slow where processors are short.
    env: { PORT: '0', LOG_FORMAT: 'json', THREADS: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return { child, log, errors: () => errors };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<Exit> {
  const closed = endOf(child, 'close');
  child.kill(signal);
  return closed;
}

async function endOf(child: ChildProcess, event: 'exit' | 'close'): Promise<Exit> {
  const [code, signal] = (await once(child, event)) as [Exit['code'], Exit['signal']];
  return { code, signal };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL');
}
