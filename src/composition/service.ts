/** One process of the service: starts what ROLE asks for and listens. SIGTERM and SIGINT stop it in the opposite order. */
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { drain } from '../api/plugins/http-server.js';
import { buildWorkerApp } from '../api/worker-app.js';
import type { Config } from '../config.js';
import { TrainyardError } from '../errors.js';
import type { KeyRing } from '../keys/key-ring.js';
import { withoutSecrets, written, type Logger } from '../lib/log.js';
import { isLoopback } from '../lib/loopback.js';
import { onStopSignal } from '../lib/stop-signals.js';
import {
  adviceOnEngines,
  installedEngines,
  predictionEngines,
  selectEngine,
} from '../model/engines/select.js';
import { openApiService } from './api.js';
import { openFoundation, openKeys, type Foundation } from './foundation.js';
import { ServiceProcess } from '../processes/service-process.js';
import { asOneOf, shareOf } from './one-of-several.js';
import { Stops } from './stops.js';
import { openWorker } from './worker.js';

type WebApp = Awaited<ReturnType<typeof buildWorkerApp>>;

/** A stop that takes longer is cut short. */
const stopWithinMs = 10_000;
/** A client that keeps its connection without using it for this long loses it. */
const drainWithinMs = 5_000;
/** A process that replaces another listens by then, even if its models are not loaded. */
const loadWithinMs = 60_000;
/** Codes of the errors when HOST is not a name or an address of this machine. */
const foreignHostCodes = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'];

/** Resolves when it listens. @throws TrainyardError when it cannot start; what was opened is closed again */
export async function runService(whole: Config, wholeLog: Logger): Promise<void> {
  const one = cluster.isWorker ? new ServiceProcess() : null;
  const config = one === null ? whole : shareOf(whole, whole.apiProcesses);
  const log = one === null ? wholeLog : wholeLog.child({ process: await one.join() });
  const stops = new Stops();
  let stopSignal: string | undefined;
  const grace: closeWithGrace.Options = { delay: stopWithinMs, logger: false, skip: ['SIGINT', 'SIGTERM'] };
  const shutdown = closeWithGrace(grace, async ({ signal = stopSignal, err }) => {
    if (err) log.fatal({ err }, 'stopping after an unexpected error');
    else log.info({ signal }, 'stopping');
    await stops.stopAll();
    log.info('stopped');
    await written(log);
  });
  const forgetSignals = onStopSignal({
    stop(signal) {
      stopSignal = signal;
      shutdown.close();
    },
    stopAtOnce: () => process.exit(1),
  });

  try {
    await start({ config, log, stops, one, stop: () => shutdown.close() });
  } catch (error) {
    shutdown.uninstall();
    forgetSignals();
    await stops.stopAll();
    throw error;
  }
}

interface Start {
  config: Config;
  log: Logger;
  stops: Stops;
  /** Where it is one of several processes. */
  one: ServiceProcess | null;
  /** Stops it once it has been drained. */
  stop: () => void;
}

async function start({ config, log, stops, one, stop }: Start): Promise<void> {
  const opened = await openFoundation(config, log, stops);
  const foundation = one === null ? opened : asOneOf(opened, one);
  if (one !== null) stops.add(() => one.tellLastMetrics());
  // A worker loads no engine: each training process selects its own, and logs which.
  const predictsWith = config.role === 'worker' ? null : await selectEngine('auto', predictionEngines);

  // Requests and trainings that are under way end at the same time.
  const [forRequests, forTraining] = [new Stops(), new Stops()];
  stops.add(async () => {
    await Promise.all([forRequests.stopAll(), forTraining.stopAll()]);
  });
  let url: string | undefined;
  let loaded = Promise.resolve();
  if (config.listens) {
    const keys = await openKeys(foundation, forRequests);
    refuseExposure(config, keys);
    let app: WebApp;
    if (predictsWith === null) app = await openWorkerApp(foundation, keys, forRequests);
    else {
      const countRequests = one?.countRequests;
      const api = await openApiService(foundation, { keys, predictsWith, countRequests }, forRequests);
      app = api.app;
      loaded = api.loaded();
    }
    if (one !== null) {
      one.onRetire(() => void drain(app.server, drainWithinMs).then(stop));
      // The others go on answering until this one can.
      if (one.joins) await Promise.race([loaded, sleep(loadWithinMs, undefined, { ref: false })]);
    }
    url = await listen(app, config);
  }
  if (config.role !== 'api') openWorker(foundation, forTraining);

  const summary = {
    url,
    ...(predictsWith && { docs: `${url}/docs` }),
    role: config.role,
    queue: foundation.queues.description,
    ...(predictsWith
      ? { engine: `${predictsWith.engine.name} on ${predictsWith.device}` }
      : { engines: installedEngines().join(', ') }),
    data: config.dataDir,
    ...(config.store.kind !== 'folder' && { store: foundation.storage.description }),
    ...(config.tracing && { traces: withoutSecrets(config.tracing.url) }),
  };
  if (one === null) {
    log.info(summary, predictsWith ? `Trainyard listens on ${url}` : 'Trainyard worker is ready');
    const advice = adviceOnEngines();
    if (advice !== null) log.info(advice);
  } else {
    one.listens(summary);
    void loaded.then(() => {
      log.info('this process answers');
      one.isReady();
    });
  }
}

/** @throws TrainyardError ADDRESS_EXPOSED */
function refuseExposure({ host, allowAnonymous }: Config, keys: KeyRing): void {
  if (keys.isConfigured || allowAnonymous || isLoopback(host)) return;
  throw new TrainyardError(
    'ADDRESS_EXPOSED',
    `There are no keys, and other machines may reach HOST=${host}. Make a key ` +
      '(npm run keys -- create --name admin --scope admin), or set ALLOW_ANONYMOUS=1 to let everyone use everything.',
  );
}

/** For the probes and the scrapes of a worker. */
async function openWorkerApp(
  { config, log, metrics, checks }: Foundation,
  keys: KeyRing,
  stops: Stops,
): Promise<WebApp> {
  const { basePath, anonymousHosts } = config;
  const app = await buildWorkerApp({ log, metrics, checks, basePath, keys, anonymousHosts });
  stops.add(() => app.close());
  return app;
}

async function listen(app: WebApp, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    throw listenError(cause, host, port);
  }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const message = `Port ${port} of ${host} is in use. Set PORT to another one, or to 0 for any that is free.`;
    return new TrainyardError('ADDRESS_IN_USE', message);
  }
  if (code === 'EACCES') {
    const message = `PORT=${port} needs rights that this user lacks. Take one above 1023.`;
    return new TrainyardError('CONFIG_INVALID', message);
  }
  if (foreignHostCodes.includes(code)) {
    const message = `HOST must be an address or a name of this machine, not ${host}.`;
    return new TrainyardError('CONFIG_INVALID', message);
  }
  return cause;
}
