/**
 * Names for versions of a model, such as `production` or `canary`, each stored as one small document. `latest` is the newest
 * version that is not held, unless it is set. A change replaces one blob by another, so that every reader sees either the old or the new version.
 * A document that cannot be read is a damaged alias: its version is unknown, and no other is served in its place.
 */
import { TrainyardError } from '../../errors.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import { decodeManifest, encodeManifest, isDamage } from '../files/manifest.js';
import { aliasKey, aliasPattern, folderOf, latestAlias } from './model-folder.js';
import type { Registry } from './registry.js';

/** aliases/production.json */
export interface Alias {
  format_version: 1;
  alias: string;
  version: number;
  updated_at: string;
}

/** An alias whose document cannot be read. */
export interface DamagedAlias {
  alias: string;
  /** What is wrong with which file, as a sentence. */
  reason: string;
}

export interface ModelAliases {
  /** Those that are set, sorted by name. */
  set: Alias[];
  damaged: DamagedAlias[];
}

export interface ModelNames {
  /** By alias. `latest` is included even where it is not set, unless it is damaged or no version can be read. */
  versions: ReadonlyMap<string, number>;
  /** Whether `latest` is set. */
  pinned: boolean;
  damaged: readonly DamagedAlias[];
}

/** Says which file is damaged, and how to set the alias again. */
export function damagedAliasError(model: string, { alias, reason }: DamagedAlias): TrainyardError {
  const message =
    `Which version the alias ${alias} of ${model} stands for is unknown: ${reason} ` +
    `Set it again: PUT /v1/models/${model}/aliases/${alias} with {"version": n}.`;
  return new TrainyardError('MODEL_NOT_READY', message);
}

/** The aliases that stand for the version, including `latest`. */
export function namesOf(version: number, { versions }: ModelNames): string[] {
  return [...versions].filter(([, each]) => each === version).map(([alias]) => alias);
}

export interface Aliases {
  list(name: string): Promise<ModelAliases>;
  /**
   * Makes the alias stand for the version, which must be readable. This repairs a damaged alias.
   * @throws TrainyardError INVALID_REQUEST, MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT
   */
  set(name: string, alias: string, version: number): Promise<Alias>;
  /** @throws TrainyardError INVALID_REQUEST, ALIAS_NOT_FOUND */
  remove(name: string, alias: string): Promise<void>;
  /**
   * Sets `latest` to the newest readable version before the one that it stands for now.
   * @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND when there is none, MODEL_NOT_READY when `latest` is damaged
   */
  rollBack(name: string): Promise<Alias>;
  /** The version that each alias stands for. */
  names(name: string): Promise<ModelNames>;
}

export function createAliases(options: { storage: Storage; registry: Registry; now?: () => Date }): Aliases {
  const { registry, now = () => new Date() } = options;
  const storage = unreadableAs('CHECKPOINT_CORRUPT', options.storage);

  /** null: it has just been removed. */
  async function read(name: string, alias: string): Promise<Alias | DamagedAlias | null> {
    const key = aliasKey(name, alias);
    try {
      const bytes = await storage.read(key);
      return bytes === null ? null : (decodeManifest(key, bytes) as Alias);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { alias, reason: error.message };
    }
  }

  /** The stored document, to be put back if need be. For one that cannot be read it is an empty, damaged document. */
  async function contentOf(key: string): Promise<Buffer | null> {
    try {
      return await storage.read(key);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return Buffer.from('');
    }
  }

  async function set(name: string, alias: string, version: number): Promise<Alias> {
    const key = aliasKey(name, alias);
    await registry.load(name, version);
    const before = await contentOf(key);
    const document: Alias = { format_version: 1, alias, version, updated_at: now().toISOString() };
    await storage.put(key, encodeManifest(document));
    try {
      // The version may have been removed meanwhile. Retention removes first and then checks the aliases; see retention.ts.
      await registry.manifest(name, version);
    } catch (error) {
      if (before === null) await storage.remove(key);
      else await storage.put(key, before);
      throw error;
    }
    // Whoever makes it latest has looked at it.
    if (alias === latestAlias) await registry.promote(name, version);
    return document;
  }

  async function aliasesOf(name: string): Promise<string[]> {
    const files = await storage.list(`${folderOf(name)}/aliases`);
    const names = files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
    return names.filter((alias) => aliasPattern.test(alias));
  }

  async function list(name: string): Promise<ModelAliases> {
    const found = await Promise.all((await aliasesOf(name)).map((alias) => read(name, alias)));
    const there = found.filter((alias) => alias !== null);
    return {
      set: there.filter((alias) => 'version' in alias),
      damaged: there.filter((alias) => 'reason' in alias),
    };
  }

  async function names(name: string): Promise<ModelNames> {
    const { set, damaged } = await list(name);
    const versions = new Map(set.map(({ alias, version }) => [alias, version]));
    const pinned = versions.has(latestAlias);
    if (!pinned && !damaged.some(({ alias }) => alias === latestAlias)) {
      const newest = await registry.latest(name);
      if (newest !== null) versions.set(latestAlias, newest.version);
    }
    return { versions, pinned, damaged };
  }

  return {
    list,
    names,
    set,

    async remove(name, alias) {
      const key = aliasKey(name, alias);
      if (!(await aliasesOf(name)).includes(alias)) {
        throw new TrainyardError(
          'ALIAS_NOT_FOUND',
          `The model ${name} has no alias ${JSON.stringify(alias)}.`,
        );
      }
      await storage.remove(key);
    },

    async rollBack(name) {
      const { versions, damaged } = await names(name);
      const unknown = damaged.find(({ alias }) => alias === latestAlias);
      if (unknown !== undefined) throw damagedAliasError(name, unknown);
      const current = versions.get(latestAlias);
      if (current === undefined && (await registry.versionNumbers(name)).length === 0) {
        throw new TrainyardError('MODEL_NOT_FOUND', `No model named ${name} has been published.`);
      }
      const before = await registry.latest(name, current ?? 0);
      if (before === null) {
        const message = `The model ${name} has no version before ${current ?? 'the one that answers'}.`;
        throw new TrainyardError('VERSION_NOT_FOUND', message);
      }
      return set(name, latestAlias, before.version);
    },
  };
}
