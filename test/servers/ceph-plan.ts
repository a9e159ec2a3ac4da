/**
 * The commands that run a small Ceph on one machine, for its S3 gateway: one monitor, one object daemon that keeps
 * everything in memory, and one gateway, without authentication between them. The settings are those of Ceph's own
 * tests.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const cephBinaries = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];

/** The credentials of the only user of the gateway. */
export const s3Credentials = {
  AWS_ACCESS_KEY_ID: 'trainyard',
  AWS_SECRET_ACCESS_KEY: 'trainyard-secret',
};

export type Command = [binary: string, ...args: string[]];

export interface CephPlan {
  /** Run this before the monitor starts. */
  prepare: Command[];
  monitor: Command;
  /**
   * Succeeds when the monitor leads. Before that, the client may not know the cluster yet, and the monitor refuses its
   * commands with EPERM.
   */
  askMonitor: Command;
  /** Run these while the monitor runs. */
  addObjectDaemon: Command[];
  objectDaemon: Command;
  /** Takes about ten seconds, because it creates the pools of the gateway. */
  addUser: Command;
  gateway: Command;
}

export async function planCeph(
  folder: string,
  ports: { monitor: number; gateway: number },
): Promise<CephPlan> {
  const [cluster, daemon] = [randomUUID(), randomUUID()];
  const config = join(folder, 'ceph.conf');
  const keyring = join(folder, 'keyring');
  await writeFile(keyring, '');
  await writeFile(config, configOf(folder, cluster, keyring, ports));
  const address = `[v1:127.0.0.1:${ports.monitor}]`;
  const map = join(folder, 'monmap');
  const asUser = [
    '--access-key',
    s3Credentials.AWS_ACCESS_KEY_ID,
    '--secret-key',
    s3Credentials.AWS_SECRET_ACCESS_KEY,
  ];
  return {
    prepare: [
      ['monmaptool', '--create', '--fsid', cluster, '--addv', 'a', address, map],
      ['ceph-mon', '-c', config, '--mkfs', '-i', 'a', '--monmap', map],
    ],
    monitor: ['ceph-mon', '-c', config, '-i', 'a', '-f'],
    askMonitor: ['ceph', '-c', config, 'quorum_status'],
    addObjectDaemon: [
      ['ceph', '-c', config, 'osd', 'new', daemon],
      ['ceph', '-c', config, 'osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=localhost'],
      ['ceph-osd', '-c', config, '-i', '0', '--mkfs', '--osd-uuid', daemon],
    ],
    objectDaemon: ['ceph-osd', '-c', config, '-i', '0', '-f'],
    addUser: [
      'radosgw-admin',
      '-c',
      config,
      'user',
      'create',
      '--uid=tests',
      '--display-name=tests',
      ...asUser,
    ],
    gateway: ['radosgw', '-c', config, '-n', 'client.rgw', '-f'],
  };
}

function configOf(
  folder: string,
  cluster: string,
  keyring: string,
  ports: { monitor: number; gateway: number },
): string {
  const settings = {
    fsid: cluster,
    'mon host': `v1:127.0.0.1:${ports.monitor}`,
    'public addr': '127.0.0.1',
    'auth cluster required': 'none',
    'auth service required': 'none',
    'auth client required': 'none',
    'ms bind msgr2': 'false',
    'ms bind ipv6': 'false',
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 1,
    'osd pool default pgp num': 1,
    'osd pool default pg autoscale mode': 'off',
    'osd crush chooseleaf type': 0,
    // Otherwise the daemon reports its location when it starts, sometimes before it knows the cluster of the monitor,
    // and fails with 'wrong fsid'.
    'osd crush update on start': 'false',
    'osd class update on start': 'false',
    'mon allow pool size one': 'true',
    'mon data avail crit': 0,
    'mon data': join(folder, 'mon'),
    'osd data': join(folder, 'osd'),
    'osd objectstore': 'memstore',
    'memstore device bytes': 2 ** 31,
    'run dir': folder,
    'admin socket': join(folder, '$name.asok'),
    'pid file': join(folder, '$name.pid'),
    'log file': join(folder, '$name.log'),
    keyring,
    'rgw frontends': `beast endpoint=127.0.0.1:${ports.gateway}`,
    'rgw run sync thread': 'false',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return ['[global]', ...lines, ''].join('\n');
}
