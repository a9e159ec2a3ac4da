/** The checkpoints of a run under way: when they are written, which are kept, and which become versions of its model. */
import { TrainyardError } from '../../errors.js';
import {
  newestCheckpoint,
  pruneCheckpoints,
  readCheckpointModel,
  writeCheckpoint,
  type Checkpoint,
} from '../../model/files/checkpoint.js';
import { decodeModelFile, ensembleOf, type DecodedModel } from '../../model/files/model-file.js';
import { summaryOf } from '../../model/evaluation/evaluation.js';
import { createAliases, type Aliases } from '../../model/registry/aliases.js';
import { latestAlias } from '../../model/registry/model-folder.js';
import { trainingSpecOf, type RunSpec } from '../runs/run-spec.js';
import type { EpochMetrics, ServedAs } from '../runs/run-events.js';
import { byMember } from '../runs/ensemble.js';
import { bestFirst, courseEvents, whyStopped } from './best-epoch.js';
import type { ReproducedPin } from '../runs/reproduction.js';
import { compareWithVersion } from './compare-version.js';
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
    const { publish, checkpoint, reproduce } = this.#spec;
    await this.#journal.append(...courseEvents(this.#spec, metrics), { type: 'checkpoint', step });
    const last = metrics.at(-1);
    const isWanted = reproduce === undefined || reproduce.step === step;
    if (publish === 'every_checkpoint' && last?.step === step && isWanted)
      await this.#publishEpoch(last, last);
    await this.#journal.refuseIfTakenOver();
    const protectedSteps = this.#neededSteps(metrics);
    await pruneCheckpoints(storage, this.#prefix, { keep: checkpoint.keep, protectedSteps, term });
  }

  /** Of the best epoch of each member, and of the one that a member which is trained brings to its ensemble. */
  #neededSteps(metrics: readonly EpochMetrics[]): number[] {
    return byMember(metrics).flatMap((epochs) => {
      const isTrained = whyStopped(this.#spec, epochs) !== null;
      const best = bestFirst(this.#spec, epochs).slice(0, 1);
      const wanted = isTrained ? mostWantedFirst(this.#spec, epochs).slice(0, 1) : [];
      return [...best, ...wanted].map(({ step }) => step);
    });
  }

  /** Whether the checkpoint of this epoch, the last one done of its member, must be kept because it may be published. */
  mayBePublished(epoch: EpochMetrics, epochsDone: readonly EpochMetrics[]): boolean {
    const { publish } = this.#spec;
    if (publish === 'none') return false;
    if (publish === 'every_checkpoint' || whyStopped(this.#spec, epochsDone) !== null) return true;
    return publish === 'best' && bestFirst(this.#spec, epochsDone)[0] === epoch;
  }

  /**
   * Of a run that is trained: publishes the epoch of each member that its policy wants most, or else the next one that can be read.
   * `decide` is called once it is judged, and before it is published: what it rejects with ends this.
   * @throws TrainyardError CHECKPOINT_CORRUPT when no epoch of a member can be read
   */
  async publishMostWanted(epochs: readonly EpochMetrics[], decide: () => Promise<void>): Promise<void> {
    if (this.#spec.publish === 'none') return decide();
    const members = byMember(epochs);
    // Whatever has become of its checkpoint since.
    const [wanted] = mostWantedFirst(this.#spec, members.at(-1) ?? []);
    if (wanted !== undefined && this.#isSettled(wanted.step)) return decide();
    const trained: TrainedNetwork[] = [];
    for (const own of members) trained.push(await this.#mostWanted(own));
    const last = epochs.at(-1);
    const metrics = trained.at(-1)?.metrics;
    if (last === undefined || metrics === undefined) throw new Error('A run that is trained has epochs');
    await this.#publish(ensembleOf(trained.map(({ network }) => network)), metrics, last, decide);
  }

  /** Of one member. */
  async #mostWanted(epochs: readonly EpochMetrics[]): Promise<TrainedNetwork> {
    for (const metrics of mostWantedFirst(this.#spec, epochs)) {
      const network = await this.#networkAfter(metrics);
      if (network !== null) return { metrics, network };
    }
    const member = epochs.at(-1)?.member;
    const whose = member === undefined ? 'this job' : `member ${member} of this job`;
    throw new TrainyardError('CHECKPOINT_CORRUPT', `None of the checkpoints of ${whose} can be read.`);
  }

  /** Nothing, when there is no whole checkpoint of this epoch. */
  async #publishEpoch(metrics: EpochMetrics, last: EpochMetrics): Promise<void> {
    const network = await this.#networkAfter(metrics);
    if (network !== null) await this.#publish(network, metrics, last);
  }

  /** What a member had learnt by the end of an epoch; null: there is no whole checkpoint of it. */
  async #networkAfter({ step }: EpochMetrics): Promise<DecodedModel | null> {
    await this.#journal.refuseIfTakenOver();
    try {
      const file = await readCheckpointModel(this.#place.storage, this.#prefix, step);
      return file && decodeModelFile(file);
    } catch (error) {
      if (!(error instanceof TrainyardError && error.code === 'CHECKPOINT_CORRUPT')) throw error;
      await this.#warnOfDamage(step, error.message);
      return null;
    }
  }

  /**
   * `metrics`: of the epoch that is published, of an ensemble that of its last member; `last`: of the last epoch done. The same
   * one is published once, however often this is called.
   */
  async #publish(
    trained: DecodedModel,
    metrics: EpochMetrics,
    last: EpochMetrics,
    decide: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    if (this.#isSettled(metrics.step)) return decide();
    const judged = await this.#judged(trained, metrics, last);
    await decide();
    if (this.#spec.reproduce === undefined) await this.#publishJudged(judged, metrics);
    else await this.#compareJudged(judged, this.#spec.reproduce);
  }

  /** Whether nothing is left to do with the network of this step. */
  #isSettled(step: number): boolean {
    return this.#spec.reproduce === undefined
      ? this.#journal.hasPublished(step)
      : this.#journal.hasReproduced();
  }

  async #judged(trained: DecodedModel, { step }: EpochMetrics, last: EpochMetrics): Promise<Judged> {
    const { nowMs, observe } = this.#place;
    await this.#journal.refuseIfTakenOver();
    const startedMs = nowMs();
    const judged = await this.#judge(trained, last);
    await this.#journal.append({ type: 'evaluated', step, evaluation: summaryOf(judged.evaluation) });
    observe({ kind: 'evaluation', tookMs: nowMs() - startedMs, step });
    return judged;
  }

  async #compareJudged({ file }: Judged, pin: ReproducedPin): Promise<void> {
    const { registry, log } = this.#place;
    const reproduction = await compareWithVersion(registry, pin, file);
    await this.#journal.append({ type: 'reproduced', ...reproduction });
    log.info(reproduction, reproduction.equal ? 'reproduced' : 'trained again, and the bits differ');
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

  async #warnOfDamage(step: number, why: string): Promise<void> {
    await this.#journal.warn(`The checkpoint at step ${step} is damaged and passed over: ${why}`);
  }
}

/** What a member brings to the ensemble. */
interface TrainedNetwork {
  metrics: EpochMetrics;
  network: DecodedModel;
}

/** The epochs of a member whose checkpoints may be published, the most wanted first. */
function mostWantedFirst(spec: RunSpec, epochs: readonly EpochMetrics[]): EpochMetrics[] {
  return spec.publish === 'best' ? bestFirst(spec, epochs) : epochs.toReversed();
}
