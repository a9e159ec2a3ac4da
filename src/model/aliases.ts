/**
 * Names for versions of a model, kept as one small document each: `production`, `canary`, and `latest`, which follows
 * publication unless it is set. A change is one blob put in place of another, so that every reader sees one or the other.
 */
import { TrainyardError } from '../errors.js';
import { unreadableAs, type Storage } from '../storage/storage.js';
import { decodeManifest, encodeManifest } from './manifest.js';
import { aliasKey, aliasPattern, folderOf, latestAlias } from './model-folder.js';
import type { Registry } from './registry.js';

/** aliases/production.json */
export interface Alias {
  format_version: 1;
  alias: string;
  version: number;
  updated_at: string;
}

export interface ModelNames {
  /** By alias, and `latest` whether it is set or not; without it where no version can be read. */
  versions: ReadonlyMap<string, number>;
  /** Whether `latest` is set. */
  pinned: boolean;
}

/** The aliases that stand for the version, `latest` among them. */
export function namesOf(version: number, { versions }: ModelNames): string[] {
  return [...versions].filter(([, each]) => each === version).map(([alias]) => alias);
}

export interface Aliases {
  /** Those that are set, sorted by name; of damaged ones nothing is known. */
  list(name: string): Promise<Alias[]>;
  /**
   * Has the alias stand for the version, which must be a good one.
   * @throws TrainyardError INVALID_REQUEST, MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT
   */
  set(name: string, alias: string, version: number): Promise<Alias>;
  /** @throws TrainyardError INVALID_REQUEST, ALIAS_NOT_FOUND */
  remove(name: string, alias: string): Promise<void>;
  /**
   * Sets `latest` to the newest good version before the one that it stands for now.
   * @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND when there is none
   */
  rollBack(name: string): Promise<Alias>;
  /** What every name stands for. */
  names(name: string): Promise<ModelNames>;
}

export function createAliases(options: { storage: Storage; registry: Registry; now?: () => Date }): Aliases {
  const { registry, now = () => new Date() } = options;
  const storage = unreadableAs('CHECKPOINT_CORRUPT', options.storage);

  async function read(name: string, alias: string): Promise<Alias | null> {
    const key = aliasKey(name, alias);
    const bytes = await storage.read(key);
    return bytes === null ? null : (decodeManifest(key, bytes) as Alias);
  }

  /** What cannot be read is as if it were not set, until it is set again. */
  async function tryRead(name: string, alias: string): Promise<Alias | null> {
    try {
      return await read(name, alias);
    } catch (error) {
      if (error instanceof TrainyardError && error.code === 'CHECKPOINT_CORRUPT') return null;
      throw error;
    }
  }

  async function set(name: string, alias: string, version: number): Promise<Alias> {
    const key = aliasKey(name, alias);
    await registry.load(name, version);
    const before = await storage.read(key);
    const document: Alias = { format_version: 1, alias, version, updated_at: now().toISOString() };
    await storage.put(key, encodeManifest(document));
    try {
      // Whoever removes a version looks at the aliases after it; see retention.ts.
      await registry.manifest(name, version);
    } catch (error) {
      if (before === null) await storage.remove(key);
      else await storage.put(key, before);
      throw error;
    }
    return document;
  }

  async function list(name: string): Promise<Alias[]> {
    const files = await storage.list(`${folderOf(name)}/aliases`);
    const names = files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
    const aliases = await Promise.all(
      names.filter((alias) => aliasPattern.test(alias)).map((alias) => tryRead(name, alias)),
    );
    return aliases.filter((alias) => alias !== null);
  }

  async function names(name: string): Promise<ModelNames> {
    const versions = new Map((await list(name)).map(({ alias, version }) => [alias, version]));
    const pinned = versions.has(latestAlias);
    if (!pinned) {
      const newest = await registry.latest(name);
      if (newest !== null) versions.set(latestAlias, newest.version);
    }
    return { versions, pinned };
  }

  return {
    list,
    names,
    set,

    async remove(name, alias) {
      const key = aliasKey(name, alias);
      if ((await storage.read(key)) === null) {
        throw new TrainyardError(
          'ALIAS_NOT_FOUND',
          `The model ${name} has no alias ${JSON.stringify(alias)}.`,
        );
      }
      await storage.remove(key);
    },

    async rollBack(name) {
      const current = (await names(name)).versions.get(latestAlias);
      const versions = await registry.versions(name);
      if (versions.length === 0) {
        throw new TrainyardError('MODEL_NOT_FOUND', `No model named ${name} has been published.`);
      }
      const before = versions.findLast(({ version }) => current !== undefined && version < current);
      if (before === undefined) {
        const message = `The model ${name} has no version before ${current ?? 'the one that answers'}.`;
        throw new TrainyardError('VERSION_NOT_FOUND', message);
      }
      return set(name, latestAlias, before.version);
    },
  };
}
