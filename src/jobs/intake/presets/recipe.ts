/** What a preset chooses where a request says nothing. */
import type { Augmentation } from '../../../model/augmentation/amounts.js';
import type { Encoding } from '../../../model/preprocessing/table.js';
import type { HiddenLayerRequest, OptimizerRequest } from '../../runs/job-request.js';
import type { PublishPolicy } from '../../runs/run-spec.js';

export interface Recipe {
  hidden: readonly HiddenLayerRequest[];
  optimizer: OptimizerRequest;
  epochs: number;
  batch_size: number;
  label_smoothing: number;
  /** Of pictures; left out: they are not changed. */
  augment?: Augmentation;
  /** Epochs without a better one after which training stops; null: it does not. */
  patience: number | null;
  publish: PublishPolicy;
  /** Why, by the field of the request: a sentence each. The classic recipe has none. */
  reasons: Readonly<Record<string, string>>;
}

export interface TableRecipe extends Recipe {
  encoding: Encoding;
}
