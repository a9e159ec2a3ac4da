/**
 * A real Redis, a real Postgres and a real object store for the tests that need one: found on the machine, and started on a
 * free loopback port. Installs nothing.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findCeph, startCeph } from './servers/ceph.js';
import type { Service } from './servers/local-server.js';
import { findPostgres, startPostgres } from './servers/postgres.js';
import { findRedis, startRedis } from './servers/redis.js';

export type { Service };

const kinds = {
  redis: { start: startRedis, find: findRedis, binary: 'redis-server' },
  postgres: { start: startPostgres, find: findPostgres, binary: 'postgres' },
  s3: { start: startCeph, find: findCeph, binary: 'radosgw' },
};

/**
 * A suite with a server of its own. Where the server is not installed the suite is skipped and says so, unless
 * REQUIRE_SERVICES=1 (as in CI): then it fails.
 */
export function describeWithService(
  kind: keyof typeof kinds,
  name: string,
  suite: (service: () => Service) => void,
): void {
  const { start, find, binary } = kinds[kind];
  let service: Service | null = null;
  const started = (): Service => {
    if (!service) throw new Error(`${binary} has not been started yet; ask for it inside a test or a hook`);
    return service;
  };
  const missing = `no ${binary} on this machine`;

  if (find() !== null) {
    describe(name, () => {
      beforeAll(async () => {
        service = await start();
      });
      afterAll(() => service?.stop());
      suite(started);
    });
  } else if (process.env.REQUIRE_SERVICES === '1') {
    describe(name, () => {
      it(`needs ${binary}`, () => {
        throw new Error(`REQUIRE_SERVICES=1, and there is ${missing}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${missing})`, () => suite(started));
  }
}
