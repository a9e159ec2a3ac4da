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
      queue: { kind: 'embedded' },
      workerConcurrency: 1,
      adminUi: false,
      logLevel: 'info',
    });
    expect(loadConfig({}).trainingMemoryLimitBytes).toBeLessThanOrEqual(totalmem() / 2);
  });

  test('divide the machine’s threads among the runs that are trained at a time', () => {
    const cores = availableParallelism();
    expect(loadConfig({}).threads).toBe(cores);
    expect(loadConfig({ WORKER_CONCURRENCY: '2' }).threads).toBe(Math.max(1, Math.floor(cores / 2)));
    expect(loadConfig({ WORKER_CONCURRENCY: String(Math.min(2 * cores, 64)) }).threads).toBe(1);
    expect(loadConfig({ WORKER_CONCURRENCY: '2', THREADS: '256' }).threads).toBe(256);
  });

  test('that are empty are not set, as compose files write them', () => {
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
      TRAINING_MEMORY_LIMIT_MB: '512',
      WEBHOOK_SECRET: 'whsec_',
      WEBHOOK_ALLOW_PRIVATE: 'true',
      ADMIN_UI: '1',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
    });
    expect(config).toEqual({
      role: 'worker',
      host: '0.0.0.0',
      port: 0,
      dataDir: '/var/lib/trainyard',
      queue: { kind: 'redis', url: 'rediss://queue:6380/1' },
      workerConcurrency: 2,
      threads: 3,
      maxQueuedJobs: 9,
      trainingMemoryLimitBytes: 512 * 2 ** 20,
      webhookSecret: 'whsec_',
      webhookAllowPrivate: true,
      adminUi: true,
      logLevel: 'debug',
      logFormat: 'json',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each(['postgres://a/b', 'postgresql://a/b'])('know PostgreSQL by %s', (url) => {
    expect(loadConfig({ QUEUE_URL: url }).queue).toEqual({ kind: 'postgres', url });
  });

  test.each([
    [{ PORT: 'http' }, 'PORT'],
    [{ PORT: '-1' }, 'PORT'],
    [{ ROLE: 'master' }, 'ROLE'],
    [{ WORKER_CONCURRENCY: '0' }, 'WORKER_CONCURRENCY'],
    [{ THREADS: '0' }, 'THREADS'],
    [{ THREADS: '257' }, 'THREADS'],
    [{ THREADS: '1.5' }, 'THREADS'],
    [{ TRAINING_MEMORY_LIMIT_MB: '1' }, 'TRAINING_MEMORY_LIMIT_MB'],
    [{ ADMIN_UI: 'on' }, 'ADMIN_UI'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ QUEUE_URL: 'not a url' }, 'QUEUE_URL'],
    [{ QUEUE_URL: 'amqp://here' }, 'QUEUE_URL'],
    [{ ROLE: 'api' }, 'needs QUEUE_URL'],
    [{ ROLE: 'worker' }, 'needs QUEUE_URL'],
  ])('that cannot be are named: %o', (env, problem) => {
    expect(() => loadConfig(env)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(problem) as string,
      }),
    );
  });
});
