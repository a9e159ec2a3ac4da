/** What an operator sees of the process and of what it stands on. */
import { expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { startService } from '../service.js';

test('the system shows its queues, engines, storage, counts and checks', async () => {
  const { http, storage, publishDigits } = await startService();
  await publishDigits();
  for (const epochs of [1, 2]) await http.post('/v1/jobs').send({ epochs }).expect(202);
  const { body } = await http.get('/v1/system').expect(200);
  expect(body).toMatchObject({
    role: 'all',
    node: process.version,
    queue: { queues: [] },
    engines: [{ name: 'reference', installed: true, predicts: true, device: 'cpu', reason: null }],
    storage: { place: storage.description },
    jobs: { queued: 2 },
    damaged_jobs: 0,
    datasets: 1,
    models: 1,
    checks: [
      { name: 'storage', status: 'ok', reason: null },
      { name: 'models', status: 'ok', reason: null },
    ],
    warnings: [],
  });
});

test('while the queue is away, the rest is shown with the reason', async () => {
  const away = new TrainyardError('QUEUE_UNAVAILABLE', 'The queue does not answer: Redis at cache');
  const { http } = await startService({
    checks: { queue: () => Promise.reject(away) },
    installation: {
      role: 'api',
      startedAt: new Date(0),
      threads: 3,
      queue: { description: 'Redis at cache', counts: () => Promise.reject(away) },
      storage: { description: 's3://bucket', space: () => Promise.resolve(null) },
      engines: [{ name: 'native', installed: false, reason: 'there is no compiler' }],
      predictsWith: { name: 'wasm', device: '2 threads' },
      hasQueueBoard: true,
    },
  });
  const { body } = await http.get('/v1/system').expect(200);
  expect(body).toMatchObject({
    started_at: '1970-01-01T00:00:00.000Z',
    queue: { place: 'Redis at cache', queues: null },
    engines: [
      { name: 'native', installed: false, predicts: false, device: null, reason: 'there is no compiler' },
    ],
    storage: { place: 's3://bucket', free_bytes: null },
    checks: [{ name: 'queue', status: 'failed', reason: away.message }],
    queue_board: true,
  });
});
