import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import { pino } from 'pino';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { buildWorkerApp } from '../../src/api/worker-app.js';
import { openEmbeddedQueue } from '../../src/jobs/queue/embedded.js';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { parseExposition, valueOf } from '../telemetry/exposition.js';
import { ofKind, readKustomization, repository, withChange, type Manifest } from './manifests.js';
import { exampleSecret, podFaultsOf } from './pods.js';
import { referenceFaultsOf } from './references.js';
import { schemaFaultsOf } from './schemas.js';

const deploy = join(repository, 'deploy/kubernetes');
const log = pino({}, { write: () => undefined });

function faultsOf(documents: Manifest[]): string[] {
  return [
    ...documents.flatMap((document) => schemaFaultsOf(document)),
    ...podFaultsOf(documents),
    ...referenceFaultsOf(documents),
  ];
}

/** All documents: the overlay includes the base. */
let gpu: Manifest[];
beforeAll(async () => {
  gpu = await readKustomization(join(deploy, 'overlays/gpu'));
});

test.each(['base', 'overlays/gpu'])('deploy/kubernetes/%s has no faults', async (folder) => {
  expect(faultsOf(await readKustomization(join(deploy, folder)))).toEqual([]);
});

/* eslint-disable @typescript-eslint/no-unsafe-member-access -- the mistakes are made in documents of any kind */
describe('a mistake is found:', () => {
  const api: [string, string] = ['Deployment', 'trainyard-api'];
  const worker: [string, string] = ['Deployment', 'trainyard-worker'];
  const scaler: [string, string] = ['ScaledObject', 'trainyard-worker-gpu'];

  test.each<[string, [string, string], Parameters<typeof withChange>[2], string]>([
    ['an unknown field', api, (d) => (d.spec.minReadySecond = 1), 'unknown field /spec/minReadySecond'],
    [
      'an unknown nested field',
      api,
      (d) => (d.spec.template.spec.containers[0].readinessProbe.timeoutSecond = 1),
      'unknown field /spec/template/spec/containers/0/readinessProbe/timeoutSecond',
    ],
    ['a field of a wrong type', worker, (d) => (d.spec.minReadySeconds = 'one'), 'must be integer'],
    ['a field that is missing', worker, (d) => delete d.spec.selector, 'selector'],
    [
      "an unknown field of KEDA's",
      scaler,
      (d) => (d.spec.maxReplicas = 4),
      'unknown field /spec/maxReplicas',
    ],
    ["a wrong type of KEDA's", scaler, (d) => (d.spec.minReplicaCount = '0'), 'must be integer'],
    [
      'a modifier of a wrong type',
      scaler,
      (d) => (d.spec.advanced.scalingModifiers.target = 1),
      'wrong type of /spec/advanced/scalingModifiers/target',
    ],
    [
      'an unknown modifier',
      scaler,
      (d) => (d.spec.advanced.scalingModifiers.targets = '1'),
      'unknown field /spec/advanced/scalingModifiers/targets',
    ],
    [
      'an old API',
      ['HorizontalPodAutoscaler', 'trainyard-api'],
      (d) => (d.apiVersion = 'v1'),
      'no schema of v1',
    ],
    [
      'a selector that selects nothing',
      worker,
      (d) => (d.spec.selector.matchLabels['app.kubernetes.io/component'] = 'workers'),
      'selects the pods of nothing',
    ],
    [
      'a selector that selects all pods',
      ['Service', 'trainyard-api'],
      (d) => delete d.spec.selector['app.kubernetes.io/component'],
      'selects the pods of trainyard-api,trainyard-worker,trainyard-worker-gpu',
    ],
    [
      'a port that does not exist',
      ['Service', 'trainyard-api'],
      (d) => (d.spec.ports[0].targetPort = 3000),
      'no pod has a port 3000',
    ],
    [
      'a setting that does not exist',
      ['ConfigMap', 'trainyard'],
      (d) => (d.data.LOGLEVEL = 'info'),
      'unknown setting LOGLEVEL',
    ],
    [
      'a setting with a wrong value',
      ['ConfigMap', 'trainyard'],
      (d) => (d.data.LOG_FORMAT = 'xml'),
      'LOG_FORMAT must be',
    ],
    ['another port', ['ConfigMap', 'trainyard'], (d) => (d.data.PORT = '8080'), 'listens on another port'],
    [
      'a memory limit above that of the workers',
      ['ConfigMap', 'trainyard'],
      (d) => (d.data.TRAINING_MEMORY_LIMIT_MB = '4096'),
      'has no room for what is accepted',
    ],
    [
      'the role of another container',
      worker,
      (d) => (d.spec.template.spec.containers[0].env[0].value = 'api'),
      'has another role',
    ],
    [
      'a Secret that is not documented',
      worker,
      (d) => (d.spec.template.spec.containers[0].envFrom[1].secretRef.name = 'redis'),
      'needs QUEUE_URL',
    ],
    [
      'a ConfigMap that does not exist',
      worker,
      (d) => (d.spec.template.spec.containers[0].envFrom[0].configMapRef.name = 'settings'),
      'there is no ConfigMap settings',
    ],
    [
      'a probe of a route that does not exist',
      worker,
      (d) => (d.spec.template.spec.containers[0].livenessProbe.httpGet.path = '/health/alive'),
      'a probe asks for /health/alive',
    ],
    [
      'a volume that is not mounted',
      api,
      (d) => (d.spec.template.spec.containers[0].volumeMounts.length = 1),
      'mounts other volumes than it has',
    ],
    [
      'an unknown image',
      api,
      (d) => (d.spec.template.spec.containers[0].image = 'trainyard-web:0.1.0'),
      'no image of the Dockerfile',
    ],
    [
      'a writable root',
      worker,
      (d) => (d.spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem = false),
      'can write to its root',
    ],
    [
      'too little time to stop',
      api,
      (d) => (d.spec.template.spec.terminationGracePeriodSeconds = 15),
      'is killed before it has stopped',
    ],
    ['replicas beside an autoscaler', worker, (d) => (d.spec.replicas = 2), 'says how many there are'],
    [
      'a target that does not exist',
      scaler,
      (d) => (d.spec.scaleTargetRef.name = 'worker-gpu'),
      'are scaled, not',
    ],
    [
      'a sum of other triggers',
      scaler,
      (d) => (d.spec.triggers[0].name = 'queued'),
      'adds waiting + active of queued,active',
    ],
    [
      'metrics of another Service',
      scaler,
      (d) => (d.spec.triggers[0].metadata.url = 'http://trainyard.trainyard.svc/metrics'),
      'nothing at trainyard.trainyard.svc',
    ],
    [
      'a key that does not exist',
      scaler,
      (d) => (d.spec.triggers[1].authenticationRef.name = 'trainyard'),
      'has no key',
    ],
  ])('%s', (_, place, change, fault) => {
    expect(faultsOf(withChange(gpu, place, change)).join('\n')).toContain(fault);
  });
});
/* eslint-enable */

test('workers scale with the number of waiting and active jobs', async () => {
  const folder = await temporaryFolder();
  const queues = await openEmbeddedQueue(folder, log);
  onTestFinished(() => queues.close());
  for (const id of ['job_1', 'job_2', 'job_3']) await queues.training.add(id);
  await new Promise<void>((taken) => {
    const worker = queues.training.work(
      async (_, signal) => {
        taken();
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        return { outcome: 'hand_back' };
      },
      { concurrency: 1 },
    );
    onTestFinished(() => worker.close());
  });
  const { text } = await createPrometheusMetrics({ queueCounts: () => queues.counts() }).render();
  const families = parseExposition(text);

  const [scaler] = ofKind<IScaledObject>(gpu, 'ScaledObject');
  const values = scaler.spec.triggers.map(({ metadata }) => {
    const [, name = '', labels = ''] = /^(\w+)\{(.+)\}$/.exec(metadata.valueLocation) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]+)"/g)].map(([, label, value]) => [label, value]);
    return valueOf(families, name, Object.fromEntries(pairs) as Record<string, string>);
  });
  expect(values).toEqual([2, 1]);
});

test('a worker answers its probes', async () => {
  const works = (): Promise<void> => Promise.resolve();
  const metrics = createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });
  const app = await buildWorkerApp({ log, metrics, checks: { queue: works, storage: works } });
  onTestFinished(() => app.close());
  const workers = ofKind<IDeployment>(gpu, 'Deployment').filter(({ metadata }) =>
    metadata.name.includes('worker'),
  );
  const paths = workers
    .flatMap(({ spec }) => spec?.template.spec?.containers ?? [])
    .flatMap(({ startupProbe, livenessProbe, readinessProbe }) => [
      startupProbe,
      livenessProbe,
      readinessProbe,
    ])
    .map((probe) => probe?.httpGet?.path ?? '');
  expect(paths).toHaveLength(6);
  for (const url of paths) expect((await app.inject({ url })).statusCode).toBe(200);
});

test('the job for the first key creates a key', async () => {
  const [{ spec }] = ofKind<ICronJob>(gpu, 'CronJob');
  expect(spec?.suspend).toBe(true);
  const [command, ...args] = spec?.jobTemplate.spec?.template.spec?.containers[0].args ?? [];
  expect(command).toBe('node');
  const env = { ...process.env, DATA_DIR: await temporaryFolder() };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository, env });
  expect(stdout).toMatch(/^ty_\w+_\S+\n$/);
});

test('the Secrets that a user must create are documented', async () => {
  const text = await readFile(join(repository, 'docs/kubernetes.md'), 'utf8');
  for (const name of ['trainyard', 'trainyard-metrics-key']) {
    expect(text).toContain(`kubectl create secret generic ${name} `);
  }
  for (const name of Object.keys(exampleSecret)) expect(text).toContain(`\`${name}\``);
});
