/** From what a client asked for to what will be trained: the defaults, and the refusals that need more than a schema. */
import type { DatasetInfo } from '../../data/dataset.js';
import { TrainyardError } from '../../errors.js';
import { stepsPerEpoch } from '../../model/network/batch-plan.js';
import { engineNames } from '../../model/engines/select.js';
import { megabytes, trainingMemoryBytes } from '../../model/engines/training-memory.js';
import { parameterCount } from '../../model/network/network.js';
import type { CheckpointPolicy, CheckpointRequest, JobRequest, RunSpec } from '../runs/documents.js';
import { resolveOptimizer } from './resolve-optimizer.js';

/** The reference work: the classic MNIST example. */
export const defaults = {
  model: 'mnist-mlp',
  dataset: 'mnist',
  hidden: [{ units: 256, activation: 'relu', dropout: 0 }],
  activation: 'relu',
  dropout: 0,
  /** Of classes. */
  loss: 'cross_entropy',
  epochs: 5,
  batch_size: 64,
  seed: 0,
  engine: 'auto',
  publish: 'final',
  checkpoint: { every_seconds: 10, keep: 2 },
  priority: 0,
} as const;

/**
 * `request` has passed the API's schema; what else is known of it comes in `more`.
 * @throws TrainyardError INVALID_REQUEST for fields that do not go together, ENGINE_UNAVAILABLE for a name that is no
 * engine, NETWORK_TOO_LARGE with the numbers
 */
export function resolveSpec(
  request: JobRequest,
  dataset: DatasetInfo,
  limits: { trainingMemoryLimitBytes: number },
  now: Date,
  more: Partial<Pick<RunSpec, 'webhook' | 'idempotency_key' | 'trace_context'>> = {},
): RunSpec {
  const engine = request.engine ?? defaults.engine;
  if (engine !== 'auto' && !engineNames.includes(engine)) {
    throw new TrainyardError(
      'ENGINE_UNAVAILABLE',
      `There is no engine '${engine}'. Engines: auto, ${engineNames.join(', ')}.`,
      { pointer: '/engine' },
    );
  }
  const { loss = 'auto' } = request;
  const hidden = request.network?.hidden ?? defaults.hidden;
  const { activation, dropout } = defaults;
  const epochs = request.epochs ?? defaults.epochs;
  const batchSize = request.batch_size ?? defaults.batch_size;
  const spec: RunSpec = {
    format_version: 1,
    model: request.model ?? defaults.model,
    dataset: dataset.name,
    network: {
      inputs: dataset.inputs,
      hidden: hidden.map((layer) => ({ activation, dropout, ...layer })),
      outputs: dataset.labels.length,
    },
    loss: loss === 'auto' ? defaults.loss : loss,
    optimizer: resolveOptimizer(request.optimizer ?? {}),
    epochs,
    batch_size: batchSize,
    seed: request.seed ?? defaults.seed,
    engine,
    publish: request.publish ?? defaults.publish,
    checkpoint: resolveCheckpoint(request.checkpoint ?? {}),
    priority: request.priority ?? defaults.priority,
    time_limit_seconds: request.time_limit_seconds ?? null,
    webhook: more.webhook ?? null,
    metadata: request.metadata ?? {},
    idempotency_key: more.idempotency_key ?? null,
    trace_context: more.trace_context ?? null,
    steps: epochs * stepsPerEpoch(dataset.trainCount, batchSize),
    created_at: now.toISOString(),
  };
  refuseIfTooLarge(spec, dataset, limits.trainingMemoryLimitBytes);
  return spec;
}

function resolveCheckpoint(request: CheckpointRequest): CheckpointPolicy {
  const { every_steps, every_seconds, keep = defaults.checkpoint.keep } = request;
  if (every_steps !== undefined && every_seconds !== undefined) {
    const message = 'checkpoint takes every_steps or every_seconds, not both.';
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/checkpoint' });
  }
  return { every_steps: every_steps ?? null, every_seconds: every_seconds ?? null, keep };
}

function refuseIfTooLarge(spec: RunSpec, dataset: DatasetInfo, limitBytes: number): void {
  const samples = { count: dataset.trainCount + dataset.testCount, hasWeights: false };
  const { network, loss, optimizer, batch_size: batchSize } = spec;
  const program = { network, loss, optimizer, batchSize, scaling: dataset.preprocessing };
  const neededBytes = trainingMemoryBytes(program, samples);
  if (neededBytes <= limitBytes) return;
  throw new TrainyardError(
    'NETWORK_TOO_LARGE',
    `Training this network (${parameterCount(network).toLocaleString('en')} parameters, batches of ` +
      `${batchSize}) would take about ${megabytes(neededBytes)}; the limit here is ${megabytes(limitBytes)}. ` +
      `Use fewer or narrower layers or a smaller batch, or raise TRAINING_MEMORY_LIMIT_MB.`,
    { pointer: '/network/hidden' },
  );
}
