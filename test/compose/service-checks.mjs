/** Checks the service from outside, over the published port. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import { PNG } from 'pngjs';
import { testDigits } from './client.mjs';
import { docker, repository } from './docker.mjs';
import { eventually } from './eventually.mjs';
import { hasItsInstructions } from './image-checks.mjs';
import { checkMonitoringWithKeys } from './monitoring-checks.mjs';
import { check, mustHold, section } from './report.mjs';

const digits = 200;
const soon = { withinMs: 10_000 };

export async function checkService(stack, client) {
  section('The stack');
  await mustHold('api, worker and redis come up healthy', async () => {
    await stack.compose(['up', '-d']);
    for (const service of ['redis', 'api', 'worker']) await stack.healthy(service);
  });
  await check('only the API is published, on loopback', () => publishesOnlyTheApi(stack));
  await check('each container runs on a read-only root, without capabilities', () => isHardened(stack));
  await check('each container has its limit of memory', async () => {
    for (const service of ['api', 'worker', 'redis']) {
      const [id] = await stack.containers(service);
      assert.ok(Number(await docker(['inspect', '-f', '{{.HostConfig.Memory}}', id])) > 0, service);
    }
  });

  await check('it refuses who asks by the name of a site that leads here', async () => {
    // fetch does not allow setting the Host header.
    const [answer] = await once(
      get(`${client.url}/v1/jobs`, { headers: { host: 'evil.example' } }),
      'response',
    );
    assert.equal((await json(answer)).code, 'ORIGIN_REFUSED');
  });

  section('The service, from outside');
  let job;
  await mustHold('POST /v1/jobs without a body trains the reference network', async () => {
    const { id } = await client.submit(undefined);
    job = await client.succeeded(id);
    assert.ok(job.metrics.test_accuracy >= 0.97, `accuracy ${job.metrics.test_accuracy}`);
    await client.served(job);
    return `test accuracy ${(100 * job.metrics.test_accuracy).toFixed(2)} %`;
  });
  await check('the native engine trained it, where the processor has its instructions', async () => {
    assert.equal(job.engine.name, (await hasItsInstructions()) ? 'native' : 'wasm');
    return job.engine.device;
  });
  await checkPredictions(client, job);
  await checkJobs(client, job);
  await check('the API describes itself as openapi.json says', async () => {
    const wanted = JSON.parse(await readFile(`${repository}/openapi/openapi.json`, 'utf8'));
    assert.deepEqual(await client.get('/openapi.json'), wanted);
    assert.match(String(await client.get('/docs/')), /swagger/i);
  });
  await check('API and worker each serve their metrics', async () => {
    const api = String(await client.get('/metrics'));
    assert.match(api, /^trainyard_queue_up 1$/m);
    assert.match(api, /^trainyard_predictions_total\{.*outcome="answered".*\} \d+$/m);
    const script = "fetch('http://127.0.0.1:3000/metrics').then((a) => a.text()).then(console.log)";
    const worker = await stack.inside('worker', ['node', '-e', script]);
    assert.match(worker, /^trainyard_jobs_total\{status="succeeded"\} \d+$/m);
  });
}

async function checkPredictions(client, { model, version }) {
  const { pictures, labels } = await testDigits(digits);
  const inputs = pictures.map((bytes) => [...bytes]);
  await check(`/predict reads ${digits} test digits`, async () => {
    const answer = await client.post('/predict', { model, inputs });
    assert.equal(answer.version, version);
    const right = answer.predictions.filter(({ label }, i) => label === labels[i]).length;
    assert.ok(right >= 0.95 * digits, `${right} of ${digits}`);
    return `${right} right`;
  });
  await check('/predict reads a PNG', async () => {
    const png = new PNG({ width: 28, height: 28 });
    pictures[0].forEach((grey, i) => png.data.set([grey, grey, grey, 255], 4 * i));
    const headers = { 'content-type': 'image/png' };
    const { predictions } = await client.post('/predict', PNG.sync.write(png), { headers });
    assert.equal(predictions[0].label, labels[0]);
  });
  await check(
    'the Open Inference Protocol and TensorFlow Serving give the same numbers as /predict',
    async () => {
      const [{ probabilities }] = (await client.post('/predict', { model, inputs: inputs.slice(0, 1) }))
        .predictions;
      const tensor = { name: 'input', shape: [1, 784], datatype: 'FP32', data: inputs[0] };
      const { inputs: described } = await client.get(`/v2/models/${model}`);
      const infer = await client.post(`/v2/models/${model}/infer`, {
        inputs: [{ ...tensor, name: described[0].name }],
      });
      assert.deepEqual(infer.outputs.find(({ name }) => name === 'probabilities').data, probabilities);
      const served = await client.post(`/v1/models/${model}:predict`, { instances: [inputs[0]] });
      assert.deepEqual(served.predictions[0], probabilities);
    },
  );
}

async function checkJobs(client, { id, model, version }) {
  const long = { epochs: 1000, model: 'meddled' };
  await check("a version's file is the one that its manifest names", async () => {
    const { file } = await client.get(`/v1/models/${model}/versions/${version}`);
    assert.equal(await client.fileOf({ model, version }), file.sha256);
  });
  await check('a wrong field is refused with its pointer', async () => {
    const problem = await client.post('/v1/jobs', { epochs: 0 }, { status: 400 });
    assert.equal(problem.pointer, '/epochs');
  });
  await check('the events of a job are told to their end', async () => {
    const headers = { accept: 'text/event-stream' };
    const events = String(await client.get(`/v1/jobs/${id}/events`, { headers }));
    assert.match(events, /^event: metrics$/m);
    assert.match(events.trim().split('\n\n').at(-1), /^event: done$/m);
  });
  await check('a job is paused, resumed and cancelled', async () => {
    const job = await client.submit(long);
    await client.jobWhen(job.id, ({ progress }) => progress.step > 0);
    await client.post(`/v1/jobs/${job.id}/pause`);
    await client.jobWhen(job.id, ({ status }) => status === 'paused');
    await client.post(`/v1/jobs/${job.id}/resume`);
    await client.jobWhen(job.id, ({ status, attempts }) => status === 'running' && attempts === 2);
    await client.post(`/v1/jobs/${job.id}/cancel`);
    await client.jobWhen(job.id, ({ status }) => status === 'cancelled');
  });
  await check('a request that is sent twice with one Idempotency-Key makes one job', async () => {
    const headers = { 'idempotency-key': 'twice' };
    const job = { epochs: 1, network: { hidden: [] }, model: 'twice' };
    const first = await client.post('/v1/jobs', job, { headers, status: 202 });
    const again = await client.post('/v1/jobs', job, { headers, status: 202 });
    assert.equal(again.id, first.id);
    await client.succeeded(first.id);
  });
}

/** Must run last: once there are keys, the service stays closed to everyone else. */
export async function checkKeys(stack, client, workers) {
  section('Keys');
  const keys = (...args) => stack.inside('api', ['node', 'dist/keys/main.js', ...args]);
  const createKey = (scope) => keys('create', '--name', 'test', '--scope', scope);
  await check('a key made in the api container opens the service, and closes it to all others', async () => {
    const key = await createKey('admin');
    await eventually(() => client.get('/v1/jobs', { status: 401 }), soon);
    await client.get('/v1/jobs', { headers: { authorization: `Bearer ${key}` } });
    const [, id] = key.split('_');
    await keys('revoke', id);
    await eventually(
      () => client.get('/v1/jobs', { headers: { authorization: `Bearer ${key}` }, status: 401 }),
      soon,
    );
  });
  await checkMonitoringWithKeys(stack, workers, createKey);
}

async function publishesOnlyTheApi(stack) {
  const published = async (service) => {
    const [id] = await stack.containers(service);
    const ports = JSON.parse(await docker(['inspect', '-f', '{{json .NetworkSettings.Ports}}', id]));
    return Object.values(ports).flatMap((each) => each ?? []);
  };
  assert.deepEqual(
    (await published('api')).map(({ HostIp }) => HostIp),
    ['127.0.0.1'],
  );
  for (const service of ['worker', 'redis']) assert.deepEqual(await published(service), []);
}

async function isHardened(stack) {
  const script =
    'touch /x 2>/dev/null && echo wrote; sed -n "s/^\\(CapEff\\|CapBnd\\|NoNewPrivs\\):\\s*//p" /proc/1/status; id -u';
  for (const service of ['api', 'worker', 'redis']) {
    const [bounding, effective, noNewPrivileges, user] = await Promise.all([
      ...(await stack.inside(service, ['sh', '-c', script])).split('\n'),
    ]);
    assert.deepEqual(
      [Number(`0x${bounding}`), Number(`0x${effective}`), noNewPrivileges],
      [0, 0, '1'],
      service,
    );
    assert.notEqual(user, '0', service);
  }
}
