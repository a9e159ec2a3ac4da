/** The processes of the built service on one queue and one data folder. Each can be killed and started again. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import { createRunStore, type RunStore } from '../../src/jobs/runs/run-store.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { childrenOf, isAlive } from '../child-processes.js';
import { openService, submit, type Exit, type LogLine, type Service } from '../service/service.js';
import { customersCsv, customersName } from './customers.js';

export type QueueName = 'embedded' | 'redis' | 'postgres';
export type Role = 'all' | 'api' | 'worker';

export interface ClusterPlan {
  queue: QueueName;
  /** The URL of the queue's server; the embedded queue has none. */
  queueUrl?: string;
  /** Starts a service for each role. The first answers HTTP. */
  roles?: Role[];
  /** How many runs one service trains at a time. */
  concurrency?: number;
  /** A folder that the caller creates and removes. */
  dataDir?: string;
}

export interface Cluster {
  readonly queue: QueueName;
  /** The files, read without the service. */
  readonly storage: Storage;
  readonly store: RunStore;
  readonly members: readonly Member[];
  /** The member that answers HTTP. */
  readonly api: Member;
  /** What happened to the cluster, and when. */
  readonly diary: readonly string[];
  note(what: string): void;
  /**
   * Gives each run its own model, so that all versions of the model are the run's, and the table that it trains on.
   * @returns the id of the run
   */
  submit(request: JobRequest): Promise<string>;
  /** null when no process trains the run. */
  trainerOf(runId: string): Promise<Trainer | null>;
  /** Suspends the process until it is thawed. */
  freeze(pid: number): void;
  thaw(pid: number): void;
  /** Ends all processes. @returns the folder with a copy of the runs and the datasets, or null */
  close(options?: { keepRuns: boolean }): Promise<string | null>;
}

/** A place in the cluster, for one service at a time. */
export interface Member {
  readonly name: string;
  /** All services that have run here; the last one may still run. */
  readonly services: readonly Service[];
  readonly isUp: boolean;
  /** The service that runs here. */
  service(): Service;
  start(): Promise<void>;
  end(signal: NodeJS.Signals): Promise<Exit>;
}

/** The process that trains a run, and its member. */
export interface Trainer {
  member: Member;
  pid: number;
}

export async function startCluster(plan: ClusterPlan): Promise<Cluster> {
  const { queue, queueUrl, roles = ['all'], concurrency = 1 } = plan;
  const dataDir = plan.dataDir ?? (await newFolder());
  const storage = await createFileStorage(dataDir);
  const startMs = performance.now();
  const diary: string[] = [];
  const kills: (() => Promise<void>)[] = [];
  const frozen = new Set<number>();
  let models = 0;
  let hasCustomers = false;

  function note(what: string): void {
    const seconds = (performance.now() - startMs) / 1_000;
    diary.push(`${seconds.toFixed(3).padStart(8)} s  ${what}`);
  }

  function createMember(role: Role, name: string): Member {
    const services: Service[] = [];
    let isUp = false;
    const settings = {
      ROLE: role,
      DATA_DIR: dataDir,
      WORKER_CONCURRENCY: String(concurrency),
      ...(queueUrl !== undefined && { QUEUE_URL: queueUrl }),
    };
    const member: Member = {
      name,
      services,
      get isUp() {
        return isUp;
      },
      service() {
        const service = services.at(-1);
        if (!isUp || service === undefined) throw new Error(`${name} is not there`);
        return service;
      },
      async start() {
        const service = await openService(settings, (kill) => kills.push(kill));
        services.push(service);
        isUp = true;
        void service.ended.then(() => (isUp = false));
        note(`${name} started as process ${service.pid}`);
      },
      async end(signal) {
        const { pid, ended } = member.service();
        process.kill(pid, signal);
        const exit = await ended;
        note(`${name} ended by ${signal}`);
        return exit;
      },
    };
    return member;
  }

  const members = roles.map((role, i) => createMember(role, roles.length === 1 ? 'service' : `${role} ${i}`));

  const cluster: Cluster = {
    queue,
    storage,
    store: createRunStore(storage),
    members,
    api: members[0],
    diary,
    note,

    async submit(request) {
      const model = `model-${++models}`;
      if (request.dataset === customersName && !hasCustomers) {
        await uploadCustomers(members[0].service());
        hasCustomers = true;
      }
      const { id } = await submit(members[0].service(), { ...request, model });
      note(`${id} accepted`);
      return id;
    },

    async trainerOf(runId) {
      const services = members.flatMap((member) => (member.isUp ? [{ member, ...member.service() }] : []));
      for (const { member, pid: parent, log } of services) {
        const pid = trainingPidIn(log, runId);
        const isChild = pid !== null && (await childrenOf(parent)).includes(pid);
        if (isChild && (await isAlive(pid)) && member.isUp) return { member, pid };
      }
      return null;
    },

    freeze(pid) {
      frozen.add(pid);
      process.kill(pid, 'SIGSTOP');
    },

    thaw(pid) {
      frozen.delete(pid);
      process.kill(pid, 'SIGCONT');
    },

    async close({ keepRuns } = { keepRuns: false }) {
      // A suspended process whose worker is dead would keep the worker's output open, and the wait for its end would
      // hang.
      for (const pid of frozen) process.kill(pid, 'SIGKILL');
      for (const kill of kills) await kill();
      const kept = keepRuns ? await newFolder() : null;
      if (kept !== null) {
        for (const name of ['runs', 'datasets', 'uploads']) {
          const [from, to] = [join(dataDir, name), join(kept, name)];
          if (existsSync(from)) await cp(from, to, { recursive: true });
        }
      }
      if (plan.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      return kept;
    },
  };

  try {
    await Promise.all(members.map((member) => member.start()));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

export async function uploadCustomers({ url }: Service): Promise<void> {
  const headers = { 'content-type': 'text/csv', prefer: 'wait=60' };
  const to = `${url}/v1/datasets?name=${customersName}`;
  const answer = await fetch(to, { method: 'POST', headers, body: customersCsv() });
  const { status } = (await answer.json()) as { status: string };
  if (status !== 'ready') throw new Error(`The table is ${status}`);
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'trainyard-chaos-'));
}

/** The process that the service has last given the run to; null: it has not. */
function trainingPidIn(log: readonly LogLine[], runId: string): number | null {
  const line = log.findLast(({ job, training_pid }) => job === runId && training_pid !== undefined);
  return line === undefined ? null : Number(line.training_pid);
}
