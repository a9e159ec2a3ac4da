/** A layer backward: from the gradient of its sums to that of the sums of the layer below. */
import type { LayerLayout } from '../layout.js';
import { activationGradient } from './activations.js';
import { control, declareBuffers, type InputFormat } from './bindings.js';
import { dropoutFactors } from './dropout.js';
import { f32 } from './literals.js';
import { loadAhead, rowsOfTile, type Kernel } from './kernel.js';
import { slicesOf, tileShader, tileVectors, turnsAhead } from './tile.js';
import { dropoutScale } from '../../../network/dropout.js';

const four = [0, 1, 2, 3];

export function backwardKernel(
  layer: LayerLayout,
  below: LayerLayout,
  { format, batchSize, seed }: { format: InputFormat; batchSize: number; seed: number },
): Kernel {
  const { inputVectors, outputVectors, parameters, gradients } = layer;
  const tilesAcross = Math.ceil(inputVectors / tileVectors);
  const tileRows = rowsOfTile(batchSize, tilesAcross);
  const slices = slicesOf(tileRows);
  const loop = loadAhead(
    { slice: 'slice', stride: slices, end: outputVectors, ahead: turnsAhead(outputVectors, slices) },
    (s, vector) => `
      ${four.map((i) => `let d${s}_${i} = activations[gradientsAt + ${vector} + ${i * outputVectors}u];`).join(' ')}
      ${four.map((i) => `let w${s}_${i} = parameters[weights + ${vector} + ${i * outputVectors}u];`).join(' ')}`,
    (s) =>
      four
        .map((i) => `sum${i} += vec4f(${four.map((j) => `dot(d${s}_${i}, w${s}_${j})`).join(', ')});`)
        .join('\n    '),
  );
  const code = tileShader(
    declareBuffers('pass', format) + throughActivation(below, { batchSize, seed }),
    tileRows,
    {
      sums: `
    let gradientsAt = ${gradients}u + row * ${outputVectors}u;
    let weights = ${parameters}u + 4u * column * ${outputVectors}u;
    if (column < ${inputVectors}u) {
      ${loop}
    }`,
      store: `
    if (column < ${inputVectors}u) {
      activations[${below.gradients}u + row * ${inputVectors}u + column] = throughActivation(value, row, column);
    }`,
    },
  );
  return {
    name: `backward of ${layer.name}`,
    code,
    buffers: 'pass',
    grid: (rows) => [tilesAcross, Math.ceil(rows / tileRows)],
  };
}

/**
 * `throughActivation(dValue, row, column)`: from the gradient of a layer's values to that of its sums. In a
 * kernel of the passes.
 */
export function throughActivation(
  layer: LayerLayout,
  { batchSize, seed }: { batchSize: number; seed: number },
): string {
  const { activation, dropout, values, sums, outputVectors } = layer;
  // Where relu gives a value above 0, the unit is on.
  const drawsFactors = dropout > 0 && activation !== 'relu';
  const factor =
    dropout === 0
      ? ''
      : drawsFactors
        ? ' * dropoutFactors(row, column, step)'
        : ` * ${f32(dropoutScale(dropout))}`;
  return `${activationGradient(activation)}${drawsFactors ? dropoutFactors(layer, seed) : ''}
fn throughActivation(dValue: vec4f, row: u32, column: u32) -> vec4f {
  let at = row * ${outputVectors}u + column;
  ${drawsFactors ? `let step = settings[seen[${control.current}] / ${batchSize}u * 4u + 3u].y;` : ''}
  return activationGradient(dValue${factor}, ${sums === null ? 'vec4f()' : `activations[${sums}u + at]`}, activations[${values}u + at]);
}
`;
}
