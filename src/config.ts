/** All settings, read from the environment once and frozen. Nothing else in src reads process.env. */
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import envSchema from 'env-schema';
import Type, { type Static } from 'typebox';
import {
  parseBasePath,
  parseHosts,
  parseOrigins,
  parseQueueUrl,
  parseStoreUrl,
  parseTracesHeaders,
  parseTracesUrl,
  type QueueTarget,
  type StoreTarget,
} from './config-formats.js';
import { TrainyardError } from './errors.js';

const megabyte = 2 ** 20;

/** By default there are no more API processes than the memory has room for, each with a model cache. */
const apiProcessBytes = 512 * megabyte;

/** Off unless set to 1 or true. */
const Switch = Type.Enum(['0', '1', 'false', 'true'], { default: '0' });

/** The variables. README.md explains each. */
const Env = Type.Object({
  ROLE: Type.Enum(['all', 'api', 'worker'], { default: 'all' }),
  HOST: Type.String({ default: '127.0.0.1' }),
  PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
  DATA_DIR: Type.String({ default: 'data' }),
  STORE_URL: Type.Optional(Type.String()),
  QUEUE_URL: Type.Optional(Type.String()),
  API_PROCESSES: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
  WORKER_CONCURRENCY: Type.Integer({ minimum: 1, maximum: 64, default: 1 }),
  THREADS: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
  GPU_IDLE_SECONDS: Type.Integer({ minimum: 0, maximum: 86_400, default: 300 }),
  MAX_QUEUED_JOBS: Type.Integer({ minimum: 1, default: 1_000 }),
  MAX_WAITING_PREDICTIONS: Type.Integer({ minimum: 1, default: 512 }),
  MAX_DATASET_MB: Type.Integer({ minimum: 1, default: 1_024 }),
  KEEP_VERSIONS: Type.Optional(Type.Integer({ minimum: 1 })),
  MODEL_MEMORY_MB: Type.Optional(Type.Integer({ minimum: 1 })),
  TRAINING_MEMORY_LIMIT_MB: Type.Optional(Type.Integer({ minimum: 64 })),
  WEBHOOK_SECRET: Type.Optional(Type.String()),
  WEBHOOK_ALLOW_PRIVATE: Switch,
  ALLOW_ANONYMOUS: Switch,
  ALLOWED_HOSTS: Type.Optional(Type.String()),
  BASE_PATH: Type.Optional(Type.String()),
  CORS_ORIGINS: Type.Optional(Type.String()),
  ADMIN_UI: Switch,
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Type.String()),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Type.Optional(Type.String()),
  OTEL_EXPORTER_OTLP_HEADERS: Type.String({ default: '' }),
  OTEL_SERVICE_NAME: Type.String({ default: 'trainyard' }),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({ minimum: 0, maximum: 1, default: 1 }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
  LOG_FORMAT: Type.Enum(['auto', 'json', 'pretty'], { default: 'auto' }),
});

type EnvValues = Static<typeof Env>;

export interface TracingSettings {
  /** Spans are posted here. */
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly serviceName: string;
  /** The fraction, from 0 to 1, of the traces that begin here which are sent. */
  readonly sampleRatio: number;
}

export interface Config {
  readonly role: 'all' | 'api' | 'worker';
  /** Whether the process serves HTTP. An API does; a worker does if PORT is set. */
  readonly listens: boolean;
  readonly host: string;
  /** 0 lets the system choose a free port. */
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly store: StoreTarget;
  readonly queue: QueueTarget;
  /** Processes that answer HTTP on the one port; their limits are together those below. */
  readonly apiProcesses: number;
  /** Jobs that one worker trains at a time. */
  readonly workerConcurrency: number;
  /** Threads that one training may use. */
  readonly threads: number;
  /** How long a training process that holds a GPU waits for the next job; 0: it ends with its job. */
  readonly gpuIdleMs: number;
  /** Further jobs are refused while this many wait. */
  readonly maxQueuedJobs: number;
  /** Further predictions are refused while this many are under way. */
  readonly maxWaitingPredictions: number;
  /** For all request bodies together. */
  readonly bodyMemoryBytes: number;
  /** Larger uploads of datasets are refused. */
  readonly maxDatasetBytes: number;
  /** How many of the newest versions of each model are kept; Infinity keeps all. */
  readonly keepVersions: number;
  /** For all loaded versions together; a larger version is refused. */
  readonly modelMemoryBytes: number;
  /** A network whose training is estimated to need more is refused. */
  readonly trainingMemoryLimitBytes: number;
  /** As it was set; undefined: no webhooks. */
  readonly webhookSecret: string | undefined;
  /** Whether webhooks may go to private and loopback addresses. */
  readonly webhookAllowPrivate: boolean;
  /** Whether a service without keys may listen where other machines reach it. */
  readonly allowAnonymous: boolean;
  /** Host names, in lower case, that requests to a service without keys may use besides those of this machine; '*': any. */
  readonly anonymousHosts: '*' | readonly string[];
  /** The path under which clients reach the service through a proxy: '' or like '/ml'. */
  readonly basePath: string;
  /** Exact origins whose pages may use the service, or '*' for any. */
  readonly corsOrigins: '*' | readonly string[];
  /** Whether /admin/queues shows the queues. */
  readonly adminUi: boolean;
  /** null: nothing is traced. */
  readonly tracing: TracingSettings | null;
  readonly logLevel: string;
  readonly logFormat: 'json' | 'pretty';
}

/** @throws TrainyardError CONFIG_INVALID, naming the variable and what it may hold */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const values = parseEnv(env);
  const queue = parseQueueUrl(values.QUEUE_URL);
  if (values.ROLE !== 'all' && queue.kind === 'embedded') {
    throw new TrainyardError(
      'CONFIG_INVALID',
      `ROLE=${values.ROLE} needs QUEUE_URL: the embedded queue lives inside one process, so a separate API and worker ` +
        'cannot share it. Set QUEUE_URL to redis://… or postgres://…, or use ROLE=all.',
    );
  }
  if (values.ROLE !== 'api' && values.API_PROCESSES !== undefined && values.API_PROCESSES > 1) {
    throw new TrainyardError(
      'CONFIG_INVALID',
      `API_PROCESSES=${values.API_PROCESSES} needs ROLE=api, QUEUE_URL, and workers beside it (ROLE=worker): a process that ` +
        'also trains, or has the embedded queue, is the only one of its service.',
    );
  }
  const cores = availableParallelism();
  const memoryBytes = machineMemoryBytes();
  const workerConcurrency = Math.min(values.WORKER_CONCURRENCY, 4 * cores);
  return Object.freeze({
    role: values.ROLE,
    host: values.HOST,
    listens: values.ROLE !== 'worker' || values.PORT !== undefined,
    port: values.PORT ?? 3000,
    dataDir: resolve(values.DATA_DIR),
    store: parseStoreUrl(values.STORE_URL),
    queue,
    apiProcesses:
      values.ROLE === 'api' ? (values.API_PROCESSES ?? defaultApiProcesses(cores, memoryBytes)) : 1,
    workerConcurrency,
    threads: values.THREADS ?? Math.max(1, Math.floor(cores / workerConcurrency)),
    gpuIdleMs: values.GPU_IDLE_SECONDS * 1_000,
    maxQueuedJobs: values.MAX_QUEUED_JOBS,
    maxWaitingPredictions: values.MAX_WAITING_PREDICTIONS,
    bodyMemoryBytes: Math.min(512 * megabyte, Math.max(64 * megabyte, Math.floor(memoryBytes / 8))),
    maxDatasetBytes: values.MAX_DATASET_MB * megabyte,
    keepVersions: values.KEEP_VERSIONS ?? Infinity,
    modelMemoryBytes: limitBytes(values.MODEL_MEMORY_MB, memoryBytes / 4),
    trainingMemoryLimitBytes: limitBytes(values.TRAINING_MEMORY_LIMIT_MB, memoryBytes / 2),
    webhookSecret: values.WEBHOOK_SECRET,
    webhookAllowPrivate: isOn(values.WEBHOOK_ALLOW_PRIVATE),
    allowAnonymous: isOn(values.ALLOW_ANONYMOUS),
    anonymousHosts: anonymousHostsOf(values),
    basePath: parseBasePath(values.BASE_PATH),
    corsOrigins: parseOrigins(values.CORS_ORIGINS),
    adminUi: isOn(values.ADMIN_UI),
    tracing: tracingOf(values),
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : values.LOG_FORMAT,
  });
}

function parseEnv(env: NodeJS.ProcessEnv): EnvValues {
  // Compose files and shells use an empty variable for "not set".
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  try {
    return envSchema<EnvValues>({ schema: Env, data: set, env: false });
  } catch (error) {
    const wrong = (error as { errors?: { instancePath: string }[] }).errors?.map(
      ({ instancePath }) => instancePath,
    );
    const names = Object.keys(Env.properties).filter((name) => wrong?.includes(`/${name}`));
    if (names.length === 0) throw error;
    const problems = names.map(
      (name) => `${name} must be ${allowedValues(name)}, not ${JSON.stringify(set[name])}.`,
    );
    throw new TrainyardError('CONFIG_INVALID', problems.join(' '));
  }
}

/** In words. Settings that may hold a secret are plain strings, which always pass the schema. */
function allowedValues(name: string): string {
  const schema = Env.properties[name as keyof typeof Env.properties] as {
    enum?: string[];
    type?: string;
    minimum?: number;
    maximum?: number;
  };
  if (schema.enum) return `${schema.enum.slice(0, -1).join(', ')} or ${schema.enum.at(-1) ?? ''}`;
  const { minimum = -Infinity, maximum = Infinity } = schema;
  const kind = schema.type === 'integer' ? 'a whole number' : 'a number';
  return maximum === Infinity ? `${kind} of at least ${minimum}` : `${kind} from ${minimum} to ${maximum}`;
}

/** One core is left to what else runs: the system, the supervisor, a proxy. */
function defaultApiProcesses(cores: number, memoryBytes: number): number {
  return Math.max(1, Math.min(cores - 1, Math.floor(memoryBytes / apiProcessBytes)));
}

function isOn(value: Static<typeof Switch>): boolean {
  return value === '1' || value === 'true';
}

function limitBytes(megabytes: number | undefined, defaultBytes: number): number {
  return megabytes === undefined ? Math.floor(defaultBytes) : megabytes * megabyte;
}

/** By default only the names of this machine, or any name if everyone may use the service. */
function anonymousHostsOf({ ALLOWED_HOSTS, ALLOW_ANONYMOUS }: EnvValues): Config['anonymousHosts'] {
  if (ALLOWED_HOSTS !== undefined) return parseHosts(ALLOWED_HOSTS);
  return isOn(ALLOW_ANONYMOUS) ? '*' : [];
}

/** The variables are OpenTelemetry's own: a base URL, or a URL that is used as it is. */
function tracingOf(values: EnvValues): TracingSettings | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact } = values;
  if (base === undefined && exact === undefined) return null;
  return {
    url:
      exact === undefined
        ? parseTracesUrl('OTEL_EXPORTER_OTLP_ENDPOINT', `${base?.replace(/\/$/, '')}/v1/traces`)
        : parseTracesUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', exact),
    headers: parseTracesHeaders(values.OTEL_EXPORTER_OTLP_HEADERS),
    serviceName: values.OTEL_SERVICE_NAME,
    sampleRatio: values.OTEL_TRACES_SAMPLER_ARG,
  };
}

/** The limit of the container if there is one, otherwise the memory of the machine. */
function machineMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
