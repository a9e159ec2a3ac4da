/**
 * A trainer's memory: the address of everything, and what else the threads must know. Plain data, so that it can be sent to
 * them.
 */
import type { Activation } from '../../network/network.js';
import { momentSlots } from '../../network/optimizers.js';
import { evaluationBatchSize } from '../engine.js';
import type { TrainingData, TrainingProgram } from '../engine.js';
import { planData, type DataPlan } from './batches.js';
import { inputsOfPiece, panelShapes, planBatchMatrix, planLayer, roundUp } from './layout.js';
import type { BatchMatrix, LayerAddress, Layout, PanelShape, PlannedLayer } from './layout.js';
import { optimizerSettingsCount } from './update-settings.js';

export interface LayerPlan extends PlannedLayer {
  /** What the optimiser keeps, in the order of `momentSlots`. */
  slots: LayerAddress[];
  /** The averages of the parameters, which evaluations use; null where parameters are not averaged. */
  averages: LayerAddress | null;
  /** The gradients of a step; null where each is used as soon as it is known. */
  gradients: LayerAddress | null;
  /** (panels), f64: the sum of the squares of each panel's gradients; 0 where they are not needed. */
  squares: number;
  /** What the next layer sees; of the last layer the network's outputs, in panels only. */
  outputs: BatchMatrix;
  /** The gradient of what the activation is applied to; of the first layer in panels only. */
  gradient: BatchMatrix;
  /** (panels, rows, 8) What the activation's gradient is computed from; 0 where that is `outputs`. */
  source: number;
  /** (panels, rows, 8) The factors of dropout; 0 where there is none. */
  factors: number;
}

/** What each thread has for itself. */
interface ThreadPlan {
  scratch: number;
  /** The settings of the optimiser. */
  settings: number;
  /** (rows), u32: the samples of the batch. */
  indices: number;
}

export interface Plan {
  program: Pick<TrainingProgram, 'loss' | 'optimizer' | 'batchSize' | 'seed'> & {
    labelSmoothing: number;
    steps: number;
  };
  data: DataPlan;
  /** Rows that there is room for, a multiple of 4. */
  rowsStride: number;
  layers: LayerPlan[];
  /** The inputs of two batches, so that one can be gathered while the other is worked on. */
  batches: [BatchMatrix, BatchMatrix];
  /** 8 of them. */
  zeros: number;
  /** (rows), f64. */
  losses: number;
  barrier: number;
  threads: ThreadPlan[];
}

export function planTrainer(
  layout: Layout,
  program: TrainingProgram,
  data: TrainingData,
  threads: number,
): Plan {
  const { network, loss, optimizer, batchSize, seed, labelSmoothing = 0, steps = 0 } = program;
  const shapes = panelShapes(network);
  const rowsStride = rowsOfBatch(batchSize, data);
  const dataPlan = planData(layout, program, data);
  const planInputs = (): BatchMatrix => {
    return planBatchMatrix(layout, network.inputs, rowsStride, dataPlan.keptInputs);
  };
  const layers = planLayers(layout, program, rowsStride);
  return {
    program: { loss, optimizer, batchSize, seed, labelSmoothing, steps },
    data: dataPlan,
    rowsStride,
    layers,
    batches: [planInputs(), planInputs()],
    zeros: layout.floats(8),
    losses: layout.bytes(8 * rowsStride),
    barrier: layout.bytes(12),
    threads: Array.from({ length: threads }, () => ({
      scratch: layout.floats(scratchOf(shapes)),
      settings: layout.floats(optimizerSettingsCount),
      indices: layout.bytes(4 * rowsStride),
    })),
  };
}

/** Of a step or of an evaluation, rounded up to whole quads. */
function rowsOfBatch(batchSize: number, { train, validation, test }: TrainingData): number {
  const mostSamples = Math.max(train.count, validation.count, test.count);
  return roundUp(Math.max(Math.min(batchSize, train.count), Math.min(evaluationBatchSize, mostSamples)), 4);
}

function planLayers(
  layout: Layout,
  { network, optimizer }: TrainingProgram,
  rowsStride: number,
): LayerPlan[] {
  const shapes = panelShapes(network);
  const last = shapes.length - 1;
  const clips = optimizer.clip_norm !== undefined;
  const ofUnits = (width: number): number => layout.floats(roundUp(width, 8) * rowsStride);
  return shapes.map((shape, l): LayerPlan => {
    const { outputs, activation, dropout } = shape;
    const panelsOnly = { panels: true };
    const whole = { panels: true, quads: true };
    // The last layer is usually narrow, and reads its inputs whole.
    const lists = leavesZeros(shape) && last > 1;
    return {
      shape,
      values: planLayer(layout, shape),
      slots: momentSlots(optimizer).map(() => planLayer(layout, shape)),
      averages: optimizer.ema === undefined ? null : planLayer(layout, shape),
      gradients: clips ? planLayer(layout, shape) : null,
      squares: clips ? layout.bytes(8 * shape.panels) : 0,
      outputs: planBatchMatrix(
        layout,
        outputs,
        rowsStride,
        l === last ? panelsOnly : { ...whole, lists: lists && l + 1 < last },
      ),
      gradient: planBatchMatrix(
        layout,
        outputs,
        rowsStride,
        l === 0 ? panelsOnly : { ...whole, lists: lists && l < last },
      ),
      source: dropout > 0 || slopesByArgument.has(activation) ? ofUnits(outputs) : 0,
      factors: dropout > 0 ? ofUnits(outputs) : 0,
    };
  });
}

/** Their gradient is computed from what they are applied to, that of the others from their value. */
const slopesByArgument: ReadonlySet<Activation> = new Set(['gelu', 'silu', 'mish']);

/** Whether many outputs of a layer can be 0. */
function leavesZeros({ activation, dropout }: PanelShape): boolean {
  return activation === 'relu' || dropout > 0;
}

/**
 * Numbers of a thread's scratch: two pieces of a panel for the update, or two panels of transposed weights for the gradient
 * of the inputs, and two vectors.
 */
function scratchOf(shapes: readonly PanelShape[]): number {
  const widestPanels = Math.max(...shapes.map(({ panels }) => panels));
  return 8 * (2 * Math.max(inputsOfPiece, 8 * widestPanels) + 2);
}
