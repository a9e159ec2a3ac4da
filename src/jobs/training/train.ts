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
import type { TrainingState } from '../../model/engines/engine.js';
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

export interface Training {
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

const progressEveryMs = 500;
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
  const { model, network } = spec;
  const checkpoints = training.store.checkpointsOf(runId);
  const journal = await openJournal(training.store, runId);
  const { engine, device, reason } = await selectEngine(spec.engine);
  const { info, train, test } = await training.datasets.load(spec.dataset);
  const found = await findCheckpoint();
  const resumedFrom = found?.state.step ?? null;
  const tally = createTally(
    spec,
    found && { step: found.state.step, position: found.position, metrics: found.metrics as EpochMetrics[] },
  );
  const pace = createPace();

  await journal.tell(
    { type: 'started', engine: { name: engine.name, device, reason }, resumed_from_step: resumedFrom },
    { type: 'progress', progress: tally.progress(pace) },
  );
  log.info({ engine: engine.name, device, reason, resumed_from_step: resumedFrom }, 'training');
  if (found !== null) await followUp();

  const trainer = await engine.trainer(
    {
      network,
      loss: spec.loss,
      optimizer: spec.optimizer,
      batchSize: spec.batch_size,
      seed: spec.seed,
      preprocessing: info.preprocessing,
    },
    { train, test },
    found?.state ?? initialState(network, spec.seed),
  );
  try {
    let checkpointAt = tally.state.step;
    let toldAtMs = performance.now();
    while (tally.state.step < spec.steps) {
      if (signal.aborted) {
        if (tally.state.step > checkpointAt) await checkpoint();
        await journal.tell({ type: 'handed_back', step: tally.state.step });
        return 'handed_back';
      }
      await someSteps();
      if (tally.atEpochEnd()) {
        await endEpoch();
        await checkpoint();
        checkpointAt = tally.state.step;
      } else if (performance.now() - toldAtMs > progressEveryMs) {
        await journal.tell({ type: 'progress', progress: tally.progress(pace) });
        toldAtMs = performance.now();
      }
      await letOthersRun();
    }
  } finally {
    trainer.dispose();
  }
  await publishLast();
  return 'finished';

  async function someSteps(): Promise<void> {
    const startMs = performance.now();
    const report = await trainer.run(Math.min(pace.stepsPerCall(), tally.stepsLeftInEpoch()));
    pace.ran(report.lossSums.length, report.samples, performance.now() - startMs);
    tally.add(report);
  }

  async function endEpoch(): Promise<void> {
    const startMs = performance.now();
    const metrics = tally.endEpoch(await trainer.evaluate('test'));
    pace.evaluated(performance.now() - startMs);
    await journal.tell({ type: 'progress', progress: tally.progress(pace) });
    log.info(metrics, 'epoch done');
  }

  async function checkpoint(): Promise<void> {
    const state = await trainer.snapshot();
    refuseIfNotFinite(state);
    const description: ModelDescription = {
      format_version: 1,
      network,
      preprocessing: info.preprocessing,
      labels: info.labels,
    };
    const { position, metrics } = tally.state;
    await writeCheckpoint(storage, checkpoints, { description, state, position, metrics, now: now() });
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
