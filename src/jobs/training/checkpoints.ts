/** The checkpoints of a run under way: when they are written, which are kept, and which become versions of its model. */
import { TrainyardError } from '../../errors.js';
import {
  newestCheckpoint,
  pruneCheckpoints,
  readCheckpointModel,
  writeCheckpoint,
  type Checkpoint,
} from '../../model/files/checkpoint.js';
import { summaryOf } from '../../model/evaluation/evaluation.js';
import { createAliases, type Aliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import { trainingSpecOf, type EpochMetrics, type RunSpec, type ServedAs } from '../runs/documents.js';
import { bestFirst, courseEvents, whyStopped } from './best-epoch.js';
import type { Journal } from './journal.js';
import type { Judge, Judged } from './judge.js';
import type { RunPlace } from './run-place.js';
import type { TallyState } from './tally.js';

export class RunCheckpoints {
  readonly #place: RunPlace;
  readonly #spec: RunSpec;
  readonly #journal: Journal;
  readonly #prefix: string;
  readonly #aliases: Pick<Aliases, 'names'>;
  #judge: Judge = () => Promise.reject(new Error('Nothing judges what is to be published'));

  constructor(place: RunPlace, spec: RunSpec, journal: Journal) {
    this.#place = place;
    this.#spec = spec;
    this.#journal = journal;
    this.#prefix = place.store.checkpointsOf(place.runId);
    this.#aliases = createAliases(place);
  }

  /** What is published from here on is judged first. */
  judgeBy(judge: Judge): void {
    this.#judge = judge;
  }

  /** The one to go on from; null where there is none. */
  async newest(): Promise<Checkpoint | null> {
    const damaged: [number, string][] = [];
    const newest = await newestCheckpoint(this.#place.storage, this.#prefix, (...damage) => {
      damaged.push(damage);
    });
    for (const damage of damaged) await this.#warnOfDamage(...damage);
    return newest;
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    const { storage, term, now } = this.#place;
    await this.#journal.refuseIfTakenOver();
    await writeCheckpoint(storage, this.#prefix, { ...checkpoint, term, now: now() });
  }

  /** What comes after a checkpoint. After a resume it is done once more, as the run may have died before it. */
  async followUp({ step, metrics }: TallyState): Promise<void> {
    const { storage, term } = this.#place;
    const { publish, checkpoint } = this.#spec;
    await this.#journal.append(...courseEvents(this.#spec, metrics), { type: 'checkpoint', step });
    const last = metrics.at(-1);
    if (publish === 'every_checkpoint' && last?.step === step) await this.#publish(last, last);
    const best = bestFirst(this.#spec, metrics).at(0);
    await this.#journal.refuseIfTakenOver();
    const protectedSteps = best ? [best.step] : [];
    await pruneCheckpoints(storage, this.#prefix, { keep: checkpoint.keep, protectedSteps, term });
  }

  /** Whether the checkpoint of this epoch, the last one done, must be kept because it may be published. */
  mayBePublished(epoch: EpochMetrics, epochsDone: readonly EpochMetrics[]): boolean {
    const { publish } = this.#spec;
    if (publish === 'every_checkpoint' || whyStopped(this.#spec, epochsDone) !== null) return true;
    return publish === 'best' && bestFirst(this.#spec, epochsDone)[0] === epoch;
  }

  /**
   * Of a run that is trained: publishes the epoch that its policy wants most, or else the next one that can be read. `decide` is
   * called once it is judged, and before it is published: what it rejects with ends this.
   * @throws TrainyardError CHECKPOINT_CORRUPT when no epoch can be read
   */
  async publishMostWanted(epochs: readonly EpochMetrics[], decide: () => Promise<void>): Promise<void> {
    for (const metrics of mostWantedFirst(this.#spec, epochs)) {
      if (await this.#publish(metrics, epochs.at(-1) ?? metrics, decide)) return;
    }
    throw new TrainyardError('CHECKPOINT_CORRUPT', 'None of the checkpoints of this job can be read.');
  }

  /** False when there is no whole checkpoint of this epoch. The same one is published once, however often this is called. */
  async #publish(
    metrics: EpochMetrics,
    last: EpochMetrics,
    decide: () => Promise<void> = () => Promise.resolve(),
  ): Promise<boolean> {
    const { step } = metrics;
    if (this.#journal.hasPublished(step)) {
      await decide();
      return true;
    }
    return this.#unlessDamaged(step, async () => {
      const judged = await this.#judged(metrics, last);
      if (judged === null) return false;
      await decide();
      await this.#publishJudged(judged, metrics);
      return true;
    });
  }

  /** The checkpoint at the end of an epoch; null: there is no whole one. `last`: the last epoch done. */
  async #judged({ step }: EpochMetrics, last: EpochMetrics): Promise<Judged | null> {
    const { storage, nowMs, observe } = this.#place;
    await this.#journal.refuseIfTakenOver();
    const trained = await readCheckpointModel(storage, this.#prefix, step);
    if (trained === null) return null;
    const startedMs = nowMs();
    const judged = await this.#judge(trained, last);
    await this.#journal.append({ type: 'evaluated', step, evaluation: summaryOf(judged.evaluation) });
    observe({ kind: 'evaluation', tookMs: nowMs() - startedMs, step });
    return judged;
  }

  async #publishJudged(judged: Judged, metrics: EpochMetrics): Promise<void> {
    const { registry, runId, now, nowMs, log, observe } = this.#place;
    const { model, dataset } = this.#spec;
    const { step } = metrics;
    const startedMs = nowMs();
    await this.#journal.refuseIfTakenOver();
    const pin = { dataset: dataset.name, dataset_version: dataset.version };
    const spec = { ...pin, ...trainingSpecOf(this.#spec) };
    const version = await registry.publish({ model, runId, step, spec, ...judged, metrics, now: now() });
    const servedAs = await this.#servedAs(version);
    await this.#journal.append({ type: 'published', version, step, ...servedAs });
    const { served, reasons } = servedAs;
    if (served) log.info({ model, version, step }, 'published');
    else log.warn({ model, version, step, reasons }, 'published, and not served as latest');
    observe({ kind: 'publication', tookMs: nowMs() - startedMs, step, version, served });
  }

  /** Once it is published: what was decided then stands, whichever attempt asks. */
  async #servedAs(version: number): Promise<ServedAs> {
    const { model } = this.#spec;
    const held = (await this.#place.registry.held(model)).get(version) ?? null;
    const { versions, pinned, damaged } = await this.#aliases.names(model);
    const pinned_to = pinned ? (versions.get(latestAlias) ?? null) : null;
    const isPinnedElsewhere = pinned_to !== null && pinned_to !== version;
    const unreadable = damaged.find(({ alias }) => alias === latestAlias);
    const reasons = [
      ...(held?.reasons ?? []),
      ...(isPinnedElsewhere
        ? [`latest is pinned to version ${pinned_to} until it is set to another one or removed.`]
        : []),
      ...(unreadable === undefined ? [] : [`latest is set and cannot be read: ${unreadable.reason}`]),
    ];
    return { served: reasons.length === 0, held: held !== null, pinned_to, reasons };
  }

  /** False, with a warning, where the checkpoint turns out to be damaged. */
  async #unlessDamaged(step: number, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TrainyardError && error.code === 'CHECKPOINT_CORRUPT')) throw error;
      await this.#warnOfDamage(step, error.message);
      return false;
    }
  }

  async #warnOfDamage(step: number, why: string): Promise<void> {
    await this.#journal.warn(`The checkpoint at step ${step} is damaged and passed over: ${why}`);
  }
}

/** The epochs whose checkpoints a run that is trained may publish, the most wanted first. */
function mostWantedFirst(spec: RunSpec, epochs: readonly EpochMetrics[]): EpochMetrics[] {
  return spec.publish === 'best' ? bestFirst(spec, epochs) : epochs.toReversed();
}
