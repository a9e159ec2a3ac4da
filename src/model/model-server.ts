/**
 * What /predict answers from: the newest good version of every model, kept loaded and up to date by polling the
 * registry, and a few older versions that were asked for by number. A new version is loaded first and swapped in after,
 * so that a request is answered whole by one version and none fails because of a reload.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { Engine } from './engines/engine.js';
import type { Registry, VersionManifest } from './registry.js';
import { serveVersion, type Prediction, type ServedVersion } from './served-version.js';

/** Versions asked for by number that stay loaded. */
const olderVersionsKept = 4;

export interface PredictionRequest {
  /** Without it, the model whose latest version was published last. */
  model?: string | undefined;
  /** Without it, the latest. */
  version?: number | undefined;
  /** Raw: the model carries its own preprocessing. */
  inputs: number[][];
  /** Asks for this many of the likeliest classes, or all where there are fewer. */
  topK?: number | undefined;
}

/** A document. */
export interface PredictionResponse {
  model: string;
  version: number;
  predictions: Prediction[];
}

export interface ModelServer {
  /** Loads the latest version of every model and follows new ones from then on. */
  start(): Promise<void>;
  /** @throws TrainyardError MODEL_NOT_READY, MODEL_NOT_FOUND, VERSION_NOT_FOUND, INVALID_REQUEST, CHECKPOINT_CORRUPT */
  predict(request: PredictionRequest): Promise<PredictionResponse>;
  /** Looks for new versions now: all that was published before the call is served after it, unless it is damaged. */
  refresh(): Promise<void>;
  /** The models and the version that answers as their latest. */
  status(): { model: string; version: number }[];
  /** Frees the models as their last predictions end. */
  stop(): Promise<void>;
}

interface Latest {
  manifest: VersionManifest;
  served: ServedVersion;
}

export function createModelServer(options: {
  registry: Registry;
  engine: Engine;
  log: Pick<Logger, 'info' | 'warn'>;
  pollIntervalMs?: number;
}): ModelServer {
  const { registry, engine, log, pollIntervalMs = 500 } = options;
  const latest = new Map<string, Latest>();
  /** By `name@version`, the one used last at the end. */
  const older = new Map<string, ServedVersion>();
  /** Versions that did not load, by `name@version`: each is logged once, and a damaged one is not tried again. */
  const failed = new Map<string, 'damaged' | 'to be tried again'>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let polling = Promise.resolve();
  let nextPoll: Promise<void> | undefined;
  let pollFailed = false;

  /** One poll at a time; all who ask while one runs share the next, as it sees what the running one may have missed. */
  function refresh(): Promise<void> {
    nextPoll ??= polling.then(() => {
      nextPoll = undefined;
      polling = poll();
      return polling;
    });
    return nextPoll;
  }

  async function poll(): Promise<void> {
    if (stopped) return;
    try {
      for (const name of await registry.names()) await follow(name);
      pollFailed = false;
    } catch (err) {
      if (!pollFailed) log.warn({ err }, 'cannot look for new model versions; trying again until it works');
      pollFailed = true;
    }
  }

  /** Serves the newest version that loads. */
  async function follow(name: string): Promise<void> {
    const current = latest.get(name);
    for (const version of (await registry.versionNumbers(name)).reverse()) {
      if (version === current?.manifest.version) return;
      if (failed.get(`${name}@${version}`) === 'damaged') continue;
      const served = load(name, version);
      try {
        latest.set(name, { manifest: await served.ready, served });
        current?.served.retire();
        log.info({ model: name, version }, 'serving a new model version');
        return;
      } catch (error) {
        reportFailure(name, version, error);
      }
    }
  }

  function reportFailure(name: string, version: number, err: unknown): void {
    const key = `${name}@${version}`;
    const isDamaged = err instanceof TrainyardError && err.code === 'CHECKPOINT_CORRUPT';
    if (!failed.has(key)) log.warn({ err, model: name, version }, 'a model version cannot be loaded');
    failed.set(key, isDamaged ? 'damaged' : 'to be tried again');
  }

  function load(name: string, version: number): ServedVersion {
    return serveVersion(() => registry.load(name, version), engine);
  }

  function find(name: string | undefined): Latest | undefined {
    return name === undefined ? lastPublished() : latest.get(name);
  }

  function lastPublished(): Latest | undefined {
    return [...latest.values()].reduce<Latest | undefined>((last, each) => {
      return last !== undefined && last.manifest.created_at > each.manifest.created_at ? last : each;
    }, undefined);
  }

  async function throwNotServed(name: string | undefined): Promise<never> {
    const known = await registry.names();
    if (known.length === 0) {
      const message =
        'No model has been trained yet: POST /v1/jobs, wait for the job to succeed, and ask again.';
      throw new TrainyardError('MODEL_NOT_READY', message);
    }
    if (name === undefined || known.includes(name)) {
      const message = `No version of ${name ?? known.join(', ')} can be loaded; the service's log says why.`;
      throw new TrainyardError('MODEL_NOT_READY', message);
    }
    const message = `There is no model ${JSON.stringify(name)}; published are: ${known.join(', ')}.`;
    throw new TrainyardError('MODEL_NOT_FOUND', message, { pointer: '/model' });
  }

  function olderVersion(name: string, version: number): ServedVersion {
    const key = `${name}@${version}`;
    const served = older.get(key) ?? loadOlder(key, name, version);
    older.delete(key);
    older.set(key, served);
    return served;
  }

  function loadOlder(key: string, name: string, version: number): ServedVersion {
    const served = load(name, version);
    // Room is made only for a version that did load, so that asking for one that is not there pushes none out.
    served.ready.then(dropLeastUsed, () => {
      if (older.get(key) === served) older.delete(key);
    });
    return served;
  }

  function dropLeastUsed(): void {
    for (const [key, served] of [...older].slice(0, -olderVersionsKept)) {
      older.delete(key);
      served.retire();
    }
  }

  return {
    async start() {
      await refresh();
      timer = setInterval(() => void refresh(), pollIntervalMs).unref();
    },

    async predict({ model: name, version: asked, inputs, topK }) {
      if (find(name) === undefined) await refresh();
      if (stopped) throw new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
      // From here to `predict` nothing is awaited, or the version could be retired in between.
      const { manifest, served } = find(name) ?? (await throwNotServed(name));
      const { model, version } = manifest;
      if (asked === undefined || asked === version) {
        return { model, version, predictions: await served.predict(inputs, topK) };
      }
      return { model, version: asked, predictions: await olderVersion(model, asked).predict(inputs, topK) };
    },

    refresh,

    status() {
      return [...latest.values()].map(({ manifest: { model, version } }) => ({ model, version }));
    },

    async stop() {
      stopped = true;
      clearInterval(timer);
      await refresh();
      for (const { served } of latest.values()) served.retire();
      for (const served of older.values()) served.retire();
      latest.clear();
      older.clear();
    },
  };
}
