/**
 * One run from wherever it stands to its end: epochs, metrics, checkpoints, publication, result. The members of an ensemble are
 * trained one after another. All that a run writes can be written again. A run that is killed at any moment and started anew goes on from its newest whole checkpoint, and makes
 * up for what did not come after that.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { TrainyardError } from '../../errors.js';
import type { AugmentedInputs } from '../../model/augmentation/augmented-inputs.js';
import type {
  Engine,
  EngineEntry,
  Trainer,
  TrainingProgram,
  TrainingResources,
} from '../../model/engines/engine.js';
import { selectEngine, type Selection } from '../../model/engines/select.js';
import type { Checkpoint } from '../../model/files/checkpoint.js';
import type { DecodedModel, ModelDescription } from '../../model/files/model-file.js';
import { WorkStopped } from '../../model/evaluation/turn.js';
import type { TrainingState } from '../../model/network/initialization.js';
import { isStorageFailure } from '../../storage/storage.js';
import type { EngineChoice, EpochMetrics, RunEventBody } from '../runs/run-events.js';
import type { RunSpec } from '../runs/run-spec.js';
import { endRun } from '../runs/end-run.js';
import { memberAt, membersOf, specOfMember, startOfMember } from '../runs/ensemble.js';
import { recordsOutcomes } from '../runs/outcomes.js';
import { engineOf } from '../runs/summarize-events.js';
import { courseEvents, whyStopped } from './best-epoch.js';
import { RunCheckpoints } from './checkpoints.js';
import { createOutcomeCounter, type OutcomeCounter } from './count-outcomes.js';
import { judgeOf } from './judge.js';
import { openJournal, type Journal } from './journal.js';
import { loadData, unitsOf, type LoadedData, type TrainingDatasets } from './load-data.js';
import type { TrainingEnd } from './messages.js';
import { augmentedInputsOf } from './augmented-run.js';
import { createCheckpointClock, createPace, type CheckpointClock, type Pace } from './pace.js';
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
  const { runId, store } = training;
  const journal = await openJournal(training, runId, training.term);
  const { engine, reason } = await selectEngineFor(spec, journal, training.engines);
  const checkpoints = new RunCheckpoints(training, spec, journal);
  const found = await checkpoints.newest();
  // What a member that goes on takes from the source of the run is in its checkpoint.
  const isSourceNeeded = found === null || memberAt(spec, found.state.step) < membersOf(spec);
  const source = isSourceNeeded ? await readSource(training.registry, spec) : null;
  const recorded = spec.init_from === undefined ? null : (found ?? source)?.description;
  const loaded = await loadData(training.datasets, spec, recorded);
  checkpoints.judgeBy(judgeOf(training, { spec, loaded, engine, journal }));
  const run = { training, spec, loaded, engine, reason, source, journal, checkpoints };
  const metrics = await trainMembers(run, found);
  if (metrics === null) return 'handed_back';
  await checkpoints.publishMostWanted(metrics, async () => {
    // From here on it cannot be cancelled any more, or it has been.
    if ((await store.decideEnding(runId, 'succeeded')) !== 'cancelled') return;
    throw new TrainyardError('RUN_TAKEN_OVER', `The job ${runId} is cancelled.`);
  });
  return 'finished';
}

/** What all members of a run have in common. */
interface RunParts {
  training: Training;
  spec: RunSpec;
  loaded: LoadedData;
  engine: Engine;
  /** Why it is this engine. */
  reason: string;
  /** The version that members start from; null: none, or all have started. */
  source: DecodedModel | null;
  journal: Journal;
  checkpoints: RunCheckpoints;
}

/** The metrics of all epochs; null: the run is handed back on the way. */
async function trainMembers(run: RunParts, found: Checkpoint | null): Promise<EpochMetrics[] | null> {
  const { training, spec, loaded, engine, reason, source } = run;
  const { data, description } = loaded;
  const { threads, memoryLimitBytes, nowMs } = training;
  const units = unitsOf(description);
  let tally = new Tally(spec, data, found && stateIn(spec, found), units, loaded.rowWeights);
  const pacing: Pacing = {
    startedMs: nowMs(),
    training: createPace(),
    evaluation: createPace(),
    clock: createCheckpointClock(spec.checkpoint, tally.state, nowMs),
  };
  const first = tally.state.member;
  for (let resumed = found; ; resumed = null) {
    const { member } = tally.state;
    const trainer = await engine.trainer(
      programOf(spec, member, description),
      data,
      resumed === null
        ? startState(spec, member, description, source)
        : { ...resumed.state, step: tally.ownStep },
      { threads, memoryLimitBytes },
    );
    const augmented = augmentedInputsOf(specOfMember(spec, member), data.train, tally.epochs.length);
    try {
      const course = new Course({ ...run, tally, trainer, augmented, pacing });
      if (member === first) {
        await course.begin({ name: engine.name, device: trainer.device, reason }, found?.state.step ?? null);
      }
      if ((await course.run()) === 'handed_back') return null;
    } finally {
      await augmented?.dispose();
      await trainer.dispose();
    }
    const next = tally.nextMember();
    if (next === null) return tally.state.metrics;
    tally = new Tally(spec, data, next, units, loaded.rowWeights);
  }
}

function stateIn(spec: RunSpec, { state, position, metrics }: Checkpoint): TallyState {
  const { step } = state;
  return { member: memberAt(spec, step), step, position, metrics: metrics as EpochMetrics[] };
}

function programOf(run: RunSpec, member: number, { scaling }: ModelDescription): TrainingProgram {
  const spec = specOfMember(run, member);
  const { network, loss, optimizer, seed, steps, label_smoothing: labelSmoothing = 0 } = spec;
  return { network, loss, labelSmoothing, optimizer, batchSize: spec.batch_size, seed, steps, scaling };
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

/** How fast a run goes, whichever member is trained. */
interface Pacing {
  startedMs: number;
  training: Pace;
  evaluation: Pace;
  clock: CheckpointClock;
}

interface CourseParts extends RunParts {
  tally: Tally;
  trainer: Trainer;
  /** null: the pictures of all epochs are the same. */
  augmented: AugmentedInputs | null;
  pacing: Pacing;
}

/** The steps, evaluations and checkpoints of a member in one attempt, in slices: between two of them the run can be stopped. */
class Course {
  readonly #parts: CourseParts;
  readonly #outcomes: OutcomeCounter | null;
  #progressAtMs = 0;
  #epochSinceMs: number;
  /** What the newest checkpoint holds. */
  #checkpointed: { step: number; epochs: number };

  constructor(parts: CourseParts) {
    const { training, tally } = parts;
    this.#parts = parts;
    this.#outcomes = createOutcomeCounter(parts.loaded);
    this.#epochSinceMs = training.nowMs();
    this.#checkpointed = { step: tally.state.step, epochs: tally.state.metrics.length };
  }

  /** `resumedFrom`: the step of the checkpoint that the attempt goes on from; null: it begins at the beginning. */
  async begin(engine: EngineChoice, resumedFrom: number | null): Promise<void> {
    const { training, journal, checkpoints, tally, trainer } = this.#parts;
    // Before there was a checkpoint, an event said that the run began.
    if (resumedFrom !== null && journal.engine === null) {
      await journal.warn('Events of earlier attempts are missing.');
    }
    const { name, device, reason } = engine;
    const before = journal.engine;
    const isElsewhere = before?.name === name && before.device !== device;
    if (resumedFrom !== null && isElsewhere && trainer.bitsDependOnDevice === true) {
      await journal.warn(
        `The job was trained on '${before.device}' and goes on on '${device}': its numbers will not have the bits ` +
          'that either of them alone would have given.',
      );
    }
    await journal.append({ type: 'started', engine, resumed_from_step: resumedFrom });
    await this.#appendProgress();
    training.log.info({ engine: name, device, reason, resumed_from_step: resumedFrom }, 'training');
    if (resumedFrom !== null) await checkpoints.followUp(tally.state);
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
    const { training, tally, trainer, augmented, pacing } = this.#parts;
    await augmented?.beforeEpoch(tally.epochs.length, (inputs) => trainer.replaceInputs(inputs));
    const startedMs = training.nowMs();
    const atOnce = Math.min(pacing.training.batchesPerCall(), pacing.clock.stepsAtOnce(tally.state.step));
    const report = await trainer.run(Math.min(atOnce, tally.stepsLeft()));
    pacing.training.ran(report.lossSums.length, report.rows.length, training.nowMs() - startedMs);
    tally.addSteps(report);
    // At the end of an epoch the checkpoint waits for the epoch's metrics.
    if (tally.stepsLeft() > 0 && pacing.clock.isDue(tally.state.step)) await this.#checkpoint();
  }

  /** The last slice ends the epoch; where nothing is to be evaluated, the first one does. */
  async #evaluateSlice(): Promise<void> {
    const { training, tally, trainer, pacing } = this.#parts;
    const { split, first, batches } = tally.evaluationLeft();
    if (batches > 0) {
      const startedMs = training.nowMs();
      const atOnce = Math.min(pacing.evaluation.batchesPerCall(), batches);
      const report = await trainer.evaluate(split, first, atOnce);
      pacing.evaluation.ran(report.lossSums.length, report.rows.length, training.nowMs() - startedMs);
      tally.addEvaluation(report);
      this.#outcomes?.add(split, report);
    }
    if (tally.evaluationLeft().batches === 0) await this.#endEpoch();
  }

  async #endEpoch(): Promise<void> {
    const { training, spec, journal, checkpoints, tally, pacing } = this.#parts;
    const metrics = tally.endEpoch();
    training.log.info(metrics, 'epoch done');
    training.observe({ kind: 'epoch', tookMs: training.nowMs() - this.#epochSinceMs, metrics });
    this.#epochSinceMs = training.nowMs();
    const stopped = whyStopped(spec, tally.epochs);
    const outcomes = this.#outcomesOf(metrics, stopped !== null);
    await journal.append(...courseEvents(spec, tally.state.metrics), ...outcomes);
    if (stopped !== null) {
      training.log.info(stopped, 'training is over');
      await this.#appendProgress();
    }
    const mayBePublished = checkpoints.mayBePublished(metrics, tally.epochs);
    if (pacing.clock.isDue(metrics.step) || mayBePublished) await this.#checkpoint();
  }

  /** Before the checkpoint of the epoch: a run that is killed until then does the epoch again. */
  #outcomesOf({ member, epoch }: EpochMetrics, isLast: boolean): RunEventBody[] {
    const outcomes = this.#outcomes?.take();
    if (outcomes === undefined || !(isLast || recordsOutcomes(epoch))) return [];
    return [{ type: 'outcomes', ...(member !== undefined && { member }), epoch, outcomes }];
  }

  #progressIntervalMs(): number {
    const { least, most } = progressEveryMs;
    const { training, pacing } = this.#parts;
    return Math.min(most, Math.max(least, (training.nowMs() - pacing.startedMs) / 1_000));
  }

  async #appendProgress(): Promise<void> {
    const { training, journal, tally, pacing } = this.#parts;
    const progress = tally.progress(pacing.training, pacing.evaluation);
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
    const { training, spec, loaded, checkpoints, tally, trainer, pacing } = this.#parts;
    const { description } = loaded;
    const { member, position, metrics } = tally.state;
    const startedMs = training.nowMs();
    const own = await trainer.snapshot();
    const state = { ...own, step: startOfMember(spec, member) + own.step };
    refuseIfNotFinite(state);
    await checkpoints.write({ description, state, position, metrics });
    this.#checkpointed = { step: state.step, epochs: metrics.length };
    const tookMs = training.nowMs() - startedMs;
    pacing.clock.wrote(state.step, tookMs);
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
