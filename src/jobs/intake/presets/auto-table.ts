/**
 * What `auto` chooses for a table: from its rows and columns to a recipe, each choice with its reason. The choices are measured
 * in bench/README.md; batch sizes and the encoding follow D. Holzmüller et al., "Better by Default", 2024, and Y. Gorishniy et
 * al., "On Embeddings for Numerical Features in Tabular Deep Learning", 2022.
 */
import type { Encoding } from '../../../model/preprocessing/table.js';
import type { RowCounts } from '../../runs/run-spec.js';
import type { TableRecipe } from './recipe.js';

/** What decides. */
export interface TableFacts {
  rows: Pick<RowCounts, 'train' | 'validation' | 'test'>;
  learns: 'classes' | 'values';
  /** Of numbers or dates, among the columns to learn from. */
  numberColumns: number;
  /** How many inputs the network has with an encoding. */
  inputsWith: (encoding: Encoding) => number;
  /** Whether the inputs of all rows leave room in the memory that a training may take. */
  hasRoomFor: (encoding: Encoding) => boolean;
}

/** With fewer training rows the bins of numbers hold too few rows to tell anything. */
const leastRowsForBins = 300;

/** Rows of all splits below which a batch has so many. */
const batchSizes = [
  { below: 2_800, size: 32 },
  { below: 4_500, size: 64 },
  { below: 6_400, size: 128 },
  { below: 32_000, size: 256 },
  { below: Infinity, size: 512 },
];

const units = 256;
const layers = 3;
/** Classes, of which a row tells little, are learned by heart sooner than values. */
const dropouts = { classes: 0.25, values: 0.1 } as const;
/** Over about the last 200 steps. */
const ema = 0.995;
const patience = 16;

/** Patience ends most trainings far below. */
const mostEpochs = 100;
const fewestEpochs = 10;
/** Where nothing tells when to stop. */
const epochsWithoutValidation = 30;
/** Passes over very many rows are fewer: by then so many steps have been done. */
const mostSteps = 40_000;

export function autoTable(facts: TableFacts): TableRecipe {
  const { train, validation, test } = facts.rows;
  const dropout = dropouts[facts.learns];
  const rows = train + validation + test;
  const batchSize = batchSizes.find(({ below }) => rows < below)?.size ?? 512;
  const { encoding, reason } = chooseEncoding(facts);
  const { epochs, reason: epochsReason } = chooseEpochs(facts.rows, batchSize);
  const isValidated = validation > 0;
  return {
    encoding,
    hidden: Array.from({ length: layers }, () => ({ units, dropout })),
    optimizer: {
      type: 'adamw',
      learning_rate: 0.001,
      weight_decay: 0.01,
      ema,
      schedule: { type: 'flat_cosine', warmup: 0.03 },
    },
    epochs,
    batch_size: batchSize,
    label_smoothing: 0,
    patience: isValidated ? patience : null,
    publish: isValidated ? 'best' : 'final',
    reasons: {
      encoding: reason,
      'network.hidden': `${layers} layers of ${units} units have room for what ${rows} rows of ${facts.inputsWith(encoding)} inputs show; dropout ${dropout}, for ${facts.learns}, keeps them from learning single rows by heart.`,
      optimizer: `AdamW with a little weight decay learns tables of any scale without tuning, and the average of the parameters over the last steps (ema ${ema}) predicts better than the last of them.`,
      'optimizer.schedule':
        'The learning rate warms up over the first 3 % of the steps, and falls over the last 30 %, if training gets there.',
      batch_size: `${rows} rows: small tables learn better from small batches, large ones faster from large batches.`,
      epochs: epochsReason,
      ...(isValidated && {
        patience: `Training stops after ${patience} epochs in which the ${validation} validation rows were predicted no better.`,
      }),
      publish: isValidated
        ? 'The epoch that predicts the validation rows best is kept: later ones fit the training rows alone.'
        : 'Without validation rows nothing tells which epoch is the best: the last one is kept.',
    },
  };
}

function chooseEncoding({ rows, numberColumns, hasRoomFor }: TableFacts): {
  encoding: Encoding;
  reason: string;
} {
  const robust = (reason: string) => ({ encoding: 'robust' as const, reason });
  if (numberColumns === 0)
    return robust('No column is of numbers or dates, so there is nothing to divide into bins.');
  if (rows.train < leastRowsForBins) {
    return robust(
      `${rows.train} training rows are too few to divide numbers into bins: ${leastRowsForBins} are needed.`,
    );
  }
  if (!hasRoomFor('piecewise')) {
    return robust(
      'The inputs of piecewise would take more than half of the memory that a training may take.',
    );
  }
  return {
    encoding: 'piecewise',
    reason: `${rows.train} training rows are enough to divide each of the ${numberColumns} columns of numbers or dates into bins, which lets the network learn steps and thresholds.`,
  };
}

function chooseEpochs(
  { train, validation }: TableFacts['rows'],
  batchSize: number,
): { epochs: number; reason: string } {
  const most = validation > 0 ? mostEpochs : epochsWithoutValidation;
  const epochs = Math.max(fewestEpochs, Math.min(most, Math.floor((mostSteps * batchSize) / train)));
  if (epochs < most) {
    return {
      epochs,
      reason: `${train} training rows: so few passes take about ${mostSteps} steps, or are the fewest.`,
    };
  }
  return validation > 0
    ? { epochs, reason: 'A bound: patience ends most trainings sooner.' }
    : {
        epochs,
        reason: 'No validation rows say when to stop: more passes would begin to learn the rows by heart.',
      };
}
