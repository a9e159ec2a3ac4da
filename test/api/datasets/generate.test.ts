/** POST /v1/datasets/generate: points in a shape become a dataset like any other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeIn } from '../../../src/data/versions/take-in.js';
import { openService, type TestService } from '../service.js';
import { train } from '../trained.js';

let service: TestService;

beforeAll(async () => {
  service = await openService();
});
afterAll(() => service.stop());

const generate = (body: object) => service.http.post('/v1/datasets/generate').send(body);

async function readAll(): Promise<void> {
  for (const id of service.uploads) await takeIn(service.storage, id, { mostIdxBytes: 2 ** 20 });
}

describe('a generated dataset', () => {
  it('has the columns x, y and label, and label is what jobs learn', async () => {
    const { headers } = await generate({ shape: 'moons', rows: 120, noise: 0.1, seed: 1 }).expect(202);
    expect(headers.location).toBe('/v1/datasets/moons/versions/1');
    await readAll();
    const { body } = await service.http.get('/v1/datasets/moons').expect(200);
    expect(body).toMatchObject({
      status: 'ready',
      rows: 120,
      target: ['label'],
      warnings: [],
      columns: [
        { name: 'x', type: 'number' },
        { name: 'y', type: 'number' },
        { name: 'label', type: 'category' },
      ],
    });
  });

  it('is the same version when it is asked for again, and the next one when anything differs', async () => {
    const request = { shape: 'circles', name: 'rings', rows: 60 };
    await generate(request).expect(202);
    await readAll();
    const again = await generate(request).set('Prefer', 'wait=5').expect(200);
    expect(again.body).toMatchObject({ name: 'rings', version: 1 });
    expect((await generate({ ...request, seed: 1 }).expect(202)).body).toMatchObject({ version: 2 });
  });

  it('can be learnt: a small network tells the moons apart', async () => {
    await generate({ shape: 'moons', name: 'learnt', rows: 300 }).expect(202);
    await readAll();
    const job = await train(service, { dataset: 'learnt', epochs: 20, engine: 'wasm' });
    expect(job.metrics?.test_accuracy).toBeGreaterThan(0.9);
  });
});

describe('a request that cannot be met', () => {
  it.each([
    [{ shape: 'star' }, 'INVALID_REQUEST', '/shape'],
    [{}, 'INVALID_REQUEST', '/shape'],
    [{ shape: 'moons', name: 'My Moons' }, 'INVALID_REQUEST', '/name'],
    [{ shape: 'moons', rows: 9 }, 'INVALID_REQUEST', '/rows'],
    [{ shape: 'moons', noise: -1 }, 'INVALID_REQUEST', '/noise'],
    [{ shape: 'moons', turns: 3 }, 'INVALID_REQUEST', '/turns'],
  ])('%j is refused, and the answer says where', async (body, code, pointer) => {
    expect((await generate(body).expect(400)).body).toMatchObject({ code, pointer });
  });

  it('does not take the name of a dataset that is built in', async () => {
    const { body } = await generate({ shape: 'moons', name: 'mnist' });
    expect(body).toMatchObject({ code: 'DATASET_NAME_TAKEN' });
  });

  it('leaves nothing behind when the points are more than the service takes', async () => {
    const before = await service.storage.list('uploads');
    const { body } = await generate({ shape: 'moons', rows: 100_000 }).expect(413);
    expect(body).toMatchObject({ code: 'DATASET_TOO_LARGE' });
    expect(await service.storage.list('uploads')).toEqual(before);
  });
});
