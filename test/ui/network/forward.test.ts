/** What the pages compute of a model file agrees with what the service answers, whatever the network and its head are. */
import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { modelPredictor } from '../../../src/model/engines/model-predictor.js';
import { encodeModelFile, ensembleOf, type ModelDescription } from '../../../src/model/files/model-file.js';
import { applyHead, classHead, type Head } from '../../../src/model/heads/head.js';
import { activations } from '../../../src/model/network/network.js';
import { forward } from '../../../ui/network/forward.js';
import { readNetworkModel } from '../../../ui/network/network-model.js';
import { parametersOf } from '../../model/small-model.js';

const labels = ['a', 'b', 'c'];
const heads: [string, Head][] = [
  ['cross-entropy', classHead('cross_entropy', labels)],
  ['a temperature', { ...classHead('cross_entropy', labels), temperature: 2.5 }],
  ['squared errors', classHead('one_hot_mse', labels)],
  ['values', { kind: 'values', names: labels, scaling: labels.map((_, i) => ({ mean: i, std: 3 + i })) }],
];
/** (4, 5) from 0 to 255 */
const inputs = Float32Array.from({ length: 20 }, (_, i) => (i * 97) % 256);

function described(head: Head, activation: (typeof activations)[number]): ModelDescription {
  const hidden = [6, 4].map((units) => ({ units, activation, dropout: 0 }));
  const scaling = { divide_by: 255, mean: 0.4, std: 0.3 };
  return { format_version: 2, network: { inputs: 5, hidden, outputs: 3 }, head, scaling };
}

async function expectAgreement(descriptions: ModelDescription[]): Promise<void> {
  const { description, parameters } = ensembleOf(
    descriptions.map((each, i) => ({ description: each, parameters: parametersOf(each.network, i + 1) })),
  );
  const predictor = await modelPredictor(createReferenceEngine(), description, parameters);
  const wanted = applyHead(description.head, await predictor.predict(inputs, 4));
  const file = Uint8Array.from(encodeModelFile(description, parameters)).buffer;
  const { results } = forward(readNetworkModel(file), inputs, 4);
  expect(results).toHaveLength(wanted.length);
  wanted.forEach((each, i) =>
    expect(Math.abs(each - (results[i] ?? NaN))).toBeLessThan(1e-5 * (1 + Math.abs(each))),
  );
}

describe('a forward pass in the browser', () => {
  it.each(activations)('agrees with the service on %s', async (activation) => {
    await expectAgreement([described(classHead('cross_entropy', labels), activation)]);
  });

  it.each(heads)(
    'agrees on a head for %s, of one network and of three that answer together',
    async (_name, head) => {
      await expectAgreement([described(head, 'tanh')]);
      await expectAgreement(['tanh', 'tanh', 'tanh'].map(() => described(head, 'tanh')));
    },
  );
});
