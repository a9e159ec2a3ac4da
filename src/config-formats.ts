/** The formats of the settings that hold more than one value: URLs, lists, paths. Each parser throws CONFIG_INVALID. */
import { TrainyardError } from './errors.js';

/** Where the queues are kept. */
export type QueueTarget = { kind: 'embedded' } | { kind: 'redis' | 'postgres'; url: string };

/** Where runs, models and keys are kept: in the data folder, or in a bucket. */
export type StoreTarget =
  | { kind: 'folder' }
  | {
      kind: 's3';
      bucket: string;
      /** The prefix of every key; '' or ending with '/'. */
      prefix: string;
      /** Set if the server is not AWS. */
      endpoint?: string;
      /** Without it, the AWS SDK finds the region. */
      region?: string;
      /** Whether the bucket is in the path of a URL instead of in its host name. */
      pathStyle: boolean;
    };

const queueKinds: Record<string, 'redis' | 'postgres'> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

export function parseQueueUrl(text: string | undefined): QueueTarget {
  if (text === undefined) return { kind: 'embedded' };
  const kind = URL.canParse(text) ? queueKinds[new URL(text).protocol] : undefined;
  if (kind === undefined) {
    throw invalid(
      'QUEUE_URL must start with redis://, rediss:// or postgres://. Leave it unset for the embedded queue.',
    );
  }
  return { kind, url: text };
}

const storeOptions = ['endpoint', 'region', 'path_style'];

/** The messages do not repeat the URL, because it may hold a secret by mistake. */
export function parseStoreUrl(text: string | undefined): StoreTarget {
  if (text === undefined) return { kind: 'folder' };
  const refuse = (problem: string): never => {
    throw invalid(`STORE_URL ${problem}`);
  };
  if (!URL.canParse(text) || new URL(text).protocol !== 's3:') {
    refuse('must be like s3://bucket/prefix?region=eu-central-1. Leave it unset for the folder DATA_DIR.');
  }
  const { hostname: bucket, username, password, port, pathname, searchParams: options, hash } = new URL(text);
  if (username !== '' || password !== '') {
    refuse(
      'must hold no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or a role.',
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
    refuse('has a prefix that is not valid: use names of letters, digits, ., _ and -, joined by /.');
  }
  const endpoint = options.get('endpoint');
  if (endpoint !== null && !isPlainUrl(endpoint)) {
    refuse('needs an endpoint like https://s3.example.com, without credentials.');
  }
  const region = options.get('region');
  if (region !== null && !/^[a-z0-9-]+$/.test(region)) refuse('needs a region like eu-central-1.');
  const pathStyle = options.get('path_style') ?? '0';
  if (!/^[01]$/.test(pathStyle)) refuse('takes path_style=1 or path_style=0.');
  return Object.freeze({
    kind: 's3',
    bucket,
    prefix: prefix && `${prefix}/`,
    ...(endpoint !== null && { endpoint }),
    ...(region !== null && { region }),
    pathStyle: pathStyle === '1',
  });
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Names in lower case. */
export function parseHosts(text: string): readonly string[] {
  return checkedList(
    itemsOf(text.toLowerCase()),
    (name) => /^[a-z\d]([a-z\d._-]*[a-z\d])?$/.test(name),
    'ALLOWED_HOSTS must be names like trainyard.example.com, without ports and separated by commas',
  );
}

/** A path that starts like one of the service's own would be ambiguous. */
export function parseBasePath(text = ''): string {
  const path = text.replace(/\/$/, '');
  const isOwn = /^\/(?:v1|v2|predict|health|metrics|docs|admin|openapi\.json)(?:\/|$)/.test(path);
  if (path === '' || (/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(path) && !isOwn)) return path;
  throw invalid(
    'BASE_PATH must be a path like /ml or /team/ml, of letters, digits, ., _, ~ and -, that does not start like a path ' +
      'of the service (/v1, /v2, /predict, /health, /metrics, /docs, /admin).',
  );
}

export function parseOrigins(text = ''): '*' | readonly string[] {
  const origins = itemsOf(text);
  if (origins.length === 1 && origins[0] === '*') return '*';
  return checkedList(
    origins,
    (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
    'CORS_ORIGINS must be * or origins like https://app.example.com, separated by commas',
  );
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `rule` says what the items must be. */
function checkedList(items: string[], isValid: (item: string) => boolean, rule: string): readonly string[] {
  const wrong = items.find((item) => !isValid(item));
  if (wrong !== undefined) throw invalid(`${rule}; ${wrong} is not valid.`);
  return Object.freeze(items);
}

/** The setting `name` must be the URL of a collector of traces. */
export function parseTracesUrl(name: string, url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw invalid(`${name} must be a URL that starts with http:// or https://.`);
}

/** `name=value,name=value` with percent-encoded values. The message does not repeat them, because they may be secret. */
export function parseTracesHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(pair) ?? [];
      try {
        if (name !== undefined && value !== undefined) return [name, decodeURIComponent(value.trim())];
      } catch {
        // The value is not percent-encoded.
      }
      throw invalid(
        'OTEL_EXPORTER_OTLP_HEADERS must be of the form name=value,name=value, with the values percent-encoded.',
      );
    }),
  );
}

function invalid(message: string): TrainyardError {
  return new TrainyardError('CONFIG_INVALID', message);
}
