/** From what a client asked for to what will be trained: the defaults, and the refusals that need more than a schema. */
import { targetCount, type ArraysInfo, type DatasetInfo } from '../../data/dataset.js';
import { splitRows } from '../../data/splits.js';
import { TrainyardError } from '../../errors.js';
import { engineNames } from '../../model/engines/select.js';
import { megabytes, trainingMemoryBytes } from '../../model/engines/training-memory.js';
import { stepsPerEpoch } from '../../model/network/batch-plan.js';
import { classLosses, isClassLoss, taskOf, valueLosses, type Loss } from '../../model/network/losses.js';
import { parameterCount } from '../../model/network/network.js';
import type { OptimizerSpec, SgdSpec } from '../../model/network/optimizers.js';
import type {
  CheckpointPolicy,
  CheckpointRequest,
  JobRequest,
  OptimizerRequest,
  RunSpec,
  SplitSpec,
} from '../runs/documents.js';

/** The reference work: the classic MNIST example. */
export const defaults = {
  model: 'mnist-mlp',
  dataset: 'mnist',
  hidden: [{ units: 256, activation: 'relu', dropout: 0 }],
  activation: 'relu',
  dropout: 0,
  loss: { classes: 'cross_entropy', values: 'mse' },
  /** The best epoch is found by the validation split; without one no rows are set apart. */
  validation: { best: 0.1, otherwise: 0 },
  epochs: 5,
  batch_size: 64,
  seed: 0,
  engine: 'auto',
  publish: 'final',
  checkpoint: { every_seconds: 10, keep: 2 },
  priority: 0,
} as const;

/** PyTorch's, except for SGD's learning rate, which is 0.001 there. */
export const optimizerDefaults = {
  adam: { type: 'adam', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
  adamw: { type: 'adamw', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 },
  sgd: { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 },
  rmsprop: { type: 'rmsprop', learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, weight_decay: 0 },
} as const satisfies Record<OptimizerSpec['type'], OptimizerSpec>;

/**
 * `request` has passed the API's schema; what else is known of it comes in `more`.
 * @throws TrainyardError INVALID_REQUEST for fields that do not go together, ENGINE_UNAVAILABLE for a name that no
 * engine has, NETWORK_TOO_LARGE with the numbers
 */
export function resolveSpec(
  request: JobRequest,
  dataset: DatasetInfo,
  limits: { trainingMemoryLimitBytes: number },
  now: Date,
  more: Partial<Pick<RunSpec, 'webhook' | 'idempotency_key' | 'trace_context'>> = {},
): RunSpec {
  if (dataset.kind === 'table') throw new Error('Jobs on tables come with the table spec.');
  const engine = request.engine ?? defaults.engine;
  refuseUnknownEngine(engine);
  const loss = resolveLoss(request.loss ?? 'auto', dataset);
  const split = resolveSplit(request);
  const seed = request.seed ?? defaults.seed;
  const epochs = request.epochs ?? defaults.epochs;
  const batchSize = request.batch_size ?? defaults.batch_size;
  const trainCount = countTrainingRows(dataset, split, seed);
  const hidden = request.network?.hidden ?? defaults.hidden;
  const { activation, dropout } = defaults;
  const spec: RunSpec = {
    format_version: 2,
    model: request.model ?? defaults.model,
    dataset: { name: dataset.name, sha256: dataset.sha256 },
    task: taskOf(loss),
    split,
    network: {
      inputs: dataset.inputs,
      hidden: hidden.map((layer) => ({ activation, dropout, ...layer })),
      outputs: targetCount(dataset.targets),
    },
    loss,
    optimizer: resolveOptimizer(request.optimizer ?? {}),
    epochs,
    batch_size: batchSize,
    seed,
    engine,
    publish: request.publish ?? defaults.publish,
    checkpoint: resolveCheckpoint(request.checkpoint ?? {}),
    priority: request.priority ?? defaults.priority,
    time_limit_seconds: request.time_limit_seconds ?? null,
    webhook: more.webhook ?? null,
    metadata: request.metadata ?? {},
    idempotency_key: more.idempotency_key ?? null,
    trace_context: more.trace_context ?? null,
    steps: epochs * stepsPerEpoch(trainCount, batchSize),
    created_at: now.toISOString(),
  };
  refuseIfTooLarge(spec, dataset, limits.trainingMemoryLimitBytes);
  return spec;
}

function refuseUnknownEngine(engine: string): void {
  if (engine === 'auto' || engineNames.includes(engine)) return;
  const message = `There is no engine '${engine}'. Engines: auto, ${engineNames.join(', ')}.`;
  throw new TrainyardError('ENGINE_UNAVAILABLE', message, { pointer: '/engine' });
}

/** The loss must fit what the dataset has to learn. On classes `mse` compares the outputs with one-hot classes. */
function resolveLoss(wanted: 'auto' | Loss, { name, targets }: ArraysInfo): Loss {
  if (wanted === 'auto') return defaults.loss[targets.kind];
  const loss = wanted === 'mse' && targets.kind === 'classes' ? 'one_hot_mse' : wanted;
  if (isClassLoss(loss) === (targets.kind === 'classes')) return loss;
  const fitting = targets.kind === 'classes' ? [...classLosses, 'mse'] : valueLosses;
  const message = `The dataset ${name} has ${targets.kind} to learn, and the loss ${loss} does not fit these. Use one of: auto, ${fitting.join(', ')}.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/loss' });
}

function resolveSplit({ split = {}, publish }: JobRequest): SplitSpec {
  const { best, otherwise } = defaults.validation;
  const { validation = publish === 'best' ? best : otherwise } = split;
  if (publish === 'best' && validation === 0) {
    const message =
      'With publish best the validation split decides which epoch is the best: split.validation must be above 0.';
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/split/validation' });
  }
  return { validation };
}

function countTrainingRows(
  { name, trainCount }: ArraysInfo,
  { validation }: SplitSpec,
  seed: number,
): number {
  if (validation === 0) return trainCount;
  const rows = splitRows(trainCount, { seed, fraction: validation });
  if (rows.train.length > 0 && rows.validation.length > 0) return rows.train.length;
  const message =
    `Of the ${trainCount} training rows of ${name}, split.validation ${validation} sets ${rows.validation.length} apart. ` +
    'There must be rows to train on and rows to validate with: choose another fraction or another seed.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/split/validation' });
}

/**
 * `request` has passed the API's schema, and so has no field of another optimiser.
 * @throws TrainyardError INVALID_REQUEST for Nesterov's momentum without a momentum
 */
function resolveOptimizer(request: OptimizerRequest): OptimizerSpec {
  if (request.type === 'sgd') return withMomentum({ ...optimizerDefaults.sgd, ...request });
  if (request.type === 'rmsprop') return { ...optimizerDefaults.rmsprop, ...request };
  return { ...optimizerDefaults[request.type ?? 'adam'], ...request };
}

function withMomentum(spec: SgdSpec): SgdSpec {
  if (!spec.nesterov || spec.momentum > 0) return spec;
  const message = 'optimizer.nesterov needs an optimizer.momentum above 0.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/optimizer/nesterov' });
}

function resolveCheckpoint(request: CheckpointRequest): CheckpointPolicy {
  const { every_steps, every_seconds, keep = defaults.checkpoint.keep } = request;
  if (every_steps !== undefined && every_seconds !== undefined) {
    const message = 'checkpoint takes every_steps or every_seconds, not both.';
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/checkpoint' });
  }
  return { every_steps: every_steps ?? null, every_seconds: every_seconds ?? null, keep };
}

function refuseIfTooLarge(spec: RunSpec, dataset: ArraysInfo, limitBytes: number): void {
  const samples = { count: dataset.trainCount + dataset.testCount, hasWeights: false };
  const { network, loss, optimizer, batch_size: batchSize } = spec;
  const program = { network, loss, optimizer, batchSize, scaling: dataset.scaling };
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
