/** Reads single samples of datasets of arrays, such as pictures. What was read last is kept for a moment, because a page asks for several. */
import type { Dataset, Samples } from '../../data/dataset.js';
import type { DatasetStore } from '../../data/store.js';
import { TrainyardError } from '../../errors.js';

export type Part = 'train' | 'test';

export interface ShownSample {
  row: number;
  /** The label of its class, or its values. */
  target: string | number[];
  /** (inputs) Raw. */
  inputs: number[];
}

export interface SampleReader {
  /** @throws TrainyardError INVALID_REQUEST, and what `DatasetStore.load` throws */
  read(name: string, version: number, part: Part, rows: readonly number[]): Promise<ShownSample[]>;
}

/** MNIST takes some 55 MB. */
const keptForMs = 10_000;

export function createSampleReader(datasets: Pick<DatasetStore, 'info' | 'load'>): SampleReader {
  let kept: { key: string; loading: Promise<Dataset> } | null = null;
  let timer: NodeJS.Timeout | undefined;

  async function load(name: string, version: number): Promise<Dataset> {
    const info = await datasets.info(name, version);
    if (info.kind === 'table') {
      const message = `${name} is a table. GET /v1/datasets/${name}/versions/${version}/rows shows its rows.`;
      throw new TrainyardError('INVALID_REQUEST', message);
    }
    const key = `${name}/${version}/${info.sha256}`;
    if (kept?.key !== key) kept = { key, loading: datasets.load(name, version) };
    const { loading } = kept;
    clearTimeout(timer);
    timer = setTimeout(() => (kept = null), keptForMs).unref();
    try {
      return await loading;
    } catch (error) {
      if (kept.loading === loading) kept = null;
      throw error;
    }
  }

  return {
    async read(name, version, part, rows) {
      const dataset = await load(name, version);
      const samples = dataset[part];
      const beyond = rows.find((row) => row >= samples.count);
      if (beyond !== undefined) {
        const message = `The ${part} part of ${name} has ${samples.count} samples, counted from 0: there is no ${beyond}.`;
        throw new TrainyardError('INVALID_REQUEST', message);
      }
      return rows.map((row) => shown(dataset, samples, row));
    },
  };
}

function shown({ info: { targets } }: Dataset, samples: Samples, row: number): ShownSample {
  const { width, inputs, targets: learned, count } = samples;
  const each = learned.length / count;
  const own = Array.from(learned.subarray(row * each, (row + 1) * each));
  return {
    row,
    target: targets.kind === 'classes' ? (targets.labels[own[0] ?? 0] ?? '') : own,
    inputs: Array.from(inputs.subarray(row * width, (row + 1) * width)),
  };
}
