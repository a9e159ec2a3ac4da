/** A healthy store with one blob of every kind. */
import { pino } from 'pino';
import { endRun } from '../../src/jobs/runs/end-run.js';
import { createIdempotencyKeys } from '../../src/jobs/intake/idempotency.js';
import { logStart } from '../../src/jobs/runs/run-log.js';
import { createRunStore } from '../../src/jobs/runs/run-store.js';
import { createDeliveryLog } from '../../src/jobs/webhooks/delivery-log.js';
import { createKeyStore } from '../../src/keys/key-store.js';
import { createSweepStore } from '../../src/jobs/sweeps/sweep-store.js';
import { createAliases } from '../../src/model/registry/aliases.js';
import { writeCheckpoint } from '../../src/model/files/checkpoint.js';
import { createRegistry } from '../../src/model/registry/registry.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { churn, openScene } from '../data/versions/scene.js';
import { smallSpec } from '../jobs/training/small-mnist.js';
import { smallDescription, smallEvaluation, smallModelFile, stateAt } from '../model/small-model.js';
import { temporaryFolder } from '../storage/temporary-storage.js';

export interface WholeStore {
  folder: string;
  storage: Storage;
  /** The id of a run that has ended, with a checkpoint, an idempotency key and a webhook. */
  ended: string;
  /** The id of a run that is paused. */
  paused: string;
  keyId: string;
  /** One key of each kind of blob, by kind. */
  keys: Record<string, string>;
}

const now = new Date('2026-01-02T03:04:05.678Z');

export async function wholeStore(): Promise<WholeStore> {
  const folder = await temporaryFolder();
  const storage = await createFileStorage(folder);
  const log = pino({ level: 'silent' });
  const store = createRunStore(storage, { now: () => now });
  const spec = { ...(await smallSpec()), idempotency_key: 'once' };
  const ended = await store.create(spec);
  const term = await store.claim(ended);
  const writer = await store.writeEvents(ended, term);
  await writer.append({ type: 'status', status: 'running', attempt: 1 }, { type: 'checkpoint', step: 5 });
  const checkpoint = { description: smallDescription, state: stateAt(5), metrics: [], term, now };
  const position = { samples: 0, weight_sum: 0, loss_sum: 0, metric_sum: 0 };
  await writeCheckpoint(storage, store.checkpointsOf(ended), { ...checkpoint, position });
  await store.decideEnding(ended, 'succeeded');
  await endRun(store, ended, spec, { status: 'succeeded', error: null, now });
  await store.readEvents(ended, logStart);
  await createIdempotencyKeys(storage).remember('once', { run_id: ended, request: { epochs: 3 } });
  const deliveries = createDeliveryLog(storage, log);
  await deliveries.append(ended, {
    event_seq: 4,
    type: 'job.succeeded',
    sent_at: now.toISOString(),
    status_code: 200,
    error: null,
    duration_ms: 1,
    outcome: 'delivered',
    next_attempt_at: null,
  });
  await deliveries.markGone(ended);

  const paused = await store.create(await smallSpec());
  const held = await store.claim(paused);
  const pausedWriter = await store.writeEvents(paused, held);
  await pausedWriter.append({ type: 'status', status: 'running', attempt: 1 });
  await store.askToPause(paused, held);
  await pausedWriter.appendLast({ type: 'status', status: 'paused' });

  const registry = createRegistry(storage, log);
  for (const step of [1, 2, 3]) {
    const file = smallModelFile(step);
    await registry.publish({ model: 'pets', runId: ended, step, file, metrics: null, now });
  }
  await registry.publish({
    model: 'pets',
    runId: ended,
    step: 4,
    file: smallModelFile(4),
    metrics: null,
    evaluation: smallEvaluation,
    held: { reasons: ['It is no better than the commonest class.'] },
    now,
  });
  const aliases = createAliases({ storage, registry });
  await aliases.set('pets', 'latest', 2);
  await registry.remove('pets', 1, () => Promise.resolve(false));
  await registry.setUnloaded('pets', true);

  const keys = createKeyStore(storage);
  const { key } = await keys.create(
    { name: 'web', scopes: ['predict'], requestsPerMinute: null, expiresAt: null },
    now,
  );
  const revoked = await keys.create(
    { name: 'old', scopes: ['predict'], requestsPerMinute: null, expiresAt: null },
    now,
  );
  await keys.revoke(revoked.key.id, now);
  const sweep = await wholeSweep(storage, ended);
  const datasets = openScene(storage);
  await datasets.upload({ file: churn });
  const [upload = ''] = datasets.queue.keys();
  await datasets.readAll();
  const [idempotency = ''] = await storage.list('idempotency');
  return {
    folder,
    storage,
    ended,
    paused,
    keyId: key.id,
    keys: {
      spec: `runs/${ended}/spec.json`,
      result: `runs/${ended}/result.json`,
      ending: `runs/${ended}/ending.json`,
      closing: `runs/${ended}/closing.json`,
      claim: `runs/${ended}/terms/000001.json`,
      'end of a term': `runs/${ended}/terms/000001.end.json`,
      'request to pause': `runs/${paused}/terms/000001.pause.json`,
      events: `runs/${paused}/events/000001.jsonl`,
      'events of an ended job': `runs/${ended}/events/000001.jsonl`,
      'manifest of a checkpoint': `runs/${ended}/checkpoints/step-00000005.000001/manifest.json`,
      'file of a checkpoint': `runs/${ended}/checkpoints/step-00000005.000001/model.safetensors`,
      'attempt of a webhook': `runs/${ended}/webhooks/00000004/0001.json`,
      'receiver that is gone': `runs/${ended}/webhooks/gone.json`,
      'manifest of a version': 'models/pets/versions/000003.json',
      'file of a version': `models/pets/files/${ended}-3.safetensors`,
      'held version': 'models/pets/versions/000004.json',
      'mark of a held version': 'models/pets/held/000004.json',
      evaluation: `models/pets/evaluations/${ended}-4.json`,
      'version that an alias stands for': 'models/pets/versions/000002.json',
      'removed version': 'models/pets/removed/000001.json',
      alias: 'models/pets/aliases/latest.json',
      'unloaded model': 'models/pets/unloaded.json',
      'version of a dataset': 'datasets/churn/versions/000001.json',
      'description of an upload': `uploads/${upload}/upload.json`,
      'file of an upload': `uploads/${upload}/file/000001`,
      'result of reading': `uploads/${upload}/result.json`,
      'schema of a table': `uploads/${upload}/schema.json`,
      'rows of a table': `uploads/${upload}/table/rows/000000`,
      sweep: `sweeps/${sweep}/spec.json`,
      'trial of a sweep': `sweeps/${sweep}/trials/000001.json`,
      'second attempt of a trial': `sweeps/${sweep}/trials/000001.2.json`,
      'outcome of a trial': `sweeps/${sweep}/outcomes/000001.json`,
      'change of a sweep': `sweeps/${sweep}/changes/000001.json`,
      'ending of a sweep': `sweeps/${sweep}/endings/000001.json`,
      'result of a sweep': `sweeps/${sweep}/results/000001.json`,
      'idempotency key': `idempotency/${idempotency}`,
      key: `keys/${key.id}.json`,
      revocation: `keys/${revoked.key.id}.revoked.json`,
    },
  };
}

/** Of two trials, the first of which failed once; it has ended after one change. */
async function wholeSweep(storage: Storage, runId: string): Promise<string> {
  const store = createSweepStore(storage, () => now);
  const id = store.newId();
  const created_at = now.toISOString();
  await store.create(id, {
    format_version: 1,
    job: { dataset: { name: 'mnist', version: 1 } },
    model: 'pets',
    parameters: { batch_size: { values: [16, 32] } },
    first_trial: null,
    method: 'tpe',
    metric: 'loss',
    goal: 'minimize',
    max_trials: 2,
    max_seconds: null,
    parallel: 2,
    early_stop: null,
    max_epochs: 3,
    seed: 0,
    idempotency_key: null,
    created_at,
  });
  const outcome = {
    status: 'succeeded' as const,
    value: 0.5,
    best_epoch: 2,
    epochs_done: 3,
    curve: [],
    error: null,
  };
  for (const [trial, batch_size] of [16, 32].entries()) {
    await store.addTrial(id, trial + 1, { parameters: { batch_size }, rungs: [], run_id: runId, created_at });
    await store.addOutcome(id, trial + 1, { ...outcome, finished_at: created_at });
  }
  await store.addRetry(id, 1, { run_id: runId, created_at });
  await store.addChange(id, 1, { type: 'budget', max_trials: 2, created_at });
  await store.addEnding(id, 1, { best_trial: 1, run_id: runId, error: null, created_at });
  await store.addResult(id, 1, { status: 'succeeded', version: 1, error: null, finished_at: created_at });
  return id;
}
