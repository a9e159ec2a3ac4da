/** Random models whose numbers stay around 1, so that float32 leaves differences below 1e-6; random-models.ts has wilder ones. */
import fc from 'fast-check';
import type { Head } from '../../../src/model/heads/head.js';
import type { DecodedModel } from '../../../src/model/files/model-file.js';
import { ensembleShapes } from '../../../src/model/network/members.js';
import { activations, type NetworkSpec } from '../../../src/model/network/network.js';

const width = fc.integer({ min: 1, max: 9 });

const networks: fc.Arbitrary<NetworkSpec> = fc.record({
  inputs: fc.integer({ min: 1, max: 20 }),
  hidden: fc.array(
    fc.record({ units: width, activation: fc.constantFrom(...activations), dropout: fc.constant(0) }),
    { maxLength: 3 },
  ),
  outputs: fc.integer({ min: 2, max: 5 }),
});

function headsOf(outputs: number): fc.Arbitrary<Head> {
  const labels = Array.from({ length: outputs }, (_, index) => `class ${index}`);
  const scaling = fc.record({
    mean: fc.double({ min: -3, max: 3, noNaN: true }),
    std: fc.double({ min: 0.1, max: 3, noNaN: true }),
  });
  const temperature = fc.double({ min: 0.5, max: 3, noNaN: true });
  return fc.oneof(
    fc.record(
      {
        kind: fc.constant('classes' as const),
        labels: fc.constant(labels),
        probabilities: fc.constant('softmax' as const),
        temperature,
      },
      { requiredKeys: ['kind', 'labels', 'probabilities'] },
    ),
    fc.constant<Head>({ kind: 'classes', labels, probabilities: 'nearest_distribution' }),
    fc.record(
      {
        kind: fc.constant('values' as const),
        names: fc.constant(labels),
        scaling: fc.array(scaling, { minLength: outputs, maxLength: outputs }),
      },
      { requiredKeys: ['kind', 'names'] },
    ),
  );
}

const scalings = fc.option(
  fc.record({
    divide_by: fc.constantFrom(1, 4, 255),
    mean: fc.double({ min: -1, max: 1, noNaN: true }),
    std: fc.double({ min: 0.25, max: 2, noNaN: true }),
  }),
);

/** `samples` (count, inputs) raw inputs from -1 to 1 once they are scaled by about that. */
export interface RandomModel extends DecodedModel {
  samples: number[][];
}

export const randomModels: fc.Arbitrary<RandomModel> = networks.chain((network) =>
  fc
    .record({
      head: headsOf(network.outputs),
      scaling: scalings,
      ensemble: fc.constantFrom(1, 1, 3),
      seed: fc.integer({ min: 1, max: 1e6 }),
    })
    .map(({ head, scaling, ensemble, seed }) => {
      const number = (at: number): number => Math.sin(seed + at * 12.9898) * Math.cos(at * 78.233 + seed);
      let at = 0;
      const parameters = new Map(
        ensembleShapes(network, ensemble).map(({ name, shape }) => {
          const length = shape.reduce((size, side) => size * side, 1);
          const scale = 1 / Math.sqrt(shape[1] ?? 1);
          return [name, { shape, data: Float32Array.from({ length }, () => scale * number(at++)) }];
        }),
      );
      const raw = scaling === null ? 1 : scaling.divide_by;
      const samples = Array.from({ length: 3 }, () =>
        Array.from({ length: network.inputs }, () => Math.fround(raw * number(at++))),
      );
      const description = {
        format_version: 2 as const,
        network,
        head,
        scaling,
        ...(ensemble > 1 && { ensemble }),
      };
      return { description, parameters, samples };
    }),
);
