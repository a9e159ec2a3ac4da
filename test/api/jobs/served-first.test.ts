/** These services never look for versions by themselves: what they serve is what a client has heard of. */
import { expect, onTestFinished, test } from 'vitest';
import { encodeModelFile } from '../../../src/model/files/model-file.js';
import { describedAs, parametersOf } from '../../model/small-model.js';
import { end, submit, takeUp } from '../runs.js';
import { startService, type TestService } from '../service.js';
import { readStream } from './event-reader.js';

const pets = describedAs({ inputs: 2, hidden: [], outputs: 2 }, ['cat', 'dog']);

/** A job that has published a version that the model server has not seen. */
async function succeededJob(service: TestService): Promise<string> {
  const { id } = await submit(service, { model: 'pets' });
  const log = await takeUp(service, id);
  const version = await service.registry.publish({
    model: 'pets',
    runId: id,
    step: 1,
    file: encodeModelFile(pets, parametersOf(pets.network, 1)),
    metrics: null,
    now: new Date('2026-02-03T00:00:00.000Z'),
  });
  await log.append({ type: 'published', version, step: 1 });
  await end(service, id, 'succeeded');
  return id;
}

async function answer(service: TestService): Promise<unknown> {
  return (await service.http.post('/predict').send({ inputs: [[1, 2]] })).body;
}

test('whoever sees that a job has published a version gets predictions of it, also without naming the model', async () => {
  const service = await startService();
  await service.publishDigits();
  const id = await succeededJob(service);
  await service.http.get(`/v1/jobs/${id}`).expect(200);
  expect(await answer(service)).toMatchObject({ model: 'pets', version: 1 });
});

test('so does whoever follows the events of the job', async () => {
  const service = await startService();
  await service.publishDigits();
  const id = await succeededJob(service);
  const reader = await readStream(`${service.url}/v1/jobs/${id}/events`);
  onTestFinished(() => reader.leave());
  await reader.ended;
  expect(await answer(service)).toMatchObject({ model: 'pets', version: 1 });
});
