/**
 * One run from wherever it stands to its end: epochs, metrics, checkpoints, publication, result. All that it writes can be
 * written again: a run that is killed at any moment and started anew goes on from its newest whole checkpoint and makes
 * up for whatever did not come after that.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DatasetStore } from '../../data/dataset-store.js';
import { TrainyardError } from '../../errors.js';
import { newestCheckpoint, pruneCheckpoints, writeCheckpoint } from '../../model/checkpoint.js';
import type { TrainingResources, TrainingState } from '../../model/engines/engine.js';
import { selectEngine } from '../../model/engines/select.js';
import { initialState } from '../../model/initialization.js';
import type { ModelDescription } from '../../model/model-file.js';
import type { Registry } from '../../model/registry.js';
import type { Storage } from '../../storage/storage.js';
import type { EpochMetrics, RunSpec } from '../contracts.js';
import { endRun } from '../end-run.js';
import type { RunStore } from '../run-store.js';
import { openJournal } from './journal.js';
import { createPace } from './pace.js';
import { mostWantedFirst, publishEpoch } from './publication.js';
import { createTally } from './tally.js';

export interface Training extends TrainingResources {
  runId: string;
  storage: Storage;
  store: RunStore;
  registry: Pick<Registry, 'publish'>;
  datasets: Pick<DatasetStore, 'load'>;
  log: Logger;
  /** Asks to checkpoint and let go of the run. */
  signal: Pick<AbortSignal, 'aborted'>;
  now: () => Date;
}

/** With a call of the engine, told at least twice a second. */
const progressEveryMs = 400;
const checkpointsKept = 2;

/** Resolves when the run has ended, well or badly, or was let go of; rejects on what another attempt may get past. */
export async function trainRun(training: Training): Promise<'finished' | 'handed_back'> {
  const { runId, store, log, now } = training;
  const spec = await store.readSpec(runId);
  if (spec === null) throw new Error(`There is no run ${runId}`);
  try {
    const end = await trainToTheEnd(training, spec);
    if (end === 'finished')
      await endRun(store, runId, spec, { status: 'succeeded', error: null, now: now() });
    return end;
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    // The cause lies in the run or its data: another attempt would end the same way.
    const { code, message } = error;
    log.warn({ code, reason: message }, 'run failed');
    await endRun(store, runId, spec, { status: 'failed', error: { code, message }, now: now() });
    return 'finished';
  }
}

async function trainToTheEnd(training: Training, spec: RunSpec): Promise<'finished' | 'handed_back'> {
  const { runId, storage, log, signal, now } = training;
  const { model, network, loss, optimizer, seed } = spec;
  const checkpoints = training.store.checkpointsOf(runId);
  const journal = await openJournal(training.store, runId);
  const { engine, reason } = await selectEngine(spec.engine);
  const { info, train, test } = await training.datasets.load(spec.dataset);
  const { preprocessing, labels } = info;
  const found = await findCheckpoint();
  const tally = createTally(
    spec,
    test.count,
    found && { step: found.state.step, position: found.position, metrics: found.metrics as EpochMetrics[] },
  );
  const [trainingPace, evaluationPace] = [createPace(), createPace()];
  let checkpointAt = tally.state.step;
  let toldAtMs = 0;

  const trainer = await engine.trainer(
    { network, loss, optimizer, batchSize: spec.batch_size, seed, preprocessing },
    { train, test },
    found?.state ?? initialState(network, optimizer, seed),
    { threads: training.threads, memoryLimitBytes: training.memoryLimitBytes },
  );
  try {
    await start();
    while (!tally.isDone()) {
      if (signal.aborted) return await handBack();
      if (tally.stepsLeft() > 0) await someSteps();
      else await someEvaluation();
      if (performance.now() - toldAtMs > progressEveryMs) await tellProgress();
      await letOthersRun();
    }
  } finally {
    await trainer.dispose();
  }
  await publishLast();
  return 'finished';

  async function start(): Promise<void> {
    const choice = { name: engine.name, device: trainer.device, reason };
    const resumedFrom = found?.state.step ?? null;
    await journal.tell({ type: 'started', engine: choice, resumed_from_step: resumedFrom });
    await tellProgress();
    log.info(
      { engine: choice.name, device: choice.device, reason, resumed_from_step: resumedFrom },
      'training',
    );
    if (found !== null) await followUp();
  }

  async function someSteps(): Promise<void> {
    const startMs = performance.now();
    const report = await trainer.run(Math.min(trainingPace.batchesPerCall(), tally.stepsLeft()));
    trainingPace.ran(report.lossSums.length, report.samples, performance.now() - startMs);
    tally.addSteps(report);
  }

  /** The last of it ends the epoch. */
  async function someEvaluation(): Promise<void> {
    const { first, batches } = tally.evaluationLeft();
    const startMs = performance.now();
    const report = await trainer.evaluate('test', first, Math.min(evaluationPace.batchesPerCall(), batches));
    evaluationPace.ran(report.lossSums.length, report.samples, performance.now() - startMs);
    tally.addEvaluation(report);
    if (report.lossSums.length < batches) return;
    log.info(tally.endEpoch(), 'epoch done');
    await tellProgress();
    await checkpoint();
  }

  async function tellProgress(): Promise<void> {
    await journal.tell({ type: 'progress', progress: tally.progress(trainingPace, evaluationPace) });
    toldAtMs = performance.now();
  }

  async function handBack(): Promise<'handed_back'> {
    const { step } = tally.state;
    if (step > checkpointAt) await checkpoint();
    await journal.tell({ type: 'handed_back', step });
    return 'handed_back';
  }

  async function checkpoint(): Promise<void> {
    const state = await trainer.snapshot();
    refuseIfNotFinite(state);
    const description: ModelDescription = { format_version: 1, network, loss, preprocessing, labels };
    const { position, metrics } = tally.state;
    await writeCheckpoint(storage, checkpoints, { description, state, position, metrics, now: now() });
    checkpointAt = state.step;
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
    await pruneCheckpoints(storage, checkpoints, checkpointsKept, best ? [best.step] : []);
  }

  async function publishLast(): Promise<void> {
    for (const metrics of mostWantedFirst(spec.publish, tally.state.metrics)) {
      if (await publish(metrics)) return;
    }
    throw new TrainyardError('CHECKPOINT_CORRUPT', 'None of the checkpoints of this run can be read.');
  }

  /** False when there is no whole checkpoint of this epoch. */
  async function publish(metrics: EpochMetrics): Promise<boolean> {
    const run = { runId, model, checkpoints, storage, registry: training.registry };
    const version = await publishEpoch(run, metrics, now(), warnOfDamage);
    if (version === null) return false;
    await journal.tell({ type: 'published', version, step: metrics.step });
    log.info({ model, version, step: metrics.step }, 'published');
    return true;
  }

  async function findCheckpoint() {
    const damaged: [number, string][] = [];
    const newest = await newestCheckpoint(storage, checkpoints, (...damage) => damaged.push(damage));
    for (const damage of damaged) await warnOfDamage(...damage);
    return newest;
  }

  async function warnOfDamage(step: number, why: string): Promise<void> {
    const message = `The checkpoint at step ${step} is damaged and passed over: ${why}`;
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
