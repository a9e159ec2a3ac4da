/** Loads the pictures of a run: each as the input that its spec says, in the split that it belongs to. */
import { scalingOfBytes } from '../../data/scaling.js';
import { rowsIn, rowSplits, type TableSplit } from '../../data/splits.js';
import type { PictureInput } from '../../lib/picture-input.js';
import type { SplitName } from '../../model/engines/engine.js';
import { classHead } from '../../model/heads/head.js';
import { dividePictures } from '../runs/picture-rows.js';
import type { RunSpec } from '../runs/run-spec.js';
import { classWeights } from './class-weights.js';
import {
  eachSplit,
  refuseIfChanged,
  type LoadedData,
  type RecordedInputs,
  type TrainingDatasets,
} from './loaded-data.js';

/** The spec of a run on pictures. */
export type PicturesRunSpec = RunSpec & { image: PictureInput; split: TableSplit };

/** @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT, DATASET_CHANGED */
export async function loadPictures(
  datasets: TrainingDatasets,
  { dataset, image, split, seed, network, loss, class_weight = 'none' }: PicturesRunSpec,
  recorded: RecordedInputs | null,
): Promise<LoadedData> {
  const info = await datasets.info(dataset.name, dataset.version ?? undefined);
  refuseIfChanged(dataset, info);
  if (info.kind !== 'pictures') throw new Error(`${info.name} does not hold pictures`);
  const { labels, classes } = info.index;
  const { splits } = dividePictures(info.index, split, seed);
  const rows = eachSplit((name) => rowsIn(splits, name));
  const inputs = eachSplit((name) => new Uint8Array(rows[name].length * network.inputs));
  const filled = eachSplit(() => 0);
  const content = await datasets.openPictures(info.name, info.version);
  await content.fitAll(image, (row, fitted) => {
    const name = rowSplits[splits[row] ?? -1];
    if (name === undefined || name === 'left_out') return;
    inputs[name].set(fitted, filled[name]);
    filled[name] += fitted.length;
  });
  const ofClass = classWeights(class_weight, { labels, classes, train: rows.train });
  const targetsOf = (name: SplitName): Uint16Array =>
    Uint16Array.from(rows[name], (row) => classes[row] ?? 0);
  return {
    data: eachSplit((name) => ({
      count: rows[name].length,
      width: network.inputs,
      inputs: inputs[name],
      targets: targetsOf(name),
      weights: ofClass && Float32Array.from(rows[name], (row) => ofClass[classes[row] ?? 0] ?? 1),
    })),
    rows: { validation: rows.validation, test: rows.test },
    rowWeights: { train: null, validation: null, test: null },
    description: {
      format_version: 2,
      network,
      head: classHead(loss, labels),
      scaling: recorded?.scaling ?? scalingOfBytes(inputs.train),
      image,
    },
  };
}
