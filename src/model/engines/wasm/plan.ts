/**
 * A trainer's memory: the address of everything, and what the threads must know beside. Plain data, so that it can be
 * sent to them.
 */
import { optimizerSlots, type OptimizerSpec } from '../../network/optimizers.js';
import {
  evaluationBatchSize,
  type Samples,
  type SplitName,
  type TrainingData,
  type TrainingProgram,
} from '../engine.js';
import type { Background } from './background.js';
import { inputsOfPiece, planBatchMatrix, type BatchMatrix, type Kept } from './batch-matrix.js';
import { roundUp, type Layout } from './layout.js';
import { settingsCount } from './optimizer-settings.js';
import { panelShapes, planLayer, type LayerAddress, type PanelShape } from './panels.js';

export interface LayerPlan {
  shape: PanelShape;
  values: LayerAddress;
  /** What the optimiser keeps, in the order of `optimizerSlots`. */
  slots: LayerAddress[];
  /** What the next layer sees; of the last layer the outputs, in panels only. */
  outputs: BatchMatrix;
  /** Of what the activation was applied to; of the first layer in panels only. */
  gradient: BatchMatrix;
  /** (panels, rows, 8): what the activation's gradient is worked out from; 0 where that is `outputs`. */
  source: number;
  /** (panels, rows, 8): dropout's factors; 0 where there is none. */
  factors: number;
}

/** A batch's samples. There are two, so that one can be gathered while the other is worked on. */
export interface BatchPlan {
  /** Of these either the layouts or the lists. */
  inputs: BatchMatrix;
  /** (rows), u8. */
  labels: number;
}

export interface SplitPlan {
  count: number;
  /** (count, inputs), u8. */
  inputs: number;
  /** (count), u8. */
  labels: number;
}

/** What each thread has for itself. */
export interface ThreadPlan {
  scratch: number;
  settings: number;
  /** (rows), u32: the batch's samples. */
  indices: number;
}

export interface Plan {
  program: Pick<TrainingProgram, 'loss' | 'batchSize' | 'seed'> & { optimizer: OptimizerSpec };
  /** What most inputs are, where it pays to leave it out. */
  background: Background | null;
  /** Rows that there is room for, a multiple of 4. */
  rowsStride: number;
  layers: LayerPlan[];
  batches: [BatchPlan, BatchPlan];
  splits: Record<SplitName, SplitPlan>;
  /** (256): what each byte becomes, or where inputs are sparse, by how much it then differs from the background. */
  table: number;
  /** 8 of them. */
  zeros: number;
  /** (rows), f64. */
  losses: number;
  /** (rows), u8. */
  correct: number;
  barrier: number;
  threads: ThreadPlan[];
}

export function planTrainer(
  layout: Layout,
  program: TrainingProgram,
  data: TrainingData,
  background: Background | null,
  threads: number,
): Plan {
  const { network, loss, optimizer, batchSize, seed } = program;
  const shapes = panelShapes(network);
  const rowsStride = roundUp(
    Math.max(Math.min(batchSize, data.train.count), Math.min(evaluationBatchSize, mostSamples(data))),
    4,
  );
  const last = shapes.length - 1;
  const ofUnits = (width: number): number => layout.floats(roundUp(width, 8) * rowsStride);
  const planMatrix = (width: number, kept: Kept): BatchMatrix =>
    planBatchMatrix(layout, width, rowsStride, kept);
  const layers = shapes.map((shape, l): LayerPlan => {
    const { outputs, activation, dropout } = shape;
    const whole = { panels: true, quads: true };
    // The last layer is narrow as a rule, and reads its inputs whole.
    const lists = leavesZeros(shape) && last > 1;
    return {
      shape,
      values: planLayer(layout, shape),
      slots: optimizerSlots(optimizer).map(() => planLayer(layout, shape)),
      outputs: planMatrix(
        outputs,
        l === last ? { panels: true } : { ...whole, lists: lists && l + 1 < last },
      ),
      gradient: planMatrix(outputs, l === 0 ? { panels: true } : { ...whole, lists: lists && l < last }),
      source: dropout > 0 || activation === 'gelu' ? ofUnits(outputs) : 0,
      factors: dropout > 0 ? ofUnits(outputs) : 0,
    };
  });
  const planBatch = (): BatchPlan => ({
    inputs: planMatrix(network.inputs, background === null ? { panels: true, quads: true } : { lists: true }),
    labels: layout.bytes(rowsStride),
  });
  const planSplit = ({ count, inputs, targets }: Samples): SplitPlan => ({
    count,
    // Samples are read in groups of up to 16 bytes.
    inputs: layout.bytes(inputs.length + 16),
    labels: layout.bytes(targets.length),
  });
  const widestPanels = Math.max(...shapes.map(({ panels }) => panels));
  return {
    program: { loss, optimizer, batchSize, seed },
    background,
    rowsStride,
    layers,
    batches: [planBatch(), planBatch()],
    splits: {
      train: planSplit(data.train),
      validation: planSplit(data.validation),
      test: planSplit(data.test),
    },
    table: layout.floats(256),
    zeros: layout.floats(8),
    losses: layout.bytes(8 * rowsStride),
    correct: layout.bytes(rowsStride),
    barrier: layout.bytes(12),
    threads: Array.from({ length: threads }, () => ({
      // Two pieces of a panel in the update or two panels of transposed weights in the gradient of the inputs, and two vectors.
      scratch: layout.floats(8 * (2 * Math.max(inputsOfPiece, 8 * widestPanels) + 2)),
      settings: layout.floats(settingsCount),
      indices: layout.bytes(4 * rowsStride),
    })),
  };
}

/** Whether much of what comes of a layer can be 0. */
function leavesZeros({ activation, dropout }: PanelShape): boolean {
  return activation === 'relu' || dropout > 0;
}

function mostSamples({ train, validation, test }: TrainingData): number {
  return Math.max(train.count, validation.count, test.count);
}
