/** What a job trains on where the dataset is arrays of samples, as MNIST's. */
import type { ArraysInfo } from '../../../data/dataset.js';
import { splitRows } from '../../../data/splits.js';
import { TrainyardError } from '../../../errors.js';
import { copiesOfPictures } from '../../../model/augmentation/augmented-inputs.js';
import type { JobRequest } from '../../runs/job-request.js';
import type { ArraysSplit } from '../../runs/run-spec.js';
import { resolveAugment } from '../augment.js';
import { defaults } from '../defaults.js';
import { picturesRecipe } from '../presets/pictures.js';
import { plainArrays } from '../presets/plain.js';
import { refuseTableFields, tableFields } from './foreign-fields.js';
import type { Work } from './work.js';

export function workOfArrays(request: JobRequest, dataset: ArraysInfo, seed: number): Work {
  const { name, inputs, targets, trainCount, testCount, scaling } = dataset;
  refuseTableFields(request, name, [...tableFields, 'split/test', 'split/by', 'split/column']);
  const preset = request.preset ?? defaults.preset.arrays;
  const recipe = preset === 'auto' ? picturesRecipe(dataset) : plainArrays;
  const { best, otherwise } = defaults.validation;
  const decides = [
    (request.publish ?? recipe.publish) === 'best',
    (request.patience ?? recipe.patience) !== null,
    request.monitor !== undefined,
    request.calibrated === true,
    request.threshold !== undefined && typeof request.threshold !== 'number',
    typeof request.publish_if === 'object',
  ];
  const validation = request.split?.validation ?? (decides.includes(true) ? best : otherwise);
  const split = { validation };
  const augment = resolveAugment(request.augment, recipe, dataset);
  const countOfTraining = countTrainingRows(dataset, split, seed);
  const copies = augment.augment === undefined ? 0 : copiesOfPictures * countOfTraining;
  return {
    name,
    split,
    inputs,
    targets,
    trainCount: countOfTraining,
    samples: { count: trainCount + testCount, hasWeights: false, copies },
    scaling,
    augment,
    model: defaults.model,
    preset,
    recipe,
  };
}

function countTrainingRows(
  { name, trainCount }: ArraysInfo,
  { validation }: ArraysSplit,
  seed: number,
): number {
  if (validation === 0) return trainCount;
  const rows = splitRows(trainCount, { seed, fraction: validation });
  if (rows.train.length > 0 && rows.validation.length > 0) return rows.train.length;
  const message =
    `Of the ${trainCount} training rows of ${name}, split.validation ${validation} sets ${rows.validation.length} apart. ` +
    'There must be rows to train on and rows to validate with: choose another fraction or another seed.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/split/validation' });
}
