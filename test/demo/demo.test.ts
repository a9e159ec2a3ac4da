import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createKeyStore } from '../../src/keys/key-store.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { until } from '../jobs/queue/conformance.js';
import { jobWhen, startService } from '../service/service.js';
import { temporaryFolder } from '../storage/temporary-storage.js';

function startDemo(data: string) {
  const demo = spawn(process.execPath, [fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url))], {
    env: { DATA_DIR: data },
  });
  onTestFinished(() => void demo.kill('SIGINT'));
  const output = { out: '', err: '' };
  demo.stdout.on('data', (chunk) => (output.out += String(chunk)));
  demo.stderr.on('data', (chunk) => (output.err += String(chunk)));
  const ended = once(demo, 'close').then(([code]) => code as number | null);
  return { demo, output, ended };
}

test('the demo learns MNIST, says how well, draws digits with their answers, and leaves the model', async () => {
  const data = await temporaryFolder();
  const { output, ended } = startDemo(data);
  expect(await ended).toBe(0);
  expect(output.err).toBe('');
  expect(output.out).toMatch(/^Test accuracy: 9[78]\.\d\d%$/m);
  expect(output.out.match(/a \d; \/predict says \d \(\d+\.\d %\)/g)).toHaveLength(4);
  const { http } = await startService({ DATA_DIR: data });
  await http.get('/v1/models/mnist-mlp').expect(200);
});

test('the demo submits the reference job, shows how far it is, and keeps it when it is interrupted', async () => {
  const data = await temporaryFolder();
  const { demo, output, ended } = startDemo(data);
  await until(() => /^Epoch 1 of 5: training loss .* test accuracy \d+\.\d\d%$/m.test(output.out));
  demo.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(output.err).toBe('');
  expect(output.out).toContain('goes on from its checkpoint');

  const service = await startService({ DATA_DIR: data });
  const id = /job_[0-9A-Z]{26}/.exec(output.out)?.[0] ?? '';
  const job = await jobWhen(service, id, ({ attempts }) => attempts === 2);
  expect(job).toMatchObject({
    model: 'mnist-mlp',
    spec: { epochs: 5, network: { hidden: [{ units: 256 }] } },
  });
});

test('the demo takes the service along when nobody reads its output any more', async () => {
  const data = await temporaryFolder();
  const { demo, output, ended } = startDemo(data);
  await until(() => output.out.includes('POST /v1/jobs'));
  demo.stdout.destroy();
  expect(await ended).toBe(130);
  // Which only one process can have open.
  await startService({ DATA_DIR: data });
});

test('the demo says why, and fails, when the data folder is in use', async () => {
  const data = await temporaryFolder();
  await startService({ DATA_DIR: data });
  const { output, ended } = startDemo(data);
  expect(await ended).toBe(1);
  expect(output.err).toMatch(/Another Trainyard process has .* open/);
});

test('the demo says what to do, and fails, when the data folder has keys', async () => {
  const data = await temporaryFolder();
  const store = createKeyStore(await createFileStorage(data));
  await store.create(
    { name: 'web', scopes: ['train'], requestsPerMinute: null, expiresAt: null },
    new Date(),
  );
  const { output, ended } = startDemo(data);
  expect(await ended).toBe(1);
  expect(output.err).toContain('DATA_DIR=demo-data npm run demo');
});
