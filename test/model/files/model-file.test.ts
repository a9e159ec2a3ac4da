import { describe, expect, test } from 'vitest';
import {
  decodeModelFile,
  encodeModelFile,
  ensembleOf,
  membersOfModel,
} from '../../../src/model/files/model-file.js';
import { classHead, type Head } from '../../../src/model/heads/head.js';
import { activations, type Tensor } from '../../../src/model/network/network.js';
import { decodeSafetensors, encodeSafetensors } from '../../../src/model/files/safetensors.js';
import { describedAs, parametersOf, smallDescription } from '../small-model.js';
import { fitted, houses, tableDescription } from '../small-table.js';

const file = encodeModelFile(smallDescription, parametersOf(smallDescription.network, 1));

/** The same model as an earlier version of the service wrote it. */
const fileOfFormat1 = encodeSafetensors(parametersOf(smallDescription.network, 1), {
  format: 'pt',
  format_version: '1',
  network: JSON.stringify(smallDescription.network),
  loss: '"cross_entropy"',
  preprocessing: '{"divide_by":255,"mean":0.5,"std":0.25}',
  labels: '["cat","dog"]',
});

/** The file with these fields of its metadata replaced. */
function withMetadata(fields: Record<string, string>, of = file): Buffer {
  const { metadata, tensors } = decodeSafetensors(of);
  return encodeSafetensors(tensors, { ...metadata, ...fields });
}

function withoutMetadata(field: string, of = file): Buffer {
  const { metadata, tensors } = decodeSafetensors(of);
  return encodeSafetensors(
    tensors,
    Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== field)),
  );
}

const corrupt = (reason: string): unknown =>
  expect.objectContaining({ code: 'CHECKPOINT_CORRUPT', message: expect.stringContaining(reason) as string });

describe('a model file', () => {
  test('gives back the description and the parameters', () => {
    const { description, parameters } = decodeModelFile(file);
    expect(description).toEqual(smallDescription);
    expect(parameters).toEqual(parametersOf(smallDescription.network, 1));
  });

  test('of the same model has the same bytes', () => {
    const { description, parameters } = decodeModelFile(file);
    expect(encodeModelFile(description, parameters)).toEqual(file);
  });

  test('follows the conventions of safetensors.torch', () => {
    const { metadata, tensors } = decodeSafetensors(file);
    expect(metadata).toEqual({
      format: 'pt',
      format_version: '2',
      network: '{"inputs":3,"hidden":[{"units":4,"activation":"relu","dropout":0}],"outputs":2}',
      head: '{"kind":"classes","labels":["cat","dog"],"probabilities":"softmax"}',
      scaling: '{"divide_by":255,"mean":0.5,"std":0.25}',
    });
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ['fc1.weight', [4, 3]],
      ['fc1.bias', [4]],
      ['fc2.weight', [2, 4]],
      ['fc2.bias', [2]],
    ]);
  });

  test('whose tensors lie in another order, as PyTorch sorts them by name, comes back in layer order', () => {
    const { metadata, tensors } = decodeSafetensors(file);
    const sorted = new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));
    const { parameters } = decodeModelFile(encodeSafetensors(sorted, metadata));
    expect([...parameters.keys()]).toEqual(['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias']);
    expect(parameters).toEqual(parametersOf(smallDescription.network, 1));
  });

  test('may have every activation, dropout and another head', () => {
    const hidden = activations.map((activation, layer) => ({ units: 1, activation, dropout: layer / 10 }));
    const network = { inputs: 1, hidden, outputs: 1 };
    const head = classHead('one_hot_mse', ['only']);
    const description = { ...describedAs(network, ['only']), head };
    expect(decodeModelFile(encodeModelFile(description, parametersOf(network, 0))).description).toEqual(
      description,
    );
  });

  test('may answer with values, and take inputs as they are', () => {
    const head: Head = { kind: 'values', names: ['price', 'weight'] };
    const description = { ...smallDescription, head, scaling: null };
    expect(
      decodeModelFile(encodeModelFile(description, parametersOf(description.network, 0))).description,
    ).toEqual(description);
  });

  test('may take the columns of a table, and is read by others as before', () => {
    const description = tableDescription(fitted(houses));
    const bytes = encodeModelFile(description, parametersOf(description.network, 0));
    expect(decodeModelFile(bytes).description).toEqual(description);
    const { metadata, tensors } = decodeSafetensors(bytes);
    expect(Object.values(metadata).every((value) => typeof value === 'string')).toBe(true);
    expect([...tensors.keys()]).toEqual(['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias']);
  });

  test('may have the members of an ensemble, each as it is alone', () => {
    const members = [1, 2].map((seed) => ({
      description: smallDescription,
      parameters: parametersOf(smallDescription.network, seed),
    }));
    const bytes = encodeModelFile(ensembleOf(members).description, ensembleOf(members).parameters);
    const model = decodeModelFile(bytes);
    expect(model.description).toEqual({ ...smallDescription, ensemble: 2 });
    expect(membersOfModel(model)).toEqual(members.map(({ parameters }) => parameters));
    expect([...decodeSafetensors(bytes).tensors.keys()]).toContain('member2.fc1.weight');
    // One member is no ensemble: the file is as it always was.
    const { description, parameters } = ensembleOf(members.slice(0, 1));
    expect(encodeModelFile(description, parameters)).toEqual(file);
    expect(membersOfModel({ description, parameters })).toEqual([parameters]);
  });

  test('of format 1 is the same model', () => {
    expect(decodeModelFile(fileOfFormat1)).toEqual(decodeModelFile(file));
  });

  test('of format 1 that learnt by squared errors has the probabilities of these', () => {
    const { description } = decodeModelFile(withMetadata({ loss: '"mse"' }, fileOfFormat1));
    expect(description.head).toEqual(classHead('one_hot_mse', ['cat', 'dog']));
  });

  test('that is older than dropout has none', () => {
    const network = '{"inputs":3,"hidden":[{"units":4,"activation":"relu"}],"outputs":2}';
    for (const of of [file, fileOfFormat1]) {
      expect(decodeModelFile(withMetadata({ network }, of)).description).toEqual(smallDescription);
    }
  });

  test('that is older than the choice of a loss has cross-entropy', () => {
    const older = withoutMetadata('loss', fileOfFormat1);
    expect(decodeModelFile(older).description).toEqual(smallDescription);
  });

  test('may have no hidden layer', () => {
    const description = describedAs({ inputs: 1, hidden: [], outputs: 1 }, ['only']);
    expect(
      decodeModelFile(encodeModelFile(description, parametersOf(description.network, 0))).description,
    ).toEqual(description);
  });
});

describe('a file that is no model', () => {
  test.each([
    [2, file, ['format_version', 'network', 'head', 'scaling']],
    [1, fileOfFormat1, ['format_version', 'network', 'preprocessing', 'labels']],
  ])('of format %i lacks a field of its metadata', (_, of, fields) => {
    for (const field of fields) {
      expect(() => decodeModelFile(withoutMetadata(field, of))).toThrow(corrupt(`no ${field}`));
      expect(() => decodeModelFile(withMetadata({ [field]: '{' }, of))).toThrow(corrupt(`the ${field}`));
    }
  });

  test.each(['0', '3', '"1"', 'null', '[1]'])('has format version %s', (format_version) => {
    expect(() => decodeModelFile(withMetadata({ format_version }))).toThrow(corrupt('format version'));
  });

  test.each([
    'null',
    '[]',
    '{}',
    '{"inputs":3,"hidden":[]}',
    '{"inputs":3,"hidden":[],"outputs":2,"output_activation":"softmax"}',
    '{"inputs":0,"hidden":[],"outputs":2}',
    '{"inputs":3,"hidden":{},"outputs":2}',
    '{"inputs":3,"hidden":[4],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4,"activation":"swish"}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4,"activation":"relu","dropout":1}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4,"activation":"relu","dropout":-0.1}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4,"activation":"relu","dropout":null}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4,"activation":"relu","dropout":0,"bias":false}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4.5,"activation":"relu"}],"outputs":2}',
    '{"inputs":3,"hidden":[{"units":4,"activation":"relu","bias":false}],"outputs":2}',
  ])('has the network %s', (network) => {
    expect(() => decodeModelFile(withMetadata({ network }))).toThrow(corrupt('network'));
  });

  test.each([
    '{}',
    '{"divide_by":255,"mean":0.5}',
    '{"divide_by":0,"mean":0.5,"std":0.25}',
    '{"divide_by":255,"mean":0.5,"std":0}',
    '{"divide_by":255,"mean":null,"std":0.25}',
    '{"divide_by":255,"mean":1e999,"std":0.25}',
    '{"divide_by":255,"mean":0.5,"std":0.25,"clip":1}',
  ])('has the scaling %s', (scaling) => {
    expect(() => decodeModelFile(withMetadata({ scaling }))).toThrow(corrupt('scaling'));
    const older = withMetadata({ preprocessing: scaling }, fileOfFormat1);
    expect(() => decodeModelFile(older)).toThrow(corrupt('preprocessing'));
  });

  test('of format 1 has no scaling at all', () => {
    const older = withMetadata({ preprocessing: 'null' }, fileOfFormat1);
    expect(() => decodeModelFile(older)).toThrow(corrupt('preprocessing'));
  });

  test.each(['null', '"hinge"', '["mse"]'])('of format 1 has the loss %s', (loss) => {
    const older = withMetadata({ loss }, fileOfFormat1);
    expect(() => decodeModelFile(older)).toThrow(corrupt('its loss is not'));
  });

  test.each(['{}', '["cat"]', '["cat","dog","cow"]', '["cat",2]'])('has the labels %s', (labels) => {
    const older = withMetadata({ labels }, fileOfFormat1);
    expect(() => decodeModelFile(older)).toThrow(corrupt('labels do not name 2 outputs'));
    const head = `{"kind":"classes","labels":${labels},"probabilities":"softmax"}`;
    expect(() => decodeModelFile(withMetadata({ head }))).toThrow(corrupt('head does not name 2 outputs'));
  });

  test.each([
    'null',
    '{"kind":"classes","labels":["cat","dog"]}',
    '{"kind":"classes","labels":["cat","dog"],"probabilities":"sigmoid"}',
    '{"kind":"values","labels":["cat","dog"],"probabilities":"softmax"}',
    '{"kind":"values","names":["only"]}',
    '{"kind":"classes","names":["one","two"]}',
    '{"kind":"values","names":["one","two"],"unit":"m"}',
  ])('has the head %s', (head) => {
    expect(() => decodeModelFile(withMetadata({ head }))).toThrow(corrupt('head does not name 2 outputs'));
  });

  test('has a preprocessing that is no record, or that makes other inputs than its network takes', () => {
    const description = tableDescription(fitted(houses));
    const table = encodeModelFile(description, parametersOf(description.network, 0));
    expect(() => decodeModelFile(withMetadata({ preprocessing: 'null' }, table))).toThrow(
      corrupt('in its preprocessing, the document is not an object'),
    );
    const preprocessing = JSON.stringify(description.preprocessing).replace('"mean":', '"mean":"",":":');
    expect(() => decodeModelFile(withMetadata({ preprocessing }, table))).toThrow(
      corrupt('in its preprocessing, /columns/0/parts/0/mean is not a number'),
    );
    const other = JSON.stringify(fitted(houses.slice(1)));
    expect(() => decodeModelFile(withMetadata({ preprocessing: other }, table))).toThrow(
      corrupt('inputs, and its network takes'),
    );
  });

  test.each(['1', '17', '2.5', '"2"', 'null'])('has an ensemble of %s', (ensemble) => {
    expect(() => decodeModelFile(withMetadata({ ensemble }))).toThrow(corrupt('its ensemble'));
  });

  test('has fewer members than it says', () => {
    expect(() => decodeModelFile(withMetadata({ ensemble: '2' }))).toThrow(
      corrupt('4 tensors where its ensemble has 8'),
    );
  });

  test('lacks a tensor, has one too many, or one of another shape or name', () => {
    const { metadata, tensors } = decodeSafetensors(file);
    const decodeWith = (change: (tensors: Map<string, Tensor>) => void) => () => {
      const changed = new Map(tensors);
      change(changed);
      return decodeModelFile(encodeSafetensors(changed, metadata));
    };
    const extra = { shape: [1], data: Float32Array.of(1) };
    const transposed = { shape: [3, 4], data: new Float32Array(12) };
    expect(decodeWith((all) => all.delete('fc2.bias'))).toThrow(corrupt('3 tensors'));
    expect(decodeWith((all) => all.set('fc3.bias', extra))).toThrow(corrupt('5 tensors'));
    expect(decodeWith((all) => all.delete('fc2.bias') && all.set('fc9.bias', extra))).toThrow(
      corrupt('fc2.bias'),
    );
    expect(decodeWith((all) => all.set('fc1.weight', transposed))).toThrow(
      corrupt('fc1.weight of shape [4, 3]'),
    );
  });

  test.each([NaN, Infinity, -Infinity])('holds the number %d', (number) => {
    const { metadata, tensors } = decodeSafetensors(file);
    const bias = { shape: [2], data: Float32Array.of(0, number) };
    const damaged = encodeSafetensors(new Map(tensors).set('fc2.bias', bias), metadata);
    expect(() => decodeModelFile(damaged)).toThrow(corrupt('fc2.bias holds a number that is not finite'));
  });
});
