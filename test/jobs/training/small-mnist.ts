/** The first images of the real MNIST: enough to learn something from within milliseconds. */
import { loadMnist } from '../../../src/data/builtin/mnist.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';

const counts = { train: 320, test: 100 };
type Mnist = Awaited<ReturnType<typeof loadMnist>>;
let loading: Promise<Mnist> | undefined;

export function smallMnist(): Promise<Mnist> {
  loading ??= loadMnist().then(({ info, train, test }) => ({
    info: { ...info, trainCount: counts.train, testCount: counts.test },
    train: first(counts.train, train),
    test: first(counts.test, test),
  }));
  return loading;
}

/** A spec for it: five steps and a checkpoint an epoch, and a network that takes no time. */
export async function smallSpec(request: JobRequest = {}): Promise<RunSpec> {
  const { info } = await smallMnist();
  const small: JobRequest = {
    network: { hidden: [{ units: 8 }] },
    epochs: 3,
    checkpoint: { every_steps: 5 },
  };
  return resolveSpec({ ...small, ...request }, info, { trainingMemoryLimitBytes: Infinity }, new Date(0));
}

function first(count: number, { width, inputs, targets, weights }: Mnist['train']): Mnist['train'] {
  return { count, width, inputs: inputs.slice(0, count * width), targets: targets.slice(0, count), weights };
}
