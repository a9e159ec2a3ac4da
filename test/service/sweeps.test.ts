/** Whole sweeps on the built service, with one and with three jobs trained at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Sweep, Trial } from '../../src/jobs/sweeps/sweep.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { startService, type Service } from './service.js';

const search = {
  job: { dataset: 'sides', target: 'side', epochs: 4, network: { hidden: [{ units: 8 }] }, engine: 'wasm' },
  parameters: {
    'optimizer.learning_rate': { min: 0.001, max: 1, scale: 'log' },
    batch_size: { values: [16, 32, 64] },
  },
  metric: 'accuracy',
  max_trials: 8,
  parallel: 3,
  early_stop: { type: 'asha', min_epochs: 1, factor: 2 },
};

/** 300 points, and on which side of a line they lie. */
const sides = ['x,y,side', ...Array.from({ length: 300 }, (_, row) => pointOf(row))].join('\n');

function pointOf(row: number): string {
  const [x, y] = [((row * 37) % 100) / 50 - 1, ((row * 61) % 97) / 48 - 1];
  return `${x},${y.toFixed(4)},${x + y > 0.1 ? 'right' : 'left'}`;
}

async function sweepWhen({ http }: Service, id: string, isSo: (sweep: Sweep) => boolean): Promise<Sweep> {
  for (;;) {
    const sweep = (await http.get(`/v1/sweeps/${id}`).expect(200)).body as Sweep;
    if (isSo(sweep)) return sweep;
    if (sweep.finished_at !== null) throw new Error(`The sweep ended: ${JSON.stringify(sweep, null, 2)}`);
    await sleep(100);
  }
}

async function trialsOf({ http }: Service, id: string): Promise<Trial[]> {
  return ((await http.get(`/v1/sweeps/${id}/trials`).expect(200)).body as { data: Trial[] }).data;
}

async function open(concurrency: number): Promise<Service> {
  const service = await startService({
    DATA_DIR: await temporaryFolder(),
    WORKER_CONCURRENCY: String(concurrency),
  });
  const upload = service.http.post('/v1/datasets?name=sides').set('prefer', 'wait=60').type('text/csv');
  await upload.send(sides).expect(201);
  return service;
}

test('the same seed tries the same with one worker and with three, and publishes the same network', async () => {
  const ends = [];
  for (const concurrency of [1, 3]) {
    const service = await open(concurrency);
    const created = await service.http.post('/v1/sweeps').send(search).expect(202);
    const { id } = created.body as Sweep;
    expect(created.headers.location).toBe(`/v1/sweeps/${id}`);
    const sweep = await sweepWhen(service, id, ({ status }) => status === 'succeeded');
    const trials = (await trialsOf(service, id)).map(({ trial, status, parameters, value, rungs }) => {
      return { trial, status, parameters, value, rungs };
    });
    const version = await service.http.get(`/v1/models/sides/versions/${sweep.version}`).expect(200);
    const jobs = await service.http.get(`/v1/jobs?sweep_id=${id}`).expect(200);
    expect((jobs.body as { data: unknown[] }).data).toHaveLength(9);
    ends.push({ trials, file: (version.body as { file: object }).file });
    await service.end('SIGTERM');
  }
  expect(ends[0].trials).toHaveLength(8);
  expect(ends[1]).toEqual(ends[0]);
});
