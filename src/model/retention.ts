/**
 * Which versions go: by request, or because more have been published than are to be kept. A version that an alias stands
 * for never goes, and neither does the one that `latest` stands for.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import { namesOf, type Aliases } from './aliases.js';
import type { Registry } from './registry.js';

export interface Retention {
  /** @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT, VERSION_IN_USE */
  remove(name: string, version: number): Promise<void>;
  /** Removes old versions now and from time to time. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createRetention(options: {
  registry: Registry;
  aliases: Aliases;
  /** Of the newest versions of each model; Infinity: all. */
  keep: number;
  log: Pick<Logger, 'info' | 'warn'>;
  sweepIntervalMs?: number;
}): Retention {
  const { registry, aliases, keep, log, sweepIntervalMs = 15_000 } = options;
  let timer: NodeJS.Timeout | undefined;
  let sweeping = Promise.resolve();

  async function removeUnlessNamed(name: string, version: number): Promise<boolean> {
    const isNamed = async (): Promise<boolean> => namesOf(version, await aliases.names(name)).length > 0;
    if (await isNamed()) return false;
    // An alias may be set at this very moment. Who sets it looks for the version afterwards.
    return registry.remove(name, version, isNamed);
  }

  async function sweep(): Promise<void> {
    try {
      for (const name of await registry.names()) {
        for (const version of (await registry.versionNumbers(name)).slice(0, -keep)) {
          if (await removeUnlessNamed(name, version)) {
            log.info({ model: name, version }, `removed a version: the newest ${keep} are kept`);
          }
        }
      }
    } catch (err) {
      log.warn({ err }, 'cannot look for versions to remove; trying again later');
    }
  }

  return {
    async remove(name, version) {
      await registry.manifest(name, version);
      if (await removeUnlessNamed(name, version)) return;
      const names = namesOf(version, await aliases.names(name));
      // Somebody else has removed it meanwhile.
      if (names.length === 0) return;
      throw new TrainyardError(
        'VERSION_IN_USE',
        `Version ${version} of ${name} is ${names.join(', ')}. Set the alias to another version first.`,
      );
    },

    async start() {
      if (keep === Infinity) return;
      sweeping = sweep();
      await sweeping;
      timer = setInterval(() => void (sweeping = sweeping.then(sweep)), sweepIntervalMs).unref();
    },

    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
