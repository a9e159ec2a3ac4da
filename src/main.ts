/** The service's entry: starts what ROLE asks for and listens. SIGTERM and SIGINT stop it in the opposite order. */
import closeWithGrace from 'close-with-grace';
import { buildWorkerApp } from './api/worker-app.js';
import { loadConfig, type Config } from './config.js';
import { TrainyardError } from './errors.js';
import type { KeyRing } from './keys/key-ring.js';
import { createLogger, withoutSecrets, written, type Logger } from './lib/log.js';
import { isLoopback } from './lib/loopback.js';
import { onStopSignal } from './lib/stop-signals.js';
import {
  adviceOnEngines,
  installedEngines,
  predictionEngines,
  selectEngine,
} from './model/engines/select.js';
import { openApiService } from './composition/api.js';
import { openFoundation, openKeys, type Foundation } from './composition/foundation.js';
import { openWorker } from './composition/worker.js';
import { Stops } from './composition/stops.js';

type WebApp = Awaited<ReturnType<typeof buildWorkerApp>>;

/** A stop that takes longer is cut short. */
const stopWithinMs = 10_000;
/** Codes of the errors when HOST is not a name or an address of this machine. */
const foreignHostCodes = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'];

try {
  const config = loadConfig();
  await run(config, createLogger(config));
} catch (error) {
  // An operator can mend a TrainyardError, and reads one plain line. Only a fault of the service shows its stack.
  console.error(error instanceof TrainyardError ? inOneLine(error) : error);
  process.exitCode = 1;
}

function inOneLine({ code, message, cause }: TrainyardError): string {
  const reason = cause instanceof Error ? cause.message : '';
  const isSaid = reason === '' || message.includes(reason);
  return `${code}: ${message}${isSaid ? '' : ` (${reason})`}`.replace(/\s+/g, ' ');
}

async function run(config: Config, log: Logger): Promise<void> {
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
    await start(config, log, stops);
  } catch (error) {
    shutdown.uninstall();
    forgetSignals();
    await stops.stopAll();
    throw error;
  }
}

async function start(config: Config, log: Logger, stops: Stops): Promise<void> {
  const foundation = await openFoundation(config, log, stops);
  // A worker loads no engine: each training process selects its own, and logs which.
  const predictsWith = config.role === 'worker' ? null : await selectEngine('auto', predictionEngines);

  // Requests and trainings that are under way end at the same time.
  const [forRequests, forTraining] = [new Stops(), new Stops()];
  stops.add(async () => {
    await Promise.all([forRequests.stopAll(), forTraining.stopAll()]);
  });
  let url: string | undefined;
  if (config.listens) {
    const keys = await openKeys(foundation, forRequests);
    refuseExposure(config, keys);
    const app = predictsWith
      ? await openApiService(foundation, { keys, predictsWith }, forRequests)
      : await openWorkerApp(foundation, keys, forRequests);
    url = await listen(app, config);
  }
  if (config.role !== 'api') openWorker(foundation, forTraining);

  log.info(
    {
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
    },
    predictsWith ? `Trainyard listens on ${url}` : 'Trainyard worker is ready',
  );
  const advice = adviceOnEngines();
  if (advice !== null) log.info(advice);
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
