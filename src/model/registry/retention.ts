/**
 * Removes versions, on request or because there are more than are to be kept. A version that an alias stands for, `latest`
 * included, is never removed. While an alias of a model is damaged, it may stand for any version, so none is removed.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { namesOf, type Aliases, type ModelNames } from './aliases.js';
import type { Registry } from './registry.js';

export interface Retention {
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT, VERSION_IN_USE */
  remove(name: string, version: number): Promise<void>;
  /** Removes old versions now and at regular intervals. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createRetention(options: {
  registry: Registry;
  aliases: Aliases;
  /** How many of the newest versions of each model are kept; Infinity: all. */
  keep: number;
  log: Pick<Logger, 'info' | 'warn'>;
  removeEveryMs?: number;
}): Retention {
  const { registry, aliases, keep, log, removeEveryMs = 15_000 } = options;
  let timer: NodeJS.Timeout | undefined;
  let removing = Promise.resolve();

  async function removeUnlessNamed(name: string, version: number): Promise<boolean> {
    const isNamed = async (): Promise<boolean> => mayBeNamed(version, await aliases.names(name));
    if (await isNamed()) return false;
    // An alias may be set right now. Setting one checks the version afterwards; see aliases.ts.
    return registry.remove(name, version, isNamed);
  }

  async function removeOld(): Promise<void> {
    try {
      for (const name of await registry.names()) {
        const numbers = await registry.versionNumbers(name);
        if (numbers.length <= keep) continue;
        const held = await registry.held(name);
        // Held versions do not push out those that are served.
        const old = [
          ...numbers.filter((version) => !held.has(version)).slice(0, -keep),
          ...numbers.filter((version) => held.has(version)).slice(0, -keep),
        ];
        if (old.length === 0) continue;
        const names = await aliases.names(name);
        for (const version of old) {
          if (mayBeNamed(version, names)) continue;
          if (await removeUnlessNamed(name, version)) {
            log.info({ model: name, version }, `removed a version: the newest ${keep} are kept`);
          }
        }
      }
    } catch (err) {
      log.warn({ err }, 'cannot remove old versions; trying again later');
    }
  }

  return {
    async remove(name, version) {
      await registry.manifest(name, version);
      if (await removeUnlessNamed(name, version)) return;
      const names = await aliases.names(name);
      // Another process has removed it meanwhile.
      if (!mayBeNamed(version, names)) return;
      throw new TrainyardError('VERSION_IN_USE', whyInUse(name, version, names));
    },

    async start() {
      if (keep === Infinity) return;
      timer = setInterval(() => void (removing = removing.then(removeOld)), removeEveryMs).unref();
      removing = removeOld();
      await removing;
    },

    async stop() {
      clearInterval(timer);
      await removing;
    },
  };
}

function mayBeNamed(version: number, names: ModelNames): boolean {
  return names.damaged.length > 0 || namesOf(version, names).length > 0;
}

function whyInUse(name: string, version: number, names: ModelNames): string {
  const unknown = names.damaged.at(0);
  if (unknown !== undefined) {
    return (
      `Version ${version} of ${name} may be the one that the alias ${unknown.alias} stands for, which is unknown: ` +
      `${unknown.reason} Set or remove that alias first.`
    );
  }
  const named = namesOf(version, names).join(', ');
  return `Version ${version} of ${name} is ${named}. Set the alias to another version first.`;
}
