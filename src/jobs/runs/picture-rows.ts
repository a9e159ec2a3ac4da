/**
 * What becomes of the pictures of a dataset in a run: the class and the split of each. Intake, the training process and the answer
 * that shows the split all decide it here, so that they decide the same.
 */
import type { PicturesContent } from '../../data/dataset.js';
import type { PictureIndex } from '../../data/picture-index.js';
import { divideRows, rowsIn, rowSplits, type RowSplit, type TableSplit } from '../../data/splits.js';
import type { RowCounts } from './run-spec.js';
import type { JobDatasets } from './table-rows.js';

/** The datasets that jobs on pictures read. */
export interface PictureDatasets extends JobDatasets {
  /** @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT, also while its content is read */
  openPictures(name: string, version: number): Promise<PicturesContent>;
}

export interface DividedPictures {
  /** (rows) The index in `rowSplits` of what becomes of each picture. */
  splits: Uint8Array;
  counts: RowCounts;
}

const leftOut = rowSplits.indexOf('left_out');

/** The splits that the archive gives pictures to; none where it says nothing of splits. */
export function namedSplits({ splits }: PictureIndex): Set<RowSplit> {
  const named = new Set((splits ?? []).map((split) => rowSplits[split] ?? 'left_out'));
  named.delete('left_out');
  return named.size > 1 ? named : new Set();
}

/** The pictures, divided by the spec: by the archive's splits (column), or alike in each class. */
export function dividePictures(index: PictureIndex, split: TableSplit, seed: number): DividedPictures {
  const given = index.splits;
  const hasTarget = Uint8Array.from(index.classes, (_, row) => (given?.[row] === leftOut ? 0 : 1));
  const classes = split.by === 'random' ? null : Int32Array.from(index.classes);
  const column =
    split.by === 'column' && given !== null
      ? { kind: 'levels' as const, codes: Int32Array.from(given), levels: [...rowSplits] }
      : null;
  const splits = divideRows(split, seed, { hasTarget, classes, column });
  const countOf = (name: RowSplit): number => rowsIn(splits, name).length;
  const left_out = countOf('left_out');
  return {
    splits,
    counts: {
      train: countOf('train'),
      validation: countOf('validation'),
      test: countOf('test'),
      left_out,
      without_target: left_out,
    },
  };
}
