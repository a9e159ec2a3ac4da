/** The threads of the engines that divide a step among them. */
import { parameterCount, type NetworkSpec } from '../network/network.js';

/** As many as are allowed, but no more than have `multiplicationsOfThread` each to do in a step. */
export function threadsFor(
  { network, batchSize }: { network: NetworkSpec; batchSize: number },
  most: number,
  multiplicationsOfThread: number,
): number {
  const multiplications = 3 * parameterCount(network) * batchSize;
  return Math.max(1, Math.min(most, Math.floor(multiplications / multiplicationsOfThread)));
}

/** How a trainer names its device; `kind`: of instructions. */
export function cpuDevice(threads: number, kind: string): string {
  return `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${kind}`;
}
