/**
 * Reads single samples of datasets of arrays and of pictures. Arrays that were read last are kept for a moment, because a page asks
 * for several.
 */
import type { Dataset, PicturesInfo, Samples } from '../../data/dataset.js';
import type { DatasetStore } from '../../data/store.js';
import { rowSplits } from '../../data/splits.js';
import { TrainyardError } from '../../errors.js';
import { writePng } from '../../images/write-png.js';

export type Part = 'train' | 'test';

export interface ShownSample {
  row: number;
  /** The label of its class, or its values. */
  target: string | number[];
  /** (inputs) Raw; of arrays. */
  inputs?: number[];
  /** `png` in base64. */
  picture?: { file: string; width: number; height: number; png: string };
}

/** Which samples: by their numbers, or of pictures the first ones of a class. */
export type WantedSamples = { rows: readonly number[] } | { label: string; limit: number };

export interface SampleReader {
  /** @throws TrainyardError INVALID_REQUEST, and what `DatasetStore.load` throws */
  read(name: string, version: number, part: Part, wanted: WantedSamples): Promise<ShownSample[]>;
}

/** MNIST takes some 55 MB. */
const keptForMs = 10_000;

export function createSampleReader(
  datasets: Pick<DatasetStore, 'info' | 'load' | 'openPictures'>,
): SampleReader {
  let kept: { key: string; loading: Promise<Dataset> } | null = null;
  let timer: NodeJS.Timeout | undefined;

  async function load(name: string, version: number, sha256: string): Promise<Dataset> {
    const key = `${name}/${version}/${sha256}`;
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
    async read(name, version, part, wanted) {
      const info = await datasets.info(name, version);
      if (info.kind === 'pictures') {
        const rows = 'rows' in wanted ? wanted.rows : rowsOfClass(info, wanted);
        refuseBeyond(rows, info.index.paths.length, `${name} has`);
        return shownPictures(info, rows, await datasets.openPictures(name, version));
      }
      if (info.kind === 'table') {
        const message = `${name} is a table. GET /v1/datasets/${name}/versions/${version}/rows shows its rows.`;
        throw new TrainyardError('INVALID_REQUEST', message);
      }
      if ('label' in wanted) {
        throw new TrainyardError(
          'INVALID_REQUEST',
          `label is for datasets of pictures: ask for rows of ${name}.`,
        );
      }
      const dataset = await load(name, version, info.sha256);
      const samples = dataset[part];
      refuseBeyond(wanted.rows, samples.count, `The ${part} part of ${name} has`);
      return wanted.rows.map((row) => shown(dataset, samples, row));
    },
  };
}

function refuseBeyond(rows: readonly number[], count: number, what: string): void {
  const beyond = rows.find((row) => row >= count);
  if (beyond === undefined) return;
  const message = `${what} ${count} samples, counted from 0: there is no ${beyond}.`;
  throw new TrainyardError('INVALID_REQUEST', message);
}

/** @throws TrainyardError INVALID_REQUEST */
function rowsOfClass(
  { name, index }: PicturesInfo,
  { label, limit }: { label: string; limit: number },
): number[] {
  const wanted = index.labels.indexOf(label);
  if (wanted === -1) {
    const message = `${name} has no class ${JSON.stringify(label.slice(0, 100))}.`;
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  const isLeftOut = (row: number): boolean => index.splits?.[row] === rowSplits.indexOf('left_out');
  const rows: number[] = [];
  for (let row = index.classes.indexOf(wanted); row !== -1 && rows.length < limit;) {
    if (!isLeftOut(row)) rows.push(row);
    row = index.classes.indexOf(wanted, row + 1);
  }
  return rows;
}

async function shownPictures(
  { index }: PicturesInfo,
  rows: readonly number[],
  content: Awaited<ReturnType<DatasetStore['openPictures']>>,
): Promise<ShownSample[]> {
  const pictures = await content.pictures(rows);
  return pictures.map((picture, i) => {
    const row = rows[i] ?? 0;
    const { width, height } = picture;
    return {
      row,
      target: index.labels[index.classes[row] ?? 0] ?? '',
      picture: { file: index.paths[row] ?? '', width, height, png: writePng(picture).toString('base64') },
    };
  });
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
