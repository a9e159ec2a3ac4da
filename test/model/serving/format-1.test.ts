/** Models of format 1, as an older Trainyard published them. */
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { createAliases } from '../../../src/model/registry/aliases.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import { createModelServer } from '../../../src/model/serving/model-server.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { expectClose } from '../engines/close.js';
import { predict } from './predict.js';
import { createRecordingLog } from './recording-log.js';

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Version 1 was trained with `cross_entropy`, version 2 with `mse` on one-hot classes. */
const heads = [
  { kind: 'classes', labels: digits, probabilities: 'softmax' },
  { kind: 'classes', labels: digits, probabilities: 'nearest_distribution' },
];

const inputs = [Array.from({ length: 784 }, (_, i) => (7 * i) % 256)];

/** What the older Trainyard answered for `inputs`, with each version. */
const probabilities = [
  [
    0.35980871319770813, 0.034998949617147446, 0.32707321643829346, 0.04620828852057457, 0.0356595441699028,
    0.04317186772823334, 0.036364734172821045, 0.050214171409606934, 0.038062479346990585,
    0.02843804471194744,
  ],
  [0, 0, 0, 0, 0, 0, 0.41591694951057434, 0, 0, 0.584083080291748],
];

async function setUp() {
  const folder = await temporaryFolder();
  await cp(fileURLToPath(new URL('../../fixtures/format-1', import.meta.url)), folder, { recursive: true });
  const storage = await createFileStorage(folder);
  const { log, warnings } = createRecordingLog();
  const registry = createRegistry(storage, log);
  return { registry, aliases: createAliases({ storage, registry }), log, warnings };
}

test('its versions are listed with their heads, and upgraded to format 2', async () => {
  const { registry, warnings } = await setUp();
  expect(await registry.names()).toEqual(['digits']);
  const manifests = await registry.versions('digits');
  expect(manifests).toMatchObject([
    { format_version: 2, version: 1, head: heads[0], network: { outputs: 10 }, parameters: 2395 },
    { format_version: 2, version: 2, head: heads[1], network: { outputs: 10 }, parameters: 2395 },
  ]);
  expect(manifests[0]).not.toHaveProperty('labels');
  expect(warnings).toEqual([]);
});

test('its model files have the heads that the manifests name', async () => {
  const { registry } = await setUp();
  for (const [index, head] of heads.entries()) {
    const { manifest, description } = await registry.load('digits', index + 1);
    expect(description.head).toEqual(head);
    expect(description.network).toEqual(manifest.network);
  }
});

test('its versions answer as they always did, by number and by alias', async () => {
  const { registry, aliases, log } = await setUp();
  const server = createModelServer({ registry, aliases, engine: createReferenceEngine(), log });
  onTestFinished(() => server.stop());
  await server.start();
  for (const choice of [{ version: 1 }, { version: 2 }, { alias: 'stable' }, {}]) {
    const answer = await predict(server, { inputs, ...choice });
    expect(answer.version).toBe(choice.version ?? (choice.alias === 'stable' ? 1 : 2));
    const [prediction] = answer.predictions;
    const expected = probabilities[answer.version - 1];
    expectClose('probabilities', prediction.probabilities, expected, { absolute: 1e-6, relative: 0 });
    expect(prediction.label).toBe(answer.version === 1 ? '0' : '9');
  }
});
