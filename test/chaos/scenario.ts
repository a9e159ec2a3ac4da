/** A scenario is a test that keeps a score and leaves evidence when it fails. */
import { test } from 'vitest';
import { startCluster, type Cluster, type ClusterPlan, type QueueName } from './cluster.js';
import { evidenceOf } from './evidence.js';

/** A row of the table. */
export interface Score {
  queue: QueueName;
  fault: string;
  /** How often the fault struck. */
  tried: number;
  /** How often every run still ended as it should. */
  survived: number;
  runs: number;
  /** How many runs ended with the same bits as without faults. */
  equal: number;
  remark: string;
}

export interface Stage {
  score: Score;
  /** The cluster is closed at the end. If the scenario failed, the evidence is printed and the data kept. */
  startCluster: (plan?: Omit<ClusterPlan, 'queue' | 'queueUrl'>) => Promise<Cluster>;
  /** Runs after the clusters are closed. */
  onEnd: (act: () => Promise<void>) => void;
  skip: (reason: string) => never;
}

declare module 'vitest' {
  interface TaskMeta {
    chaos?: Score;
  }
}

/** The queue of a scenario. The embedded queue has no address. */
export interface QueuePlace {
  name: QueueName;
  /** Known when the scenario runs. */
  url?: () => string;
}

export function scenario(queue: QueuePlace, fault: string, act: (stage: Stage) => Promise<void>): void {
  test(`${queue.name}: ${fault}`, async ({ task, skip, onTestFinished }) => {
    const score: Score = { queue: queue.name, fault, tried: 0, survived: 0, runs: 0, equal: 0, remark: '' };
    task.meta.chaos = score;
    await act({
      score,
      async startCluster(plan) {
        const cluster = await startCluster({
          queue: queue.name,
          ...(queue.url && { queueUrl: queue.url() }),
          ...plan,
        });
        onTestFinished(async () => {
          const failed = task.result?.state === 'fail';
          const folder = await cluster.close({ keepRuns: failed });
          if (failed) console.error(`The data is kept in ${folder}.\n${await evidenceOf(cluster)}`);
        });
        return cluster;
      },

      onEnd: onTestFinished,

      skip(reason) {
        score.remark = `skipped: ${reason}`;
        return skip(reason);
      },
    });
  });
}
