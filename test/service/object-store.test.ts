/**
 * API and workers that share only Redis and a bucket. Each process has its own data folder, as if each had its own
 * machine.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { s3Credentials } from '../servers/ceph-plan.js';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import {
  fileOf,
  jobWhen,
  readJob,
  served,
  smallJob,
  startRefused,
  startService,
  submit,
  succeeded,
} from './service.js';
import type { Service } from './service.js';

const job = { ...smallJob, checkpoint: { every_steps: 40 } };

describeWithService('s3', 'with an object store', (bucket) => {
  const settingsIn = (prefix: string): Record<string, string> => {
    const url = new URL(bucket().url);
    url.pathname = `/${prefix}`;
    return { STORE_URL: url.href, ...s3Credentials };
  };

  describeWithService('redis', 'and Redis', (redis) => {
    test('a run outlives its worker and is served from a cache after a restart', async () => {
      const shared = { QUEUE_URL: redis().url, ...settingsIn('whole') };
      const start = async (role: string, folder?: string): Promise<Service> =>
        startService({ ...shared, ROLE: role, DATA_DIR: folder ?? (await temporaryFolder()) });
      const apiFolder = await temporaryFolder();
      const [api, worker] = [await start('api', apiFolder), await start('worker')];
      const { id } = await submit(api, job);
      await jobWhen(api, id, ({ progress }) => progress.step > 80);
      await worker.end('SIGKILL');
      await start('worker');
      const done = await succeeded(api, id);
      expect(done.resumed_from_step).toBeGreaterThanOrEqual(40);
      expect(done.version).toBe(1);
      await servedWhen(api);
      const sha256 = await fileOf(api, 'mnist-mlp', 1);
      expect(await readdir(join(apiFolder, 'cache'))).toEqual([sha256]);
      expect((await readdir(apiFolder)).sort()).toEqual(['cache']);
      await api.end('SIGTERM');

      // A damaged file in the cache is fetched again.
      await writeFile(join(apiFolder, 'cache', sha256), 'damaged');
      const again = await start('api', apiFolder);
      await servedWhen(again);
      expect(await served(again)).toMatchObject([{ model: 'mnist-mlp', version: 1 }]);
      expect(await fileOf(again, 'mnist-mlp', 1)).toBe(sha256);
    });
  });

  test('a job waits while the store is down, and continues when it is back', async () => {
    const service = await startService({ ...settingsIn('down'), DATA_DIR: await temporaryFolder() });
    const { id } = await submit(service, job);
    await jobWhen(service, id, ({ progress }) => progress.step > 80);
    await bucket().halt();
    await service.http
      .get(`/v1/jobs/${id}`)
      .expect(503)
      .expect(/STORAGE_UNAVAILABLE/);
    while (!service.log.some(({ msg }) => /storage failed while|could not be started/.test(msg))) {
      await sleep(50);
    }
    await bucket().restart();
    await succeeded(service, id);
    const { attempts } = await readJob(service, id);
    expect(attempts).toBeGreaterThan(1);
  });

  describe('does not start, and reports the reason,', () => {
    const refused = async (settings: {
      STORE_URL?: string;
      AWS_SECRET_ACCESS_KEY?: string;
    }): Promise<string> => {
      const secret = settings.AWS_SECRET_ACCESS_KEY ?? s3Credentials.AWS_SECRET_ACCESS_KEY;
      const folder = await temporaryFolder();
      const { code, log, errors } = await startRefused({
        ...settingsIn('refused'),
        DATA_DIR: folder,
        ...settings,
      });
      expect(code).toBe(1);
      // Before the error, the SDK may warn about an old Node.js.
      expect(errors).toMatch(/^STORAGE_UNAVAILABLE: .*\n$/m);
      expect(errors + JSON.stringify(log)).not.toContain(secret);
      return errors;
    };

    test('when the credentials are wrong', async () => {
      const message = await refused({ AWS_SECRET_ACCESS_KEY: 'not-the-secret' });
      expect(message).toMatch(/does not accept the credentials/);
    });

    test('when there is no such bucket', async () => {
      const url = new URL(bucket().url);
      const message = await refused({ STORE_URL: `s3://elsewhere${url.search}` });
      expect(message).toMatch(/no bucket elsewhere: create it/);
    });
  });
});

/** Waits until the service has loaded its models. Before that it listens but is not ready. */
async function servedWhen({ http }: Service): Promise<void> {
  const countServed = async (): Promise<number> => {
    const answer = await http.get('/health/ready');
    return answer.status === 200 ? (answer.body as { models: unknown[] }).models.length : 0;
  };
  await expect.poll(countServed).toBeGreaterThan(0);
}
