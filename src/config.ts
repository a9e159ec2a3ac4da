/** Every setting, read from the environment once and frozen. Nothing else in src reads process.env. */
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import envSchema from 'env-schema';
import Type, { type Static } from 'typebox';
import { TrainyardError } from './errors.js';

/** Off, unless it is set to 1 or true. */
const Switch = Type.Enum(['0', '1', 'false', 'true'], { default: '0' });

const Env = Type.Object({
  ROLE: Type.Enum(['all', 'api', 'worker'], { default: 'all' }),
  HOST: Type.String({ default: '127.0.0.1' }),
  PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
  DATA_DIR: Type.String({ default: 'data' }),
  STORE_URL: Type.Optional(Type.String()),
  QUEUE_URL: Type.Optional(Type.String()),
  WORKER_CONCURRENCY: Type.Integer({ minimum: 1, maximum: 64, default: 1 }),
  THREADS: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
  MAX_QUEUED_JOBS: Type.Integer({ minimum: 1, default: 1_000 }),
  MAX_WAITING_PREDICTIONS: Type.Integer({ minimum: 1, default: 512 }),
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

export type QueueTarget = { kind: 'embedded' } | { kind: 'redis' | 'postgres'; url: string };

/** Where runs, models and keys are kept: in the data folder, or in a bucket. */
export type StoreTarget =
  | { kind: 'folder' }
  | {
      kind: 's3';
      bucket: string;
      /** Of every key; '' or ending with '/'. */
      prefix: string;
      /** Where it is not AWS. */
      endpoint?: string;
      /** Undefined: as the AWS SDK finds it. */
      region?: string;
      /** Whether the bucket stands in the path of a URL instead of in its host name. */
      pathStyle: boolean;
    };

export interface TracingSettings {
  /** Where spans are posted. */
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly serviceName: string;
  /** Part of the traces that begin here which are sent, from 0 to 1. */
  readonly sampleRatio: number;
}

export interface Config {
  readonly role: 'all' | 'api' | 'worker';
  /** Whether the process serves HTTP: an API does, a worker where a port is set. */
  readonly listens: boolean;
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly store: StoreTarget;
  readonly queue: QueueTarget;
  /** Runs that one worker trains at a time. */
  readonly workerConcurrency: number;
  /** That one run may train on. */
  readonly threads: number;
  /** Jobs that may wait; more are refused for the time being. */
  readonly maxQueuedJobs: number;
  /** Predictions that may be under way at a time; more are refused for the moment. */
  readonly maxWaitingPredictions: number;
  /** That request bodies may take up together. */
  readonly bodyMemoryBytes: number;
  /** Of the newest versions of each model; Infinity: all. */
  readonly keepVersions: number;
  /** What the versions that are loaded may hold together; a larger one is refused. */
  readonly modelMemoryBytes: number;
  /** A network whose training is estimated to need more is refused. */
  readonly trainingMemoryLimitBytes: number;
  /** As it is set; undefined: no webhooks. */
  readonly webhookSecret: string | undefined;
  /** Whether webhooks may go to private and loopback addresses. */
  readonly webhookAllowPrivate: boolean;
  /** Whether a service without keys may listen where other machines reach it. */
  readonly allowAnonymous: boolean;
  /** By which names a service without keys may be asked besides those of its own machine, in lower case; '*': by any. */
  readonly anonymousHosts: '*' | readonly string[];
  /** Under which path clients reach the service through a proxy: '' or like '/ml'. */
  readonly basePath: string;
  /** Exact origins whose pages may ask, or '*' for any. */
  readonly corsOrigins: '*' | readonly string[];
  /** Whether the queues are shown at /admin/queues. */
  readonly adminUi: boolean;
  /** null: nothing is traced. */
  readonly tracing: TracingSettings | null;
  readonly logLevel: string;
  readonly logFormat: 'json' | 'pretty';
}

const queueKinds: Record<string, 'redis' | 'postgres'> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

/**
 * @throws TrainyardError CONFIG_INVALID, naming the variable and what it may hold
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const values = parseEnv(env);
  const queue = parseQueueUrl(values.QUEUE_URL);
  if (values.ROLE !== 'all' && queue.kind === 'embedded') {
    throw new TrainyardError(
      'CONFIG_INVALID',
      `ROLE=${values.ROLE} needs QUEUE_URL: the embedded queue lives inside one process, so an API and a worker that are ` +
        `apart cannot share it. Set QUEUE_URL to redis://… or postgres://…, or use ROLE=all.`,
    );
  }
  const workerConcurrency = Math.min(values.WORKER_CONCURRENCY, 4 * availableParallelism());
  return Object.freeze({
    role: values.ROLE,
    host: values.HOST,
    listens: values.ROLE !== 'worker' || values.PORT !== undefined,
    port: values.PORT ?? 3000,
    dataDir: resolve(values.DATA_DIR),
    store: parseStoreUrl(values.STORE_URL),
    queue,
    workerConcurrency,
    threads: values.THREADS ?? Math.max(1, Math.floor(availableParallelism() / workerConcurrency)),
    maxQueuedJobs: values.MAX_QUEUED_JOBS,
    maxWaitingPredictions: values.MAX_WAITING_PREDICTIONS,
    bodyMemoryBytes: Math.min(512 * 2 ** 20, Math.max(64 * 2 ** 20, Math.floor(machineMemoryBytes() / 8))),
    keepVersions: values.KEEP_VERSIONS ?? Infinity,
    modelMemoryBytes:
      values.MODEL_MEMORY_MB === undefined
        ? Math.floor(machineMemoryBytes() / 4)
        : values.MODEL_MEMORY_MB * 2 ** 20,
    trainingMemoryLimitBytes:
      values.TRAINING_MEMORY_LIMIT_MB === undefined
        ? Math.floor(machineMemoryBytes() / 2)
        : values.TRAINING_MEMORY_LIMIT_MB * 2 ** 20,
    webhookSecret: values.WEBHOOK_SECRET,
    webhookAllowPrivate: isOn(values.WEBHOOK_ALLOW_PRIVATE),
    allowAnonymous: isOn(values.ALLOW_ANONYMOUS),
    anonymousHosts: parseHosts(values),
    basePath: parseBasePath(values.BASE_PATH),
    corsOrigins: parseOrigins(values.CORS_ORIGINS),
    adminUi: isOn(values.ADMIN_UI),
    tracing: parseTracing(values),
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : values.LOG_FORMAT,
  });
}

function isOn(value: Static<typeof Switch>): boolean {
  return value === '1' || value === 'true';
}

function parseEnv(env: NodeJS.ProcessEnv): Static<typeof Env> {
  // An empty variable is how compose files and shells say "not set".
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  try {
    return envSchema<Static<typeof Env>>({ schema: Env, data: set, env: false });
  } catch (error) {
    const wrong = (error as { errors?: { instancePath: string }[] }).errors?.map(
      ({ instancePath }) => instancePath,
    );
    const names = Object.keys(Env.properties).filter((name) => wrong?.includes(`/${name}`));
    if (names.length === 0) throw error;
    const rules = names.map(
      (name) => `${name} must be ${allowedValues(name)}, not ${JSON.stringify(set[name])}.`,
    );
    throw new TrainyardError('CONFIG_INVALID', rules.join(' '));
  }
}

/** In words. Only settings that cannot hold a secret have a schema that a value can break. */
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

function parseQueueUrl(text: string | undefined): QueueTarget {
  if (text === undefined) return { kind: 'embedded' };
  const kind = URL.canParse(text) ? queueKinds[new URL(text).protocol] : undefined;
  if (kind === undefined) {
    throw new TrainyardError(
      'CONFIG_INVALID',
      'QUEUE_URL must begin with redis://, rediss:// or postgres://; leave it unset for the embedded queue.',
    );
  }
  return { kind, url: text };
}

const storeOptions = ['endpoint', 'region', 'path_style'];

/** The URL is not repeated: somebody may have written a secret into it. */
function parseStoreUrl(text: string | undefined): StoreTarget {
  if (text === undefined) return { kind: 'folder' };
  const refuse = (problem: string): never => {
    throw new TrainyardError('CONFIG_INVALID', `STORE_URL ${problem}`);
  };
  if (!URL.canParse(text) || new URL(text).protocol !== 's3:') {
    refuse('must be like s3://bucket/prefix?region=eu-central-1; leave it unset for the folder DATA_DIR.');
  }
  const { hostname: bucket, username, password, port, pathname, searchParams: options, hash } = new URL(text);
  if (username !== '' || password !== '') {
    refuse(
      'must hold no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or a role.',
    );
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || port !== '' || hash !== '') {
    refuse('must name a bucket after s3://, of 3 to 63 of a-z, 0-9, . and -; a server goes into ?endpoint=.');
  }
  for (const name of options.keys()) {
    if (!storeOptions.includes(name) || options.getAll(name).length > 1) {
      refuse(`takes each of ${storeOptions.join(', ')} once after the ?, and not ${JSON.stringify(name)}.`);
    }
  }
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  if (prefix !== '' && !prefix.split('/').every((name) => /^(?!\.+$)[\w.-]+$/.test(name))) {
    refuse('has a prefix that cannot be used: take names of letters, digits, ., _ and -, joined by /.');
  }
  const endpoint = options.get('endpoint');
  if (endpoint !== null && !isPlainUrl(endpoint)) {
    refuse('needs an endpoint like https://s3.example.com, without credentials.');
  }
  const region = options.get('region');
  if (region !== null && !/^[a-z0-9-]+$/.test(region)) refuse('needs a region like eu-central-1.');
  const pathStyle = options.get('path_style') ?? '0';
  if (!isSwitch(pathStyle)) refuse('takes path_style=1 or path_style=0.');
  return Object.freeze({
    kind: 's3',
    bucket,
    prefix: prefix && `${prefix}/`,
    ...(endpoint !== null && { endpoint }),
    ...(region !== null && { region }),
    pathStyle: pathStyle === '1',
  });
}

function isSwitch(text: string): boolean {
  return text === '0' || text === '1';
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Without a list a service for its own machine is asked by that one's names, and another by any. */
function parseHosts({ ALLOWED_HOSTS, ALLOW_ANONYMOUS }: Static<typeof Env>): Config['anonymousHosts'] {
  if (ALLOWED_HOSTS === undefined) return isOn(ALLOW_ANONYMOUS) ? '*' : [];
  return allOf(
    listed(ALLOWED_HOSTS.toLowerCase()),
    (name) => /^[a-z\d]([a-z\d._-]*[a-z\d])?$/.test(name),
    'ALLOWED_HOSTS must be names like trainyard.example.com, without ports and separated by commas',
  );
}

/** Not one that begins as the service's own paths do: what it means could not be told. */
function parseBasePath(text = ''): string {
  const path = text.replace(/\/$/, '');
  const isOwn = /^\/(?:v1|v2|predict|health|metrics|docs|admin|openapi\.json)(?:\/|$)/.test(path);
  if (path === '' || (/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(path) && !isOwn)) return path;
  throw new TrainyardError(
    'CONFIG_INVALID',
    'BASE_PATH must be a path like /ml or /team/ml, of letters, digits, ., _, ~ and -, that does not begin as a path of ' +
      'the service does (/v1, /v2, /predict, /health, /metrics, /docs, /admin).',
  );
}

function parseOrigins(text = ''): Config['corsOrigins'] {
  const origins = listed(text);
  if (origins.length === 1 && origins[0] === '*') return '*';
  return allOf(
    origins,
    (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
    'CORS_ORIGINS must be * or origins like https://app.example.com, separated by commas',
  );
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The items, if each is one; `rule` says what they must be. */
function allOf(items: string[], isOne: (item: string) => boolean, rule: string): readonly string[] {
  const wrong = items.find((item) => !isOne(item));
  if (wrong !== undefined) throw new TrainyardError('CONFIG_INVALID', `${rule}; ${wrong} is not valid.`);
  return Object.freeze(items);
}

/** By OpenTelemetry's own variables: a base URL, or one that is taken as it is. */
function parseTracing(values: Static<typeof Env>): TracingSettings | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact } = values;
  const url = exact ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
  if (url === undefined) return null;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    const name = exact === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
    throw new TrainyardError('CONFIG_INVALID', `${name} must be a URL that begins with http:// or https://.`);
  }
  return {
    url,
    headers: parseHeaders(values.OTEL_EXPORTER_OTLP_HEADERS),
    serviceName: values.OTEL_SERVICE_NAME,
    sampleRatio: values.OTEL_TRACES_SAMPLER_ARG,
  };
}

/** Of `name=value,name=value`, the values percent-encoded. They may be secret, and are not repeated. */
function parseHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(pair) ?? [];
      try {
        if (name !== undefined && value !== undefined) return [name, decodeURIComponent(value.trim())];
      } catch {
        // Not percent-encoded.
      }
      throw new TrainyardError(
        'CONFIG_INVALID',
        'OTEL_EXPORTER_OTLP_HEADERS must be of the form name=value,name=value, with the values percent-encoded.',
      );
    }),
  );
}

/** The container's limit where there is one, else the machine's memory. */
function machineMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
