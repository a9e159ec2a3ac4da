/** The servers that other tests rely on are there, answer, and keep what they stored over a restart. */
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { describeWithService } from './services.js';

describeWithService('redis', 'a Redis for tests', (service) => {
  const ask = async <T>(question: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(service().url);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  };

  it('never drops a key, as a queue needs it', async () => {
    const policy = await ask((redis) => redis.config('GET', 'maxmemory-policy'));
    expect(policy).toEqual(['maxmemory-policy', 'noeviction']);
  });

  it('keeps its keys over a restart', async () => {
    await ask((redis) => redis.set('answer', '42'));
    await service().restart();
    expect(await ask((redis) => redis.get('answer'))).toBe('42');
  });
});

describeWithService('postgres', 'a Postgres for tests', (service) => {
  const ask = async (query: string): Promise<unknown[]> => {
    const client = new Client(service().url);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(query)).rows;
    } finally {
      await client.end();
    }
  };

  it('has a database of its own', async () => {
    expect(await ask('SELECT current_database() AS name')).toEqual([{ name: 'trainyard' }]);
  });

  it('keeps its tables over a restart', async () => {
    await ask('CREATE TABLE answers AS SELECT 42 AS answer');
    await service().restart();
    expect(await ask('SELECT answer FROM answers')).toEqual([{ answer: 42 }]);
  });
});
