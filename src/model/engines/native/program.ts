/** Programs as the addon takes them: names become numbers, and settings are worked out in float64. */
import { dropoutScale, dropoutThreshold } from '../../network/dropout.js';
import { losses } from '../../network/losses.js';
import { activations, denseLayers, type NetworkSpec } from '../../network/network.js';
import { momentSlots } from '../../network/optimizers.js';
import { streamWord } from '../../../lib/philox.js';
import type { AffineMap } from '../../preprocessing/affine.js';
import { evaluationBatchSize, type TrainingData, type TrainingProgram } from '../engine.js';
import { optimizerCode } from '../optimizer-code.js';
import type { NativeLayer, NativeProgram } from './addon.js';

export function nativeProgram(
  program: TrainingProgram,
  data: TrainingData,
  mayBeSparse: boolean,
): NativeProgram {
  const { network, loss, optimizer, batchSize, seed, labelSmoothing = 0, scaling } = program;
  const splits = [data.train, data.validation, data.test];
  const mostSamples = Math.max(...splits.map(({ count }) => count));
  return {
    inputs: network.inputs,
    layers: nativeLayers(network),
    ...affine(scaling),
    loss: losses.indexOf(loss),
    optimizer: optimizerCode(optimizer),
    slots: momentSlots(optimizer).length,
    averages: optimizer.ema !== undefined,
    clipNorm: optimizer.clip_norm ?? 0,
    labelSmoothing,
    seedLow: seed % 2 ** 32,
    seedHigh: Math.floor(seed / 2 ** 32),
    bytes: scaling !== null,
    mayBeSparse,
    rows: Math.max(Math.min(batchSize, data.train.count), Math.min(evaluationBatchSize, mostSamples)),
    splits: splits.map(({ count, weights }) => ({ count, hasWeights: weights !== null })),
  };
}

export function nativeLayers(network: NetworkSpec): NativeLayer[] {
  return denseLayers(network).map(({ outputs, activation, dropout }, part) => ({
    outputs,
    activation: activations.indexOf(activation),
    // In the upper 24 bits, as the words are compared.
    dropoutThreshold: dropoutThreshold(dropout) * 2 ** 8,
    dropoutScale: dropoutScale(dropout),
    dropoutStream: streamWord({ purpose: 'dropout', part }),
  }));
}

/** What `(raw / divide_by − mean) / std` multiplies by and adds. */
export function affine(scaling: AffineMap | null): { scale: number; shift: number } {
  if (scaling === null) return { scale: 1, shift: 0 };
  const { divide_by, mean, std } = scaling;
  return { scale: 1 / (divide_by * std), shift: -mean / std };
}
