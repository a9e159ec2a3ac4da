/** The part of a run's spec that says what is trained and kept: what a job shows, and its versions after it. */
import type { JobSpec, RunSpec } from './contracts.js';

export function jobSpecOf(spec: RunSpec): JobSpec {
  const { network, loss, optimizer, epochs, batch_size, seed, engine, publish, checkpoint } = spec;
  return { network, loss, optimizer, epochs, batch_size, seed, engine, publish, checkpoint };
}
