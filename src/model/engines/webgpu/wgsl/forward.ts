/** A layer forward: values = dropout(activation(inputs · weights + bias)). */
import type { LayerLayout } from '../layout.js';
import { activationValue } from './activations.js';
import { control, declareBuffers, loadInput, type InputFormat } from './bindings.js';
import { dropoutFactors } from './dropout.js';
import { loadAhead, rowsOfTile, type Kernel } from './kernel.js';
import { slicesOf, tileShader, tileVectors, turnsAhead } from './tile.js';

const fourRows = [0, 1, 2, 3];

/** `previous`: the layer below; null: there is none. `seed`: of dropout; null: there is none, as in predictions. */
export function forwardKernel(
  layer: LayerLayout,
  previous: LayerLayout | null,
  { format, batchSize, seed }: { format: InputFormat; batchSize: number; seed: number | null },
): Kernel {
  const { inputVectors, outputVectors, parameters, activation, values, sums } = layer;
  const tilesAcross = Math.ceil(outputVectors / tileVectors);
  const tileRows = rowsOfTile(batchSize, tilesAcross);
  const slices = slicesOf(tileRows);
  const drops = layer.dropout > 0 && seed !== null;
  const rowOf = (i: number): string =>
    previous === null
      ? `let sample${i} = order[place + row + ${i}u].x;`
      : `let from${i} = ${previous.values}u + (row + ${i}u) * ${inputVectors}u;`;
  const inputOf = (i: number, vector: string): string =>
    previous === null ? `loadInput(sample${i}, ${vector})` : `activations[from${i} + ${vector}]`;
  const weights = `${parameters}u + column`;

  const loop = loadAhead(
    { slice: 'slice', stride: slices, end: inputVectors, ahead: turnsAhead(inputVectors, slices) },
    (s, vector) => `
      let at${s} = ${weights} + 4u * (${vector}) * ${outputVectors}u;
      ${fourRows.map((i) => `let w${s}_${i} = parameters[at${s} + ${i * outputVectors}u];`).join(' ')}
      ${fourRows.map((i) => `let x${s}_${i} = ${inputOf(i, vector)};`).join(' ')}`,
    (s) =>
      fourRows
        .map(
          (i) =>
            `sum${i} += x${s}_${i}.x * w${s}_0 + x${s}_${i}.y * w${s}_1 + x${s}_${i}.z * w${s}_2 + x${s}_${i}.w * w${s}_3;`,
        )
        .join('\n    '),
  );
  const code = tileShader(
    declareBuffers('pass', format) +
      (previous === null ? loadInput(format) : '') +
      activationValue(activation) +
      (drops ? dropoutFactors(layer, seed) : ''),
    tileRows,
    {
      sums: `
    ${previous === null ? readPlace : ''}
    ${fourRows.map(rowOf).join('\n    ')}
    if (column < ${outputVectors}u) {
      ${loop}
    }`,
      store: `
    if (column < ${outputVectors}u) {
      value += parameters[${parameters + 4 * inputVectors * outputVectors}u + column];
      let to = row * ${outputVectors}u + column;
      ${sums === null ? '' : `activations[${sums}u + to] = value;`}
      value = activate(value);
      ${drops ? applyDropout(previous === null ? 'next' : 'current', batchSize) : ''}
      activations[${values}u + to] = value;
    }`,
    },
  );
  return {
    name: `forward of ${layer.name}`,
    code,
    buffers: 'pass',
    grid: (rows) => [tilesAcross, Math.ceil(rows / tileRows)],
  };
}

const readPlace = `let place = seen[${control.next}];
    if (thread == 0u && tile.x == 0u && tile.y == 0u) { seen[${control.current}] = place; }`;

function applyDropout(word: 'next' | 'current', batchSize: number): string {
  return `if (seen[${control.isTraining}] == 1u) {
        let step = settings[seen[${control[word]}] / ${batchSize}u * 4u + 3u].y;
        value *= dropoutFactors(row, column, step);
      }`;
}
