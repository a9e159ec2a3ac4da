/**
 * One run from wherever it stands to its end: epochs, metrics, checkpoints, publication, result. All that it writes can be
 * written again. A run that is killed at any moment and started anew goes on from its newest whole checkpoint, and makes
 * up for what did not come after that.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { TrainyardError } from '../../errors.js';
import type { AugmentedInputs } from '../../model/augmentation/augmented-inputs.js';
import type { EngineEntry, Trainer, TrainingResources } from '../../model/engines/engine.js';
import { selectEngine, type Selection } from '../../model/engines/select.js';
import { WorkStopped } from '../../model/evaluation/turn.js';
import type { ModelDescription } from '../../model/files/model-file.js';
import type { TrainingState } from '../../model/network/initialization.js';
import { isStorageFailure } from '../../storage/storage.js';
import type { EngineChoice, EpochMetrics, RunSpec } from '../runs/documents.js';
import { endRun } from '../runs/end-run.js';
import { engineOf } from '../runs/summarize-events.js';
import { courseEvents, whyStopped } from './best-epoch.js';
import { RunCheckpoints } from './checkpoints.js';
import { judgeOf } from './judge.js';
import { openJournal, type Journal } from './journal.js';
import { loadData, unitsOf, type TrainingDatasets } from './load-data.js';
import type { TrainingEnd } from './messages.js';
import { augmentedInputsOf } from './augmented-run.js';
import { createCheckpointClock, createPace, type CheckpointClock } from './pace.js';
import type { RunPlace } from './run-place.js';
import { readSource, startState } from './start-state.js';
import { Tally, type TallyState } from './tally.js';

export interface Training extends RunPlace, TrainingResources {
  datasets: TrainingDatasets;
  /** That it may train on, fastest first. */
  engines: readonly EngineEntry[];
  /** Asks to checkpoint and release the run. */
  signal: Pick<AbortSignal, 'aborted'>;
}

/** Progress is appended at least so often, and more rarely the longer it takes: its events are kept. */
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
    // What it was evaluating has a checkpoint.
    if (error instanceof WorkStopped) return { kind: 'handed_back' };
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
  const { runId, store, threads, memoryLimitBytes } = training;
  const { network, loss, optimizer, seed, steps, label_smoothing: labelSmoothing = 0 } = spec;
  const journal = await openJournal(training, runId, training.term);
  const { engine, reason } = await selectEngineFor(spec, journal, training.engines);
  const checkpoints = new RunCheckpoints(training, spec, journal);
  const found = await checkpoints.newest();
  // What a run that goes on takes from its source is in its checkpoint.
  const source = found === null ? await readSource(training.registry, spec) : null;
  const recorded = spec.init_from === undefined ? null : (found ?? source)?.description;
  const loaded = await loadData(training.datasets, spec, recorded);
  const { data, description } = loaded;
  const start: TallyState | null = found && {
    step: found.state.step,
    position: found.position,
    metrics: found.metrics as EpochMetrics[],
  };
  checkpoints.judgeBy(judgeOf(training, { spec, loaded, engine, journal }));
  const tally = new Tally(spec, data, start, unitsOf(description), loaded.rowWeights);
  const trainer = await engine.trainer(
    {
      network,
      loss,
      labelSmoothing,
      optimizer,
      batchSize: spec.batch_size,
      seed,
      steps,
      scaling: description.scaling,
    },
    data,
    found?.state ?? startState(spec, description, source),
    { threads, memoryLimitBytes },
  );
  const augmented = augmentedInputsOf(spec, data.train, tally.state.metrics.length);
  try {
    const course = new Course({
      training,
      spec,
      description,
      journal,
      checkpoints,
      tally,
      trainer,
      augmented,
    });
    await course.begin({ name: engine.name, device: trainer.device, reason }, found?.state.step ?? null);
    if ((await course.run()) === 'handed_back') return 'handed_back';
  } finally {
    await augmented?.dispose();
    await trainer.dispose();
  }
  await checkpoints.publishMostWanted(tally.state.metrics, async () => {
    // From here on it cannot be cancelled any more, or it has been.
    if ((await store.decideEnding(runId, 'succeeded')) !== 'cancelled') return;
    throw new TrainyardError('RUN_TAKEN_OVER', `The job ${runId} is cancelled.`);
  });
  return 'finished';
}

async function selectEngineFor(
  spec: RunSpec,
  journal: Journal,
  engines: readonly EngineEntry[],
): Promise<Selection> {
  const wanted = engineOf(spec, journal);
  const selection = await selectEngine(wanted, engines);
  return wanted === spec.engine ? selection : { ...selection, reason: 'the job was begun on it' };
}

interface CourseParts {
  training: Training;
  spec: RunSpec;
  description: ModelDescription;
  journal: Journal;
  checkpoints: RunCheckpoints;
  tally: Tally;
  trainer: Trainer;
  /** null: the pictures of all epochs are the same. */
  augmented: AugmentedInputs | null;
}

/** The steps, evaluations and checkpoints of one attempt, in slices: between two of them the run can be stopped. */
class Course {
  readonly #parts: CourseParts;
  readonly #trainingPace = createPace();
  readonly #evaluationPace = createPace();
  readonly #startedMs: number;
  readonly #clock: CheckpointClock;
  #progressAtMs = 0;
  #epochSinceMs: number;
  /** What the newest checkpoint holds. */
  #checkpointed = { step: 0, epochs: 0 };

  constructor(parts: CourseParts) {
    const { training, spec, tally } = parts;
    this.#parts = parts;
    this.#startedMs = training.nowMs();
    this.#epochSinceMs = this.#startedMs;
    this.#clock = createCheckpointClock(spec.checkpoint, tally.state, training.nowMs);
  }

  /** `resumedFrom`: the step of the checkpoint that the attempt goes on from; null: it begins at the beginning. */
  async begin(engine: EngineChoice, resumedFrom: number | null): Promise<void> {
    const { training, journal, checkpoints, tally } = this.#parts;
    // Before there was a checkpoint, an event said that the run began.
    if (resumedFrom !== null && journal.engine === null) {
      await journal.warn('Events of earlier attempts are missing.');
    }
    await journal.append({ type: 'started', engine, resumed_from_step: resumedFrom });
    await this.#appendProgress();
    const { name, device, reason } = engine;
    training.log.info({ engine: name, device, reason, resumed_from_step: resumedFrom }, 'training');
    if (resumedFrom === null) return;
    this.#checkpointed = { step: resumedFrom, epochs: tally.state.metrics.length };
    await checkpoints.followUp(tally.state);
  }

  async run(): Promise<'trained' | 'handed_back'> {
    const { training, tally } = this.#parts;
    while (!tally.isDone()) {
      if (training.signal.aborted) {
        await this.#checkpointIfBehind();
        return 'handed_back';
      }
      if (tally.stepsLeft() > 0) await this.#trainSlice();
      else await this.#evaluateSlice();
      if (training.nowMs() - this.#progressAtMs > this.#progressIntervalMs()) await this.#appendProgress();
      await letOthersRun();
    }
    return 'trained';
  }

  async #trainSlice(): Promise<void> {
    const { training, tally, trainer, augmented } = this.#parts;
    await augmented?.beforeEpoch(tally.state.metrics.length, (inputs) => trainer.replaceInputs(inputs));
    const startedMs = training.nowMs();
    const atOnce = Math.min(this.#trainingPace.batchesPerCall(), this.#clock.stepsAtOnce(tally.state.step));
    const report = await trainer.run(Math.min(atOnce, tally.stepsLeft()));
    this.#trainingPace.ran(report.lossSums.length, report.rows.length, training.nowMs() - startedMs);
    tally.addSteps(report);
    // At the end of an epoch the checkpoint waits for the epoch's metrics.
    if (tally.stepsLeft() > 0 && this.#clock.isDue(tally.state.step)) await this.#checkpoint();
  }

  /** The last slice ends the epoch; where nothing is to be evaluated, the first one does. */
  async #evaluateSlice(): Promise<void> {
    const { training, tally, trainer } = this.#parts;
    const { split, first, batches } = tally.evaluationLeft();
    if (batches > 0) {
      const startedMs = training.nowMs();
      const atOnce = Math.min(this.#evaluationPace.batchesPerCall(), batches);
      const report = await trainer.evaluate(split, first, atOnce);
      this.#evaluationPace.ran(report.lossSums.length, report.rows.length, training.nowMs() - startedMs);
      tally.addEvaluation(report);
    }
    if (tally.evaluationLeft().batches === 0) await this.#endEpoch();
  }

  async #endEpoch(): Promise<void> {
    const { training, spec, journal, checkpoints, tally } = this.#parts;
    const metrics = tally.endEpoch();
    training.log.info(metrics, 'epoch done');
    training.observe({ kind: 'epoch', tookMs: training.nowMs() - this.#epochSinceMs, metrics });
    this.#epochSinceMs = training.nowMs();
    await journal.append(...courseEvents(spec, tally.state.metrics));
    const stopped = whyStopped(spec, tally.state.metrics);
    if (stopped !== null) {
      training.log.info(stopped, 'training is over');
      await this.#appendProgress();
    }
    const mayBePublished = checkpoints.mayBePublished(metrics, tally.state.metrics);
    if (this.#clock.isDue(metrics.step) || mayBePublished) await this.#checkpoint();
  }

  #progressIntervalMs(): number {
    const { least, most } = progressEveryMs;
    return Math.min(most, Math.max(least, (this.#parts.training.nowMs() - this.#startedMs) / 1_000));
  }

  async #appendProgress(): Promise<void> {
    const { training, journal, tally } = this.#parts;
    const progress = tally.progress(this.#trainingPace, this.#evaluationPace);
    await journal.append({ type: 'progress', progress });
    this.#progressAtMs = training.nowMs();
    const { samples_per_second: samplesPerSecond, train_loss: trainLoss } = progress;
    training.observe({ kind: 'progress', samplesPerSecond, trainLoss });
  }

  async #checkpointIfBehind(): Promise<void> {
    const { step, metrics } = this.#parts.tally.state;
    if (step > this.#checkpointed.step || metrics.length > this.#checkpointed.epochs)
      await this.#checkpoint();
  }

  async #checkpoint(): Promise<void> {
    const { training, description, checkpoints, tally, trainer } = this.#parts;
    const startedMs = training.nowMs();
    const state = await trainer.snapshot();
    refuseIfNotFinite(state);
    const { position, metrics } = tally.state;
    await checkpoints.write({ description, state, position, metrics });
    this.#checkpointed = { step: state.step, epochs: metrics.length };
    const tookMs = training.nowMs() - startedMs;
    this.#clock.wrote(state.step, tookMs);
    training.observe({ kind: 'checkpoint', tookMs, step: state.step });
    await checkpoints.followUp(tally.state);
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
