/** A layer's three products, dense or sparse, for one thread's part of its units; which part, step.ts says. */
import type { BatchMatrix } from './batch-matrix.js';
import { activationCodes, optimizerCode, type Kernels } from './kernels.js';
import type { LayerPlan, Plan } from './plan.js';

export interface LayerWork {
  /** outputs = bias + x · w, before the activation. `background` is what `x` differs from, null where it is read whole. */
  forward(
    layer: LayerPlan,
    x: BatchMatrix,
    background: number | null,
    quads: number,
    panels: [number, number],
  ): void;
  /** The gradient of the layer below, through its activation and dropout, by this layer's gradient and weights. */
  passOn(
    layer: LayerPlan,
    below: LayerPlan,
    isSparse: boolean,
    quads: number,
    panels: [number, number],
  ): void;
  /** The weights by their gradient; with some inputs only where `x` is read whole. */
  updateWeights(
    layer: LayerPlan,
    x: BatchMatrix,
    background: number | null,
    rows: number,
    panels: [number, number],
    inputs?: [number, number],
  ): void;
  updateBias(layer: LayerPlan, rows: number, panels: [number, number]): void;
}

export function createLayerWork(kernels: Kernels, plan: Plan, thread: number): LayerWork {
  const { rowsStride, zeros } = plan;
  const { scratch, settings } = plan.threads[thread];
  const optimizer = optimizerCode(plan.program.optimizer);

  return {
    forward({ shape, values, outputs }, x, background, quads, [first, end]) {
      const { weights, bias } = values;
      if (background === null) {
        // prettier-ignore
        kernels.dense(x.quads, x.columns, x.width, 0, quads, weights, shape.panelRows, bias, first, end, outputs.panels, rowsStride);
      } else {
        // prettier-ignore
        kernels.sparseDense(x.entries, x.counts, x.width, 4 * quads, background, weights, shape.panelRows, bias, first, end, outputs.panels, rowsStride, scratch);
      }
    },

    passOn({ shape, values, gradient }, below, isSparse, quads, [first, end]) {
      const { width, columns, entries, counts } = gradient;
      const { weights } = values;
      const into = below.gradient.panels;
      if (isSparse) {
        // prettier-ignore
        kernels.sparseInputGradient(entries, counts, columns, width, 4 * quads, weights, shape.panelRows, first, end, zeros, into, rowsStride, scratch);
      } else {
        // prettier-ignore
        kernels.inputGradient(gradient.quads, columns, width, quads, weights, shape.panelRows, first, end, scratch, zeros, into, rowsStride);
      }
      const code = activationCodes[below.shape.activation];
      const source = below.source === 0 ? below.outputs.panels : below.source;
      kernels.activationGradient(code, into, source, below.factors, rowsStride, 4 * quads, first, end);
    },

    updateWeights({ shape, values, slots, gradient }, x, background, rows, [first, end], inputs) {
      const { weights } = values;
      const [slot0, slot1] = [slots.at(0)?.weights ?? 0, slots.at(1)?.weights ?? 0];
      const [firstInput, endInput] = inputs ?? [0, x.width];
      const dz = gradient.panels;
      if (background === null) {
        // prettier-ignore
        kernels.updateWeights(optimizer, settings, x.panels, dz, rowsStride, rows, weights, slot0, slot1, shape.panelRows, firstInput, endInput, first, end, scratch, zeros);
      } else {
        // prettier-ignore
        kernels.updateSparseWeights(optimizer, settings, x.entries, x.counts, x.width, background, dz, rowsStride, rows, weights, slot0, slot1, shape.panelRows, first, end, scratch);
      }
    },

    updateBias({ values, slots, gradient }, rows, [first, end]) {
      const [slot0, slot1] = [slots.at(0)?.bias ?? 0, slots.at(1)?.bias ?? 0];
      // prettier-ignore
      kernels.updateBias(optimizer, settings, gradient.panels, rowsStride, rows, values.bias, slot0, slot1, first, end, scratch);
    },
  };
}
