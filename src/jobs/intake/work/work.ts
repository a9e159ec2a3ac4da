/** What there is to train on, whatever it comes from: arrays, pictures in folders, or a table. */
import type { TableInfo, Targets } from '../../../data/dataset.js';
import type { AffineMap } from '../../../model/preprocessing/affine.js';
import type { Preset, RunSpec } from '../../runs/run-spec.js';
import type { Recipe } from '../presets/recipe.js';
import type { ResolvedTable } from '../resolve-table.js';

export interface Work extends Pick<RunSpec, 'split' | 'table' | 'image' | 'rows' | 'class_weight'> {
  /** For messages. */
  name: string;
  inputs: number;
  targets: Targets;
  trainCount: number;
  samples: { count: number; hasWeights: boolean; copies?: number };
  scaling: AffineMap | null;
  augment: Pick<RunSpec, 'augment'>;
  model: string;
  preset: Preset;
  recipe: Recipe;
}

/** A table, and what the request makes of it. */
export interface TableWork extends ResolvedTable {
  kind: 'table';
  info: TableInfo;
}
