/** What can be had of a job's checkpoints: their model files, and predictions from them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../../../src/model/files/checkpoint.js';
import { decodeModelFile } from '../../../src/model/files/model-file.js';
import type { CheckpointList, Job } from '../../../src/jobs/views/job.js';
import { smallDescription, stateAt } from '../../model/small-model.js';
import { submit } from '../runs.js';
import { openService, type TestService } from '../service.js';
import { train, upload } from '../trained.js';

interface Predictions {
  step: number;
  predictions: { label: string; probabilities: number[]; network_inputs?: number[] }[];
  warnings?: { code: string }[];
}

const rows = [
  { x: 0.4, y: -0.3 },
  { x: -1, y: 2 },
];
const table = Array.from({ length: 120 }, (_, row) => {
  const [x, y] = [Math.sin(row), Math.cos(row * 1.7)];
  return `${x.toFixed(3)},${y.toFixed(3)},${x * y > 0 ? 'a' : 'b'}`;
});

let service: TestService;
let job: Job;

beforeAll(async () => {
  service = await openService();
  await upload(service, 'points', ['x,y,label', ...table].join('\n'));
  job = await train(service, {
    dataset: 'points',
    target: 'label',
    preset: 'plain',
    encoding: 'standard',
    network: { hidden: [{ units: 4, activation: 'tanh' }] },
    epochs: 3,
    publish: 'final',
    checkpoint: { every_steps: 1, keep: 100 },
    engine: 'reference',
  });
});
afterAll(() => service.stop());

const place = (step: number | string, id = job.id) => `/v1/jobs/${id}/checkpoints/${step}`;

async function ask(step: number | string, body: object): Promise<Predictions> {
  return (
    await service.http
      .post(`${place(step)}/predict`)
      .send(body)
      .expect(200)
  ).body as Predictions;
}

describe('the model file of a checkpoint', () => {
  it('is a file like that of a version, and the newest one is that of the published version', async () => {
    const { body, headers } = await service.http.get(`${place('latest')}/model.safetensors`).expect(200);
    const version = await service.http.get(`/v1/models/points/versions/${job.version}/model.safetensors`);
    const parametersIn = (file: unknown) => decodeModelFile(file as Buffer).parameters;
    expect(parametersIn(body)).toEqual(parametersIn(version.body));
    expect(headers.etag).toBe(
      `"${createHash('sha256')
        .update(body as Buffer)
        .digest('hex')}"`,
    );
    expect(headers['x-step']).toBe(String(job.metrics?.step));
  });

  it('is there for every checkpoint that is listed, and each step learnt something', async () => {
    const { body } = await service.http.get(`/v1/jobs/${job.id}/checkpoints`).expect(200);
    const steps = (body as CheckpointList).data.map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(5);
    const digests = new Set<string>();
    for (const step of steps) {
      const { headers } = await service.http.get(`${place(step)}/model.safetensors`).expect(200);
      digests.add(headers.etag);
    }
    expect(digests.size).toBe(steps.length);
  });

  it('is not sent again to a client that has it', async () => {
    const { headers } = await service.http.get(`${place('latest')}/model.safetensors`);
    const again = service.http.get(`${place('latest')}/model.safetensors`);
    await again.set('If-None-Match', headers.etag).expect(304);
  });
});

describe('a prediction from a checkpoint', () => {
  it('is, of the last one, what the version answers', async () => {
    const { predictions } = await ask('latest', { inputs: rows });
    const version = await service.http.post('/predict').send({ model: 'points', inputs: rows }).expect(200);
    expect(predictions).toEqual((version.body as Predictions).predictions);
  });

  it('is, of an earlier one, what was known by then', async () => {
    const [early, late] = [await ask(1, { inputs: rows }), await ask('latest', { inputs: rows })];
    expect(early.step).toBe(1);
    expect(early.predictions).not.toEqual(late.predictions);
  });

  it('gives with network_inputs what the network gets, from which its file makes the same probabilities', async () => {
    const { predictions } = await ask(2, { inputs: rows, network_inputs: true });
    const { body } = await service.http.get(`${place(2)}/model.safetensors`);
    const { parameters } = decodeModelFile(body as Buffer);
    const layer = (name: string, inputs: readonly number[]) =>
      Array.from(parameters.get(`${name}.bias`)?.data ?? [], (bias, unit) => {
        const weights = parameters.get(`${name}.weight`)?.data.subarray(unit * inputs.length);
        return inputs.reduce((sum, input, i) => sum + input * (weights?.[i] ?? NaN), bias);
      });
    for (const { network_inputs: inputs = [], probabilities } of predictions) {
      expect(inputs).toHaveLength(2);
      const outputs = layer('fc2', layer('fc1', inputs).map(Math.tanh)).map(Math.exp);
      const sum = outputs.reduce((total, each) => total + each, 0);
      probabilities.forEach((each, c) => expect(each).toBeCloseTo((outputs[c] ?? NaN) / sum, 5));
    }
  });

  it('warns of odd rows, and refuses what it cannot read, like any prediction', async () => {
    expect((await ask('latest', { inputs: [{ x: 500, y: 0 }] })).warnings).toMatchObject([
      { code: 'OUT_OF_RANGE' },
    ]);
    const { body } = await service.http
      .post(`${place('latest')}/predict`)
      .send({ inputs: [{ x: 'left', y: 0 }] })
      .expect(400);
    expect(body).toMatchObject({ code: 'INVALID_REQUEST', pointer: '/inputs/0/x' });
    await service.http
      .post(`${place('latest')}/predict`)
      .send({ inputs: rows, model: 'points' })
      .expect(400);
  });

  it('can be made of bytes, where the network takes numbers', async () => {
    const { id } = await submit(service);
    const checkpoint = {
      description: smallDescription,
      state: stateAt(7),
      metrics: [],
      term: 1,
      now: new Date(0),
    };
    const position = { samples: 0, weight_sum: 0, loss_sum: 0, metric_sum: 0 };
    await writeCheckpoint(service.storage, service.store.checkpointsOf(id), { ...checkpoint, position });
    const { inputs } = smallDescription.network;
    const { body } = await service.http
      .post(`${place('latest', id)}/predict?dtype=uint8&network_inputs=true`)
      .type('application/octet-stream')
      .send(Buffer.alloc(inputs, 3))
      .expect(200);
    expect((body as Predictions).step).toBe(7);
    expect((body as Predictions).predictions[0]?.network_inputs).toEqual(new Array(inputs).fill(3));
  });
});

describe('a checkpoint that is not there', () => {
  it('is 404, and the answer says why', async () => {
    const { id } = await submit(service);
    for (const [step, said] of [
      ['latest', 'no checkpoint yet'],
      [4, 'no checkpoint of step 4'],
    ] as const) {
      const file = await service.http.get(`${place(step, id)}/model.safetensors`).expect(404);
      const { body } = await service.http
        .post(`${place(step, id)}/predict`)
        .send({ inputs: rows })
        .expect(404);
      for (const each of [file.body, body]) {
        expect(each).toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
        expect((each as { detail: string }).detail).toContain(said);
      }
    }
    const unknown = place('latest', 'job_00000000000000000000000000');
    const { body } = await service.http.get(`${unknown}/model.safetensors`).expect(404);
    expect(body).toMatchObject({ code: 'JOB_NOT_FOUND' });
    await service.http.get(`${place('newest')}/model.safetensors`).expect(400);
  });
});
