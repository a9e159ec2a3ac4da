/** What a job trains on where the dataset is pictures in folders. */
import type { PicturesInfo, Targets } from '../../../data/dataset.js';
import { pictureInputs } from '../../../lib/picture-input.js';
import { copiesOfPictures } from '../../../model/augmentation/augmented-inputs.js';
import type { AffineMap } from '../../../model/preprocessing/affine.js';
import type { JobRequest } from '../../runs/job-request.js';
import { resolveAugment } from '../augment.js';
import { defaults } from '../defaults.js';
import { folderRecipe } from '../presets/pictures.js';
import { plainArrays } from '../presets/plain.js';
import { resolveClassWeight } from '../resolve-class-weight.js';
import { resolvePictures } from '../resolve-pictures.js';
import type { Source } from '../resolve-source.js';
import { refuseTableFields, tableFields } from './foreign-fields.js';
import type { Work } from './work.js';

/** The training process fits the scaling on the training pictures. */
const unfittedScaling: AffineMap = { divide_by: 255, mean: 0, std: 1 };

export function workOfPictures(
  request: JobRequest,
  dataset: PicturesInfo,
  seed: number,
  source: Source | null,
): Work {
  const { name, index } = dataset;
  refuseTableFields(
    request,
    name,
    tableFields.filter((field) => field !== 'class_weight'),
  );
  const earlier = source?.description.image ?? null;
  const { image, split, rows } = resolvePictures({ ...request, seed }, dataset, earlier);
  const preset = request.preset ?? defaults.preset.pictures;
  const recipe = preset === 'auto' ? folderRecipe(rows, image) : plainArrays;
  const augment = resolveAugment(request.augment, recipe, dataset);
  const { train, validation, test } = rows;
  const targets: Targets = { kind: 'classes', labels: index.labels };
  const classWeight = resolveClassWeight(request.class_weight ?? 'none', targets);
  return {
    name,
    split,
    image,
    rows,
    ...(classWeight !== 'none' && { class_weight: classWeight }),
    inputs: pictureInputs(image),
    targets,
    trainCount: train,
    samples: {
      count: train + validation + test,
      hasWeights: classWeight !== 'none',
      copies: augment.augment === undefined ? 0 : copiesOfPictures * train,
    },
    scaling: unfittedScaling,
    augment,
    model: name,
    preset,
    recipe,
  };
}
