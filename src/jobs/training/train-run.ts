/**
 * One run from wherever it stands to its end: epochs, metrics, checkpoints, publication, result. All that it writes can be
 * written again: a run that is killed at any moment and started anew goes on from its newest whole checkpoint and makes
 * up for whatever did not come after that.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Samples as LabelledSamples } from '../../data/dataset.js';
import type { DatasetStore } from '../../data/store.js';
import { TrainyardError } from '../../errors.js';
import { newestCheckpoint, pruneCheckpoints, writeCheckpoint } from '../../model/files/checkpoint.js';
import type { EngineEntry, Samples, TrainingData, TrainingResources } from '../../model/engines/engine.js';
import { type TrainingState, initialState } from '../../model/network/initialization.js';
import { selectEngine } from '../../model/engines/select.js';
import { classHead } from '../../model/heads/head.js';
import type { ModelDescription } from '../../model/files/model-file.js';
import type { Registry } from '../../model/registry/registry.js';
import { isStorageFailure, type Storage } from '../../storage/storage.js';
import type { EpochMetrics, RunSpec } from '../runs/documents.js';
import { endRun } from '../runs/end-run.js';
import type { RunStore } from '../runs/run-store.js';
import { engineOf } from '../runs/summarize-events.js';
import { createCheckpointClock } from './checkpoint-clock.js';
import { openJournal } from './journal.js';
import type { Observe, TrainingEnd } from './messages.js';
import { createPace } from './pace.js';
import { mostWantedFirst, publishEpoch } from './publication.js';
import { createTally } from './tally.js';

export interface Training extends TrainingResources {
  runId: string;
  /** In which this process has the run in hand. */
  term: number;
  storage: Storage;
  store: RunStore;
  registry: Pick<Registry, 'publish'>;
  datasets: Pick<DatasetStore, 'load'>;
  /** That it may train on, fastest first. */
  engines: readonly EngineEntry[];
  log: Logger;
  observe: Observe;
  /** Asks to checkpoint and let go of the run. */
  signal: Pick<AbortSignal, 'aborted'>;
  now: () => Date;
  /** Of a clock that only moves forward: it paces the calls of the engine, the progress events and the checkpoints. */
  nowMs: () => number;
}

/** Progress is told at least so often, and more rarely the longer it takes: its events are kept. */
const progressEveryMs = { least: 400, most: 2_000 };

/** Rejects on what another attempt may get past. */
export async function trainRun(training: Training): Promise<TrainingEnd> {
  const { runId, store, log, now } = training;
  const spec = await store.readSpec(runId);
  if (spec === null) throw new Error(`There is no run ${runId}`);
  try {
    const end = await trainToTheEnd(training, spec);
    if (end === 'finished')
      await endRun(store, runId, spec, { status: 'succeeded', error: null, now: now() });
    return { kind: end };
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    const { code, message } = error;
    if (code === 'RUN_TAKEN_OVER') return { kind: 'taken_over' };
    if (isStorageFailure(error)) return { kind: 'storage_failed', error: { code, message } };
    // The cause lies in the run or its data: another attempt would end the same way.
    log.warn({ code, reason: message }, 'job failed');
    await endRun(store, runId, spec, { status: 'failed', error: { code, message }, now: now() });
    return { kind: 'finished' };
  }
}

async function trainToTheEnd(training: Training, spec: RunSpec): Promise<'finished' | 'handed_back'> {
  const { runId, term, storage, store, log, observe, signal, now, nowMs } = training;
  const { model, network, loss, optimizer, seed } = spec;
  const checkpoints = store.checkpointsOf(runId);
  const journal = await openJournal(store, runId, term);
  const wanted = engineOf(spec, journal);
  const { engine, reason: whyThis } = await selectEngine(wanted, training.engines);
  const reason = wanted === spec.engine ? whyThis : 'the job was begun on it';
  const { info, train, test } = await training.datasets.load(spec.dataset);
  const { preprocessing: scaling, labels } = info;
  const head = classHead(loss, labels);
  const data = splitsOf(train, test);
  const found = await findCheckpoint();
  const tally = createTally(
    spec,
    data,
    found && { step: found.state.step, position: found.position, metrics: found.metrics as EpochMetrics[] },
  );
  const [trainingPace, evaluationPace] = [createPace(), createPace()];
  const startMs = nowMs();
  const clock = createCheckpointClock(spec.checkpoint, tally.state, nowMs);
  let toldAtMs = 0;
  let epochSinceMs = startMs;
  /** What the newest checkpoint holds. */
  let kept = found && { step: found.state.step, epochs: found.metrics.length };

  const trainer = await engine.trainer(
    { network, loss, optimizer, batchSize: spec.batch_size, seed, scaling },
    data,
    found?.state ?? initialState(network, optimizer, seed),
    { threads: training.threads, memoryLimitBytes: training.memoryLimitBytes },
  );
  try {
    await start();
    while (!tally.isDone()) {
      if (signal.aborted) return await handBack();
      if (tally.stepsLeft() > 0) await someSteps();
      else await someEvaluation();
      if (nowMs() - toldAtMs > tellEveryMs()) await tellProgress();
      await letOthersRun();
    }
  } finally {
    await trainer.dispose();
  }
  // From here on it cannot be cancelled any more, or it has been.
  if ((await store.decideEnding(runId, 'succeeded')) === 'cancelled') {
    throw new TrainyardError('RUN_TAKEN_OVER', `The job ${runId} is cancelled.`);
  }
  await publishLast();
  return 'finished';

  async function start(): Promise<void> {
    const choice = { name: engine.name, device: trainer.device, reason };
    const resumedFrom = found?.state.step ?? null;
    // Whoever wrote the checkpoint had told before that it began.
    if (found !== null && journal.engine === null) await warn('Events of earlier attempts are missing.');
    await journal.tell({ type: 'started', engine: choice, resumed_from_step: resumedFrom });
    await tellProgress();
    log.info(
      { engine: choice.name, device: choice.device, reason, resumed_from_step: resumedFrom },
      'training',
    );
    if (found !== null) await followUp();
  }

  async function someSteps(): Promise<void> {
    const startedMs = nowMs();
    const atOnce = Math.min(trainingPace.batchesPerCall(), clock.stepsAtOnce(tally.state.step));
    const report = await trainer.run(Math.min(atOnce, tally.stepsLeft()));
    trainingPace.ran(report.lossSums.length, report.rows.length, nowMs() - startedMs);
    tally.addSteps(report);
    // At the end of an epoch it waits for the epoch's metrics.
    if (tally.stepsLeft() > 0 && clock.isDue(tally.state.step)) await checkpoint();
  }

  /** The last of it ends the epoch. */
  async function someEvaluation(): Promise<void> {
    const { first, batches } = tally.evaluationLeft();
    const startedMs = nowMs();
    const report = await trainer.evaluate('test', first, Math.min(evaluationPace.batchesPerCall(), batches));
    evaluationPace.ran(report.lossSums.length, report.rows.length, nowMs() - startedMs);
    tally.addEvaluation(report);
    if (report.lossSums.length < batches) return;
    const metrics = tally.endEpoch();
    log.info(metrics, 'epoch done');
    observe({ kind: 'epoch', tookMs: nowMs() - epochSinceMs, metrics });
    epochSinceMs = nowMs();
    await journal.tell({ type: 'metrics', metrics });
    if (tally.isDone()) await tellProgress();
    if (clock.isDue(metrics.step) || isWanted(metrics)) await checkpoint();
  }

  /** What may be published must be kept. */
  function isWanted(metrics: EpochMetrics): boolean {
    if (tally.isDone() || spec.publish === 'every_checkpoint') return true;
    return spec.publish === 'best' && mostWantedFirst('best', tally.state.metrics)[0] === metrics;
  }

  function tellEveryMs(): number {
    const { least, most } = progressEveryMs;
    return Math.min(most, Math.max(least, (nowMs() - startMs) / 1_000));
  }

  async function tellProgress(): Promise<void> {
    const progress = tally.progress(trainingPace, evaluationPace);
    await journal.tell({ type: 'progress', progress });
    toldAtMs = nowMs();
    const { samples_per_second: samplesPerSecond, train_loss: trainLoss } = progress;
    observe({ kind: 'progress', samplesPerSecond, trainLoss });
  }

  async function handBack(): Promise<'handed_back'> {
    const { step, metrics } = tally.state;
    if (step > (kept?.step ?? 0) || metrics.length > (kept?.epochs ?? 0)) await checkpoint();
    return 'handed_back';
  }

  async function checkpoint(): Promise<void> {
    const startedMs = nowMs();
    const state = await trainer.snapshot();
    refuseIfNotFinite(state);
    await journal.refuseIfTakenOver();
    const description: ModelDescription = { format_version: 2, network, head, scaling };
    const { position, metrics } = tally.state;
    await writeCheckpoint(storage, checkpoints, { description, state, position, metrics, term, now: now() });
    kept = { step: state.step, epochs: metrics.length };
    const tookMs = nowMs() - startedMs;
    clock.wrote(state.step, tookMs);
    observe({ kind: 'checkpoint', tookMs, step: state.step });
    await followUp();
  }

  /** What comes after a checkpoint; after a resume once more, as the run may have died in between. */
  async function followUp(): Promise<void> {
    const { step, metrics } = tally.state;
    await journal.tell(...metrics.map((each) => ({ type: 'metrics' as const, metrics: each })), {
      type: 'checkpoint',
      step,
    });
    const last = metrics.at(-1);
    if (spec.publish === 'every_checkpoint' && last?.step === step) await publish(last);
    const best = mostWantedFirst('best', metrics)[0];
    await journal.refuseIfTakenOver();
    const protectedSteps = best ? [best.step] : [];
    await pruneCheckpoints(storage, checkpoints, { keep: spec.checkpoint.keep, protectedSteps, term });
  }

  async function publishLast(): Promise<void> {
    for (const metrics of mostWantedFirst(spec.publish, tally.state.metrics)) {
      if (await publish(metrics)) return;
    }
    throw new TrainyardError('CHECKPOINT_CORRUPT', 'None of the checkpoints of this job can be read.');
  }

  /** False when there is no whole checkpoint of this epoch. */
  async function publish(metrics: EpochMetrics): Promise<boolean> {
    const startedMs = nowMs();
    await journal.refuseIfTakenOver();
    const run = { runId, spec, checkpoints, storage, registry: training.registry };
    const version = await publishEpoch(run, metrics, now(), warnOfDamage);
    if (version === null) return false;
    const { step } = metrics;
    await journal.tell({ type: 'published', version, step });
    log.info({ model, version, step }, 'published');
    observe({ kind: 'publication', tookMs: nowMs() - startedMs, step, version });
    return true;
  }

  async function findCheckpoint() {
    const damaged: [number, string][] = [];
    const newest = await newestCheckpoint(storage, checkpoints, (...damage) => damaged.push(damage));
    for (const damage of damaged) await warnOfDamage(...damage);
    return newest;
  }

  async function warnOfDamage(step: number, why: string): Promise<void> {
    await warn(`The checkpoint at step ${step} is damaged and passed over: ${why}`);
  }

  async function warn(message: string): Promise<void> {
    log.warn(message);
    await journal.tell({ type: 'log', level: 'warn', message });
  }
}

/** A number that overflowed can hide from the loss behind a unit that is never on. */
function refuseIfNotFinite({ step, parameters }: TrainingState): void {
  for (const [name, { data }] of parameters) {
    if (data.every(Number.isFinite)) continue;
    throw new TrainyardError(
      'TRAINING_DIVERGED',
      `${name} holds a number that is not finite at step ${step}.`,
    );
  }
}

function splitsOf(train: LabelledSamples, test: LabelledSamples): TrainingData {
  const samplesOf = ({ count, width, inputs, labels: targets }: LabelledSamples): Samples => ({
    count,
    width,
    inputs,
    targets,
    weights: null,
  });
  const empty = { count: 0, width: train.width, inputs: new Uint8Array(), labels: new Uint8Array() };
  return { train: samplesOf(train), validation: samplesOf(empty), test: samplesOf(test) };
}
