/** From what a client asked for to what will be trained, and the refusals that need more than a schema. */
import { targetCount, type ArraysInfo, type PicturesInfo } from '../../data/dataset.js';
import { TrainyardError } from '../../errors.js';
import { engineNames } from '../../model/engines/select.js';
import { megabytes, trainingMemoryBytes } from '../../model/engines/training-memory.js';
import { stepsPerEpoch } from '../../model/network/batch-plan.js';
import { figuresOf } from '../../model/evaluation/figures.js';
import type { PublishIf } from '../../model/evaluation/publish-gate.js';
import {
  classLosses,
  isClassLoss,
  taskOf,
  valueLosses,
  type Loss,
  type Task,
} from '../../model/network/losses.js';
import { parameterCount } from '../../model/network/network.js';
import { membersOf } from '../runs/ensemble.js';
import type { CheckpointPolicy, RunSpec } from '../runs/run-spec.js';
import type { CheckpointRequest, JobRequest } from '../runs/job-request.js';
import { defaults } from './defaults.js';
import type { Recipe } from './presets/recipe.js';
import { isOfOtherType, resolveOptimizer } from './resolve-optimizer.js';
import type { Source } from './resolve-source.js';
import { startingFrom, workOf } from './work/work-of.js';
import type { TableWork, Work } from './work/work.js';

/**
 * `request` has passed the API's schema; what else is known of it comes in `more`.
 * @throws TrainyardError INVALID_REQUEST for fields that do not go together, ENGINE_UNAVAILABLE for a name that no
 * engine has, NETWORK_TOO_LARGE with the numbers
 */
export function resolveSpec(
  request: JobRequest,
  dataset: ArraysInfo | PicturesInfo | TableWork,
  limits: { trainingMemoryLimitBytes: number },
  now: Date,
  more: Partial<Pick<RunSpec, 'webhook' | 'idempotency_key' | 'trace_context'>> & {
    source?: Source | null;
  } = {},
): RunSpec {
  const engine = request.engine ?? defaults.engine;
  refuseUnknownEngine(engine);
  const seed = request.seed ?? defaults.seed;
  const { source = null } = more;
  const offered = workOf(request, dataset, { seed, source, limitBytes: limits.trainingMemoryLimitBytes });
  const work = source === null ? offered : startingFrom(source, request, offered);
  const loss = resolveLoss(request.loss ?? 'auto', work);
  const { recipe } = work;
  const epochs = request.epochs ?? recipe.epochs;
  const batchSize = request.batch_size ?? recipe.batch_size;
  const ensemble = request.ensemble ?? defaults.ensemble;
  const hidden = source === null ? (request.network?.hidden ?? recipe.hidden) : recipe.hidden;
  const { activation, dropout } = defaults;
  const { name, version, sha256 } = dataset.kind === 'table' ? dataset.info : dataset;
  const spec: RunSpec = {
    format_version: 2,
    model: request.model ?? work.model,
    dataset: { name, version, sha256 },
    task: taskOf(loss),
    split: work.split,
    ...(work.table && { table: work.table }),
    ...(work.image && { image: work.image }),
    ...(work.rows && { rows: work.rows }),
    ...(work.class_weight && { class_weight: work.class_weight }),
    network: {
      inputs: work.inputs,
      hidden: hidden.map((layer) => ({ activation, dropout, ...layer })),
      outputs: targetCount(work.targets),
    },
    preset: work.preset,
    ...reasonsFor(request, recipe),
    ...(source && { init_from: source.pin }),
    loss,
    optimizer: resolveOptimizer(request.optimizer ?? {}, recipe.optimizer),
    ...work.augment,
    ...resolveSmoothing(request.label_smoothing ?? recipe.label_smoothing, loss, request),
    ...(ensemble > 1 && { ensemble }),
    epochs,
    ...resolveStopping(request, recipe, work),
    ...resolveHead(request, loss, work),
    batch_size: batchSize,
    seed,
    engine,
    publish: request.publish ?? recipe.publish,
    publish_if: resolvePublishIf(request.publish_if ?? defaults.publish_if, taskOf(loss)),
    checkpoint: resolveCheckpoint(request.checkpoint ?? {}),
    priority: request.priority ?? defaults.priority,
    time_limit_seconds: request.time_limit_seconds ?? null,
    webhook: more.webhook ?? null,
    metadata: request.metadata ?? {},
    idempotency_key: more.idempotency_key ?? null,
    trace_context: more.trace_context ?? null,
    steps: ensemble * epochs * stepsPerEpoch(work.trainCount, batchSize),
    created_at: now.toISOString(),
  };
  refuseEnsembleOfEachEpoch(spec);
  refuseWithoutValidation(spec);
  refuseIfTooLarge(spec, work, limits.trainingMemoryLimitBytes);
  return spec;
}

function refuseUnknownEngine(engine: string): void {
  if (engine === 'auto' || engineNames.includes(engine)) return;
  const message = `There is no engine '${engine}'. Engines: auto, ${engineNames.join(', ')}.`;
  throw new TrainyardError('ENGINE_UNAVAILABLE', message, { pointer: '/engine' });
}

/** The loss must fit what the dataset has to learn. On classes `mse` compares the outputs with one-hot classes. */
function resolveLoss(wanted: 'auto' | Loss, { name, targets }: Work): Loss {
  if (wanted === 'auto') return defaults.loss[targets.kind];
  const loss = wanted === 'mse' && targets.kind === 'classes' ? 'one_hot_mse' : wanted;
  if (isClassLoss(loss) === (targets.kind === 'classes')) return loss;
  const fitting = targets.kind === 'classes' ? [...classLosses, 'mse'] : valueLosses;
  const message = `There are ${targets.kind} of ${name} to learn, and the loss ${loss} does not fit these. Use one of: auto, ${fitting.join(', ')}.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/loss' });
}

/** @throws TrainyardError INVALID_REQUEST where the members, which are trained one after another, would have to be published together */
function refuseEnsembleOfEachEpoch(spec: RunSpec): void {
  if (spec.publish !== 'every_checkpoint' || membersOf(spec) === 1) return;
  const message =
    'The members of an ensemble are published together, once all are trained: publish must be best or final.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/publish' });
}

/** @throws TrainyardError INVALID_REQUEST where the validation split is to decide and has no rows */
function refuseWithoutValidation(spec: RunSpec): void {
  const { split, table, publish, publish_if, patience, monitor, calibrated, threshold } = spec;
  const rows = table?.rows ?? spec.rows;
  if (rows === undefined ? split.validation > 0 : rows.validation > 0) return;
  const reasons: readonly [decides: boolean, why: string][] = [
    [publish === 'best', 'With publish best the validation split decides which epoch is the best'],
    [
      publish === 'none' && monitor !== undefined,
      `What is not published is compared by its ${monitor} of the validation split`,
    ],
    [patience !== undefined, 'With patience the validation split decides when training stops'],
    [monitor !== undefined, 'monitor is a figure of the validation split'],
    [calibrated === true, 'calibrated needs rows to calibrate by'],
    [
      threshold !== undefined && typeof threshold !== 'number',
      'The threshold is chosen by the validation split',
    ],
    [typeof publish_if === 'object', 'publish_if looks at a figure of the validation split'],
  ];
  const [, why] = reasons.find(([decides]) => decides) ?? [];
  if (why === undefined) return;
  const message = `${why}: split.validation must be above 0.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/split/validation' });
}

/** Of what the preset chose: a field that the request names has no reason but the request. */
function reasonsFor(request: JobRequest, { optimizer, reasons }: Recipe): Pick<RunSpec, 'reasons'> {
  const { network, optimizer: asked = {}, ...fields } = request;
  const settings = Object.keys(asked).filter((field) => field !== 'type' && field !== 'schedule');
  const isOther = isOfOtherType(asked, optimizer);
  const named = new Set([
    ...Object.keys(fields),
    ...(fields.encoding === undefined ? [] : ['bins']),
    ...(network?.hidden === undefined ? [] : ['network.hidden']),
    ...(isOther || settings.length > 0 ? ['optimizer'] : []),
    ...(isOther || asked.schedule !== undefined ? ['optimizer.schedule'] : []),
  ]);
  const left = Object.entries(reasons).filter(([field]) => !named.has(field));
  return left.length === 0 ? {} : { reasons: Object.fromEntries(left) };
}

/** @throws TrainyardError INVALID_REQUEST for a loss that has nothing to smooth */
function resolveSmoothing(
  smoothing: number,
  loss: Loss,
  request: JobRequest,
): Pick<RunSpec, 'label_smoothing'> {
  if (smoothing === 0) return {};
  if (loss === 'cross_entropy') return { label_smoothing: smoothing };
  if (request.label_smoothing === undefined) return {};
  const message = `label_smoothing is for the loss cross_entropy, and this job has ${loss}.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/label_smoothing' });
}

/** @throws TrainyardError INVALID_REQUEST for a figure that the targets do not have */
function resolveStopping(
  { monitor, patience: asked, min_epochs }: JobRequest,
  { patience: usual }: Recipe,
  { name, targets }: Work,
): Pick<RunSpec, 'monitor' | 'patience' | 'min_epochs'> {
  const foreign = targets.kind === 'classes' ? 'rmse' : 'accuracy';
  if (monitor === foreign) {
    const message = `There are ${targets.kind} of ${name} to learn, and these have no ${foreign}: monitor loss${targets.kind === 'classes' ? ' or accuracy' : ' or rmse'}.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/monitor' });
  }
  const patience = asked === undefined ? usual : asked;
  return {
    ...(monitor !== undefined && { monitor }),
    ...(patience !== null && { patience, min_epochs: min_epochs ?? defaults.min_epochs }),
  };
}

/** @throws TrainyardError INVALID_REQUEST for what the classes or the loss do not have */
function resolveHead(
  { calibrated = false, threshold, positive }: JobRequest,
  loss: Loss,
  { name, targets }: Work,
): Pick<RunSpec, 'calibrated' | 'threshold' | 'positive'> {
  if (calibrated && loss !== 'cross_entropy') {
    const message = `calibrated is for the loss cross_entropy, and this job has ${loss}.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/calibrated' });
  }
  const field = threshold === undefined ? 'positive' : 'threshold';
  if (threshold === undefined && positive === undefined) return calibrated ? { calibrated } : {};
  if (targets.kind === 'values' || targets.labels.length !== 2) {
    const found = targets.kind === 'values' ? 'numbers' : `${targets.labels.length} classes`;
    const message = `${field} is for two classes, and there are ${found} of ${name} to learn.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/${field}` });
  }
  if (positive !== undefined && !targets.labels.includes(positive)) {
    const labels = targets.labels.map((label) => JSON.stringify(label)).join(' or ');
    const message = `There is no class ${JSON.stringify(positive)}: positive is ${labels}.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/positive' });
  }
  return {
    ...(calibrated && { calibrated }),
    ...(threshold !== undefined && { threshold }),
    ...(positive !== undefined && { positive }),
  };
}

/** @throws TrainyardError INVALID_REQUEST for a rule that asks for nothing, or for a figure that the task does not have */
function resolvePublishIf(rule: PublishIf, task: Task): PublishIf {
  if (typeof rule === 'string') return rule;
  const { metric, at_least, at_most, better_than } = rule;
  if (!figuresOf(task).includes(metric)) {
    const message = `A ${task} has no ${metric}. Use one of: ${figuresOf(task).join(', ')}.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/publish_if/metric' });
  }
  if (at_least !== undefined || at_most !== undefined || better_than !== undefined) return rule;
  const message = 'publish_if needs at_least, at_most or better_than.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/publish_if' });
}

function resolveCheckpoint(request: CheckpointRequest): CheckpointPolicy {
  const { every_steps, every_seconds, keep = defaults.checkpoint.keep } = request;
  if (every_steps !== undefined && every_seconds !== undefined) {
    const message = 'checkpoint takes every_steps or every_seconds, not both.';
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/checkpoint' });
  }
  return { every_steps: every_steps ?? null, every_seconds: every_seconds ?? null, keep };
}

function refuseIfTooLarge(spec: RunSpec, { samples, scaling }: Work, limitBytes: number): void {
  const { network, loss, optimizer, batch_size: batchSize } = spec;
  const program = { network, loss, optimizer, batchSize, scaling };
  const members = membersOf(spec);
  const startsWarm = spec.init_from !== undefined;
  const neededBytes = trainingMemoryBytes(program, samples, { members, startsWarm });
  if (neededBytes <= limitBytes) return;
  const [times, fewer] = members > 1 ? [`${members} times `, 'fewer members, '] : ['', ''];
  throw new TrainyardError(
    'NETWORK_TOO_LARGE',
    `Training this network (${times}${parameterCount(network).toLocaleString('en')} parameters, batches of ` +
      `${batchSize}) would take about ${megabytes(neededBytes)}; the limit here is ${megabytes(limitBytes)}. ` +
      `Use ${fewer}fewer or narrower layers or a smaller batch, or raise TRAINING_MEMORY_LIMIT_MB.`,
    { pointer: '/network/hidden' },
  );
}
