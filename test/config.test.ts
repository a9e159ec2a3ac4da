import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../src/config.js';

describe('settings', () => {
  test('have defaults that need nothing', () => {
    expect(loadConfig({})).toMatchObject({
      role: 'all',
      host: '127.0.0.1',
      port: 3000,
      dataDir: `${process.cwd()}/data`,
      store: { kind: 'folder' },
      queue: { kind: 'embedded' },
      workerConcurrency: 1,
      allowAnonymous: false,
      basePath: '',
      corsOrigins: [],
      adminUi: false,
      tracing: null,
      logLevel: 'info',
    });
    expect(loadConfig({}).trainingMemoryLimitBytes).toBeLessThanOrEqual(totalmem() / 2);
    // At least two of the largest bodies.
    expect(loadConfig({}).bodyMemoryBytes).toBeGreaterThanOrEqual(2 ** 26);
    expect(loadConfig({}).bodyMemoryBytes).toBeLessThanOrEqual(2 ** 29);
    expect(loadConfig({}).modelMemoryBytes).toBeLessThanOrEqual(totalmem() / 4);
  });

  test('divide the machine’s threads among the runs that are trained at a time', () => {
    const cores = availableParallelism();
    expect(loadConfig({}).threads).toBe(cores);
    expect(loadConfig({ WORKER_CONCURRENCY: '2' }).threads).toBe(Math.max(1, Math.floor(cores / 2)));
    expect(loadConfig({ WORKER_CONCURRENCY: String(Math.min(2 * cores, 64)) }).threads).toBe(1);
    expect(loadConfig({ WORKER_CONCURRENCY: '2', THREADS: '256' }).threads).toBe(256);
  });

  test('that are empty count as unset, because compose files write them', () => {
    expect(loadConfig({ QUEUE_URL: '', PORT: '', ROLE: '' })).toEqual(loadConfig({}));
  });

  test('are taken from the variables', () => {
    const config = loadConfig({
      ROLE: 'worker',
      HOST: '0.0.0.0',
      PORT: '0',
      DATA_DIR: '/var/lib/trainyard',
      QUEUE_URL: 'rediss://queue:6380/1',
      WORKER_CONCURRENCY: '2',
      THREADS: '3',
      MAX_QUEUED_JOBS: '9',
      MAX_WAITING_PREDICTIONS: '7',
      MAX_DATASET_MB: '7',
      KEEP_VERSIONS: '5',
      MODEL_MEMORY_MB: '256',
      TRAINING_MEMORY_LIMIT_MB: '512',
      WEBHOOK_SECRET: 'whsec_',
      WEBHOOK_ALLOW_PRIVATE: 'true',
      ALLOW_ANONYMOUS: '1',
      ALLOWED_HOSTS: 'Trainyard.example, api',
      BASE_PATH: '/ml/',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:5173',
      ADMIN_UI: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-team = vision',
      OTEL_SERVICE_NAME: 'digits',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
    });
    expect(config).toEqual({
      apiProcesses: 1,
      role: 'worker',
      listens: true,
      host: '0.0.0.0',
      port: 0,
      dataDir: '/var/lib/trainyard',
      store: { kind: 'folder' },
      queue: { kind: 'redis', url: 'rediss://queue:6380/1' },
      workerConcurrency: 2,
      threads: 3,
      gpuIdleMs: 300_000,
      maxQueuedJobs: 9,
      maxWaitingPredictions: 7,
      bodyMemoryBytes: expect.any(Number) as number,
      maxDatasetBytes: 7 * 2 ** 20,
      keepVersions: 5,
      modelMemoryBytes: 256 * 2 ** 20,
      trainingMemoryLimitBytes: 512 * 2 ** 20,
      webhookSecret: 'whsec_',
      webhookAllowPrivate: true,
      allowAnonymous: true,
      anonymousHosts: ['trainyard.example', 'api'],
      basePath: '/ml',
      corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
      adminUi: true,
      tracing: {
        url: 'http://collector:4318/v1/traces',
        headers: { authorization: 'Bearer abc', 'x-team': 'vision' },
        serviceName: 'digits',
        sampleRatio: 0.25,
      },
      logLevel: 'debug',
      logFormat: 'json',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each(['postgres://a/b', 'postgresql://a/b'])('know PostgreSQL by %s', (url) => {
    expect(loadConfig({ QUEUE_URL: url }).queue).toEqual({ kind: 'postgres', url });
  });

  test('have a service without keys asked by the names of its own machine, unless it is for others too', () => {
    expect(loadConfig({}).anonymousHosts).toEqual([]);
    expect(loadConfig({ ALLOW_ANONYMOUS: '1' }).anonymousHosts).toBe('*');
    expect(loadConfig({ ALLOWED_HOSTS: 'api' }).anonymousHosts).toEqual(['api']);
  });

  test('let every page use the service with *', () => {
    expect(loadConfig({ CORS_ORIGINS: '*' }).corsOrigins).toBe('*');
  });

  test('let a worker listen only if a port is set', () => {
    const worker = { ROLE: 'worker', QUEUE_URL: 'redis://queue' };
    expect(loadConfig(worker).listens).toBe(false);
    expect(loadConfig({ ...worker, PORT: '9100' })).toMatchObject({ listens: true, port: 9100 });
    expect(loadConfig({})).toMatchObject({ listens: true, port: 3000 });
    expect(loadConfig({ ...worker, ROLE: 'api' })).toMatchObject({ listens: true, port: 3000 });
  });

  test('let one process answer, except in an API apart, which has one for each core but one', () => {
    const queue = { QUEUE_URL: 'redis://queue' };
    const usual = Math.max(1, availableParallelism() - 1);
    expect(loadConfig({}).apiProcesses).toBe(1);
    expect(loadConfig({ ...queue, ROLE: 'worker' }).apiProcesses).toBe(1);
    expect(loadConfig({ API_PROCESSES: '1' }).apiProcesses).toBe(1);
    expect(loadConfig({ ...queue, ROLE: 'api' }).apiProcesses).toBeLessThanOrEqual(usual);
    expect(loadConfig({ ...queue, ROLE: 'api', API_PROCESSES: '7' }).apiProcesses).toBe(7);
  });

  test.each([
    ['http://collector:4318', undefined, 'http://collector:4318/v1/traces'],
    ['https://collector/otlp/', undefined, 'https://collector/otlp/v1/traces'],
    [undefined, 'http://collector/as-it-is', 'http://collector/as-it-is'],
    ['http://other', 'http://collector/as-it-is', 'http://collector/as-it-is'],
  ])('say where traces go, by OpenTelemetry’s rules: %s, %s', (base, exact, url) => {
    const { tracing } = loadConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: base,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact,
    });
    expect(tracing).toEqual({ url, headers: {}, serviceName: 'trainyard', sampleRatio: 1 });
  });

  test('that are secret are not repeated in errors', () => {
    for (const headers of ['secret', '=secret', 'name=%secret', 'a b=secret']) {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
        OTEL_EXPORTER_OTLP_HEADERS: headers,
      };
      expect(() => loadConfig(env)).toThrow(/^OTEL_EXPORTER_OTLP_HEADERS must be/);
      expect(() => loadConfig(env)).not.toThrow(/secret/);
    }
  });

  test('say which bucket', () => {
    const storeOf = (url: string): object => loadConfig({ STORE_URL: url }).store;
    expect(storeOf('s3://bucket')).toEqual({ kind: 's3', bucket: 'bucket', prefix: '', pathStyle: false });
    const all = 's3://my.bucket/some/prefix/?endpoint=http://store:9000&region=eu-central-1&path_style=1';
    expect(storeOf(all)).toEqual({
      kind: 's3',
      bucket: 'my.bucket',
      prefix: 'some/prefix/',
      endpoint: 'http://store:9000',
      region: 'eu-central-1',
      pathStyle: true,
    });
  });

  test('do not repeat what may be a secret in the URL of a store', () => {
    for (const url of [
      's3://key:hidden@bucket',
      's3://bucket?secret=hidden',
      's3://bucket?endpoint=http://a:hidden@b',
    ]) {
      expect(() => loadConfig({ STORE_URL: url })).toThrow(/^(?!.*hidden)/);
    }
  });

  test('that are wrong are all named, each with its allowed values', () => {
    expect(() => loadConfig({ PORT: 'http', ADMIN_UI: 'yes', THREADS: '2' })).toThrow(
      /^PORT must be a whole number from 0 to 65535, not "http"\. ADMIN_UI must be 0, 1, false or true, not "yes"\.$/,
    );
  });

  test.each([
    [{ PORT: '-1' }, 'PORT must be a whole number from 0 to 65535, not "-1".'],
    [{ ROLE: 'master' }, 'ROLE must be all, api or worker, not "master".'],
    [{ WORKER_CONCURRENCY: '0' }, 'WORKER_CONCURRENCY must be a whole number from 1 to 64'],
    [{ THREADS: '0' }, 'THREADS must be a whole number from 1 to 256'],
    [{ THREADS: '257' }, 'THREADS must be a whole number from 1 to 256'],
    [{ THREADS: '1.5' }, 'THREADS must be a whole number from 1 to 256, not "1.5".'],
    [{ MAX_QUEUED_JOBS: '0' }, 'MAX_QUEUED_JOBS must be a whole number of at least 1'],
    [{ MAX_WAITING_PREDICTIONS: 'no' }, 'MAX_WAITING_PREDICTIONS must be a whole number of at least 1'],
    [{ KEEP_VERSIONS: 'all' }, 'KEEP_VERSIONS must be a whole number of at least 1, not "all".'],
    [{ TRAINING_MEMORY_LIMIT_MB: '1' }, 'TRAINING_MEMORY_LIMIT_MB must be a whole number of at least 64'],
    [{ ADMIN_UI: 'on' }, 'ADMIN_UI must be 0, 1, false or true, not "on".'],
    [{ ALLOW_ANONYMOUS: 'yes' }, 'ALLOW_ANONYMOUS must be 0, 1, false or true'],
    [{ WEBHOOK_ALLOW_PRIVATE: '2' }, 'WEBHOOK_ALLOW_PRIVATE must be 0, 1, false or true'],
    [{ LOG_FORMAT: 'xml' }, 'LOG_FORMAT must be auto, json or pretty'],
    [
      { OTEL_TRACES_SAMPLER_ARG: 'half' },
      'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not "half".',
    ],
    [{ ALLOWED_HOSTS: 'https://a.example' }, 'https://a.example is not valid'],
    [{ ALLOWED_HOSTS: 'a.example:3000' }, 'a.example:3000 is not valid'],
    [{ ALLOWED_HOSTS: '*' }, '* is not valid'],
    [{ CORS_ORIGINS: 'app.example.com' }, 'app.example.com is not valid'],
    [{ CORS_ORIGINS: 'https://app.example.com/' }, 'https://app.example.com/ is not valid'],
    [{ CORS_ORIGINS: 'https://a.example,*' }, '* is not valid'],
    [{ CORS_ORIGINS: 'null' }, 'null is not valid'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent'],
    [{ QUEUE_URL: 'not a url' }, 'QUEUE_URL'],
    [{ QUEUE_URL: 'amqp://here' }, 'QUEUE_URL'],
    [{ STORE_URL: 'https://bucket.example.com' }, 'must be like s3://'],
    [{ STORE_URL: 's3://key:hidden@bucket' }, 'must hold no credentials'],
    [{ STORE_URL: 's3://Up_per' }, 'must name a bucket'],
    [{ STORE_URL: 's3://bucket:9000' }, 'a server goes into ?endpoint='],
    [{ STORE_URL: 's3://bucket?secret=hidden' }, 'and not "secret"'],
    [{ STORE_URL: 's3://bucket?region=a&region=b' }, 'and not "region"'],
    [{ STORE_URL: 's3://bucket/a b' }, 'has a prefix'],
    [{ STORE_URL: 's3://bucket/a//b' }, 'has a prefix'],
    [{ STORE_URL: 's3://bucket?endpoint=minio:9000' }, 'needs an endpoint like'],
    [{ STORE_URL: 's3://bucket?endpoint=http://key:hidden@store' }, 'needs an endpoint like'],
    [{ STORE_URL: 's3://bucket?region=' }, 'needs a region like'],
    [{ STORE_URL: 's3://bucket?path_style=yes' }, 'path_style=1'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'grpc://here' }, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG'],
    [{ ROLE: 'api' }, 'needs QUEUE_URL'],
    [{ ROLE: 'worker' }, 'needs QUEUE_URL'],
    [{ API_PROCESSES: '0' }, 'API_PROCESSES must be a whole number from 1 to 64'],
    [{ API_PROCESSES: '2' }, 'API_PROCESSES=2 needs ROLE=api'],
    [{ API_PROCESSES: '2', QUEUE_URL: 'redis://queue' }, 'API_PROCESSES=2 needs ROLE=api'],
  ])('that are not valid are named: %o', (env, problem) => {
    expect(() => loadConfig(env)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(problem) as string,
      }),
    );
  });
});
