/**
 * Follows the registry. A model in use is checked at every poll, and so is the model that was published last. The others take
 * turns, so that a poll costs the same however many models there are.
 */
import type { Logger } from 'pino';
import { forEachBounded } from '../../lib/for-each-bounded.js';
import { oneAtATime } from '../../lib/one-at-a-time.js';
import type { Aliases, DamagedAlias } from '../registry/aliases.js';
import type { Registry } from '../registry/registry.js';
import type { AliasSwitch } from './alias-switch.js';
import { update, type FollowedModel, type FollowedModels } from './followed-models.js';
import type { LoadedVersions } from './loaded-versions.js';

/** A model is in use for so long after a request for it. */
const inUseMs = 30_000;
/** How many models that are not in use are checked in one poll. */
const checksInTurn = 50;
const checksAtOnce = 16;

export interface RegistryWatchOptions {
  registry: Pick<Registry, 'folders' | 'lastPublished' | 'publishedModel'>;
  aliases: Pick<Aliases, 'list'>;
  models: FollowedModels;
  versions: Pick<LoadedVersions, 'keepOnly'>;
  switches: AliasSwitch;
  log: Pick<Logger, 'info' | 'warn'>;
  lookEveryMs: number;
  stopping: AbortSignal;
  /** Called after each check of a model that is published. */
  onChecked: (name: string) => void;
}

export class RegistryWatch {
  readonly #options: RegistryWatchOptions;
  /** Models whose turn is yet to come. When it is empty, all models are listed again. */
  readonly #inTurn: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  /**
   * Checks one model now.
   * @throws whatever the registry throws
   */
  readonly check = oneAtATime((name: string) => this.#check(name));

  readonly #poll = oneAtATime(() => this.#checkSome());
  readonly #refreshAll = oneAtATime(() => this.#checkAll());

  constructor(options: RegistryWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const poll = (): void => void this.#unlessFailing(() => this.#poll());
    this.#timer = setInterval(poll, this.#options.lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Checks all models, and loads what is to take over their aliases. A failure is logged. */
  async refreshAll(): Promise<void> {
    await this.#unlessFailing(() => this.#refreshAll());
  }

  /** As `refreshAll`, for one model. False where it failed. */
  refresh(name: string): Promise<boolean> {
    const { models, switches } = this.#options;
    return this.#unlessFailing(async () => {
      await this.check(name);
      const model = models.get(name);
      if (model !== undefined) await switches.settle(model);
    });
  }

  /** Whether the model may have changed since its last check. One in use is checked all the time, unless the check fails. */
  isStale({ checkedAtMs, usedAtMs }: FollowedModel, nowMs: number): boolean {
    return nowMs - checkedAtMs > 2 * this.#options.lookEveryMs && nowMs - usedAtMs > inUseMs;
  }

  /** Logs the first failure of a row; the next poll tries again. */
  async #unlessFailing(work: () => Promise<void>): Promise<boolean> {
    const { log, stopping } = this.#options;
    if (stopping.aborted) return false;
    try {
      await work();
      this.#failing = false;
      return true;
    } catch (err) {
      if (!this.#failing) {
        log.warn({ err }, 'cannot look for changes of the models; trying again until it works');
      }
      this.#failing = true;
      return false;
    }
  }

  async #checkSome(): Promise<void> {
    const { registry, models } = this.#options;
    if (this.#inTurn.length === 0) {
      this.#inTurn.push(...new Set([...(await registry.folders()), ...models.names()]));
    }
    const usedSinceMs = performance.now() - inUseMs;
    const inUse = models.all().filter(({ usedAtMs }) => usedAtMs > usedSinceMs);
    const published = await registry.lastPublished();
    await this.#checkEach([
      ...inUse.map(({ name }) => name),
      ...(published === null ? [] : [published]),
      ...this.#inTurn.splice(0, checksInTurn),
    ]);
  }

  async #checkAll(): Promise<void> {
    const { registry, models, switches } = this.#options;
    const names = [...(await registry.folders()), ...models.names()];
    try {
      await this.#checkEach(names);
    } finally {
      // A model that cannot be checked does not keep the others from their changes.
      await Promise.all(models.all().map((model) => switches.settle(model)));
    }
  }

  /** @throws the first error, after all have been checked */
  async #checkEach(names: readonly string[]): Promise<void> {
    const errors: unknown[] = [];
    await forEachBounded(new Set(names), checksAtOnce, (name) =>
      this.check(name).catch((error: unknown) => errors.push(error)),
    );
    if (errors.length > 0) throw errors[0];
  }

  async #check(name: string): Promise<void> {
    const { registry, aliases, models, versions, switches, log, stopping, onChecked } = this.#options;
    const published = await registry.publishedModel(name);
    if (published === null) {
      versions.keepOnly(name, []);
      models.delete(name);
      return;
    }
    const mayHaveAliases = published.hasAliases && !published.unloaded;
    const found = mayHaveAliases ? await aliases.list(name) : { set: [], damaged: [] };
    if (stopping.aborted) return;
    const model = models.get(name) ?? models.add(name);
    this.#logNewDamage(model, found.damaged);
    if (published.unloaded && !model.unloaded) log.info({ model: name }, 'the model is unloaded');
    update(model, published, found);
    await switches.readManifests(model);
    // Deleted meanwhile, by a stop.
    if (models.get(name) !== model) return;
    versions.keepOnly(name, model.unloaded ? [] : model.versions);
    switches.switchUnloaded(model);
    onChecked(name);
  }

  #logNewDamage(model: FollowedModel, damaged: readonly DamagedAlias[]): void {
    for (const { alias, reason } of damaged) {
      if (model.damaged.some((known) => known.alias === alias)) continue;
      const version = model.current.get(alias);
      const message =
        version === undefined
          ? 'an alias cannot be read; it answers nothing until it is set again'
          : 'an alias cannot be read; it keeps its version until it is set again';
      this.#options.log.warn({ model: model.name, alias, version, reason }, message);
    }
  }
}
