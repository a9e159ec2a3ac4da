/** A model small enough to be written a hundred times in a test. */
import type { Evaluation } from '../../src/model/evaluation/evaluation.js';
import { classHead } from '../../src/model/heads/head.js';
import type { TrainingState } from '../../src/model/network/initialization.js';
import { encodeModelFile, type ModelDescription } from '../../src/model/files/model-file.js';
import { parameterShapes, type NetworkSpec, type StateDict } from '../../src/model/network/network.js';

export function describedAs(network: NetworkSpec, labels: string[]): ModelDescription {
  const scaling = { divide_by: 255, mean: 0.5, std: 0.25 };
  return { format_version: 2, network, head: classHead('cross_entropy', labels), scaling };
}

/** 3 → 4 → 2. */
export const smallDescription = describedAs(
  { inputs: 3, hidden: [{ units: 4, activation: 'relu', dropout: 0 }], outputs: 2 },
  ['cat', 'dog'],
);

/** Parameters that depend on the seed. */
export function parametersOf(network: NetworkSpec, seed: number): StateDict {
  return new Map(
    parameterShapes(network).map(({ name, shape }, layer) => {
      const length = shape.reduce((size, side) => size * side, 1);
      return [
        name,
        { shape, data: Float32Array.from({ length }, (_, i) => Math.sin(seed * 100 + layer * 10 + i)) },
      ];
    }),
  );
}

/** What a run would hold after this many steps. */
export function stateAt(step: number): TrainingState {
  const parameters = parametersOf(smallDescription.network, step);
  const optimizer = new Map(
    [...parameters].flatMap(([name, { shape, data }]) => [
      [`${name}.exp_avg`, { shape, data: data.map((value) => value / 2) }],
      [`${name}.exp_avg_sq`, { shape, data: data.map((value) => value ** 2) }],
    ]),
  );
  return { step, parameters, optimizer };
}

export function smallModelFile(seed: number): Buffer {
  return encodeModelFile(smallDescription, parametersOf(smallDescription.network, seed));
}

/** Of a model of two classes or more. */
export const smallEvaluation: Evaluation = {
  format_version: 1,
  task: 'classification',
  test: {
    rows: 10,
    figures: { accuracy: 0.5 },
    intervals: { accuracy: [0.2, 0.8] },
    baselines: { constant: { accuracy: 0.1 } },
  },
};
