/** Ceph's S3 gateway, with the daemons that it needs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { patience } from '../patience.js';
import { cephBinaries, planCeph, s3Credentials, type Command } from './ceph-plan.js';
import { finished, freePort, isExecutable, pathFolders, startServer, type Service } from './local-server.js';

/**
 * Ceph's S3 gateway with the bucket `trainyard`. Its URL is a STORE_URL. `halt` and `restart` affect only the gateway,
 * not the daemons behind it.
 */
export async function startCeph(): Promise<Service | null> {
  if (findCeph() === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-ceph-'));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${gatewayPort}`;
  const servers: Service[] = [];
  const launch = ([binary, ...args]: Command): ChildProcess => spawn(binary, args, { cwd: folder });
  const carryOut = ([binary, ...args]: Command): Promise<void> =>
    finished(spawn(binary, args, { cwd: folder, timeout: patience.pollMs, killSignal: 'SIGKILL' }));
  const serve = async (command: Command, answers: () => Promise<boolean>): Promise<Service> => {
    const server = await startServer({
      url: `s3://trainyard?endpoint=${endpoint}&region=us-east-1&path_style=1`,
      folder,
      launch: () => launch(command),
      stopSignal: 'SIGTERM',
      crashSignal: 'SIGKILL',
      answers,
    });
    servers.push(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    // There is nothing to save, and on SIGTERM the object daemon would wait for the monitor.
    await servers.at(-1)?.stop();
    for (const server of servers) await server.kill();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const plan = await planCeph(folder, { monitor: monitorPort, gateway: gatewayPort });
    await Promise.all(['mon', 'osd'].map((name) => mkdir(join(folder, name))));
    for (const command of plan.prepare) await carryOut(command);
    await serve(plan.monitor, async () => {
      await carryOut(plan.askMonitor);
      return true;
    });
    for (const command of plan.addObjectDaemon) await carryOut(command);
    await serve(plan.objectDaemon, () => Promise.resolve(true));
    await carryOut(plan.addUser);
    const gateway = await serve(plan.gateway, async () => (await fetch(endpoint)).ok);
    await makeBucket(endpoint);
    return { ...gateway, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function findCeph(): string | null {
  const isThere = (name: string): boolean => pathFolders().some((path) => isExecutable(join(path, name)));
  return cephBinaries.every(isThere) ? 'radosgw' : null;
}

async function makeBucket(endpoint: string): Promise<void> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = s3Credentials;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: 'trainyard' }));
  client.destroy();
}
