/** model.mjs: an ES module that predicts, in Node.js and in browsers. Its JSDoc is what editors and TypeScript know of it. */
import type { PortableModel } from '../portable-model.js';
import { readBundles } from './bundles.js';
import { documentOf, encodedParameters } from './document.js';

const pictureReader = `/**
 * The sample that a PNG or JPEG file is, as \`POST /predict\` reads it.
 * @param {Uint8Array} file
 * @returns {Promise<number[]>} rejects where the file cannot be read
 */
export async function sampleOfPicture(file) {
  return Array.from((await opened).inputOfPicture(file));
}

`;

export function writeModule(portable: PortableModel): Buffer {
  const { runtime, kernels } = readBundles();
  const { name, version, table, image, inputs, head } = portable;
  const cells = 'string | number | boolean | null';
  const sample =
    table === null
      ? `number[] | number[][]} Sample ${inputs} numbers, as in the dataset, flat or nested.`
      : `Record<string, ${cells}> | (${cells})[]} Sample A row: its cells by the names of the columns, or all in order.`;
  const prediction =
    head.kind === 'classes'
      ? '{ label: string, index: number, confidence: number, probabilities: number[] }'
      : head.names.length === 1
        ? '{ value: number }'
        : '{ values: Record<string, number> }';
  const takesPictures = image !== null || (table === null && Number.isInteger(Math.sqrt(inputs)));
  const columns = table?.columns.map((column) => column.name) ?? [];
  return Buffer.from(`/**
 * The model ${name}, version ${version}, written by Trainyard: its network, what comes before and after it, and the
 * WebAssembly that computes it. Needs nothing else, and sends nothing anywhere. In Node.js and in browsers:
 *
 *   import { predict } from './model.mjs';
 *   const { predictions } = await predict([sample]);
 */

/** @typedef {${sample} */
/** @typedef {${prediction}} Prediction */
/** @typedef {{ code: string, column?: string, count: number, message: string }} Warning */
/** @typedef {{ model: string, version: number, predictions: Prediction[], warnings?: Warning[] }} Answer */

/** @type {string} */
export const model = ${JSON.stringify(name)};
/** @type {number} */
export const version = ${version};
/** The names of the classes, by index; of a model of values there are none. @type {string[]} */
export const labels = ${JSON.stringify(head.kind === 'classes' ? head.labels : [])};
/** The columns of a row that is a list; of a model that takes numbers there are none. @type {string[]} */
export const columns = ${JSON.stringify(columns)};

/**
 * Answers as \`POST /predict\` does: one prediction for each sample.
 * @param {readonly Sample[]} inputs
 * @returns {Promise<Answer>} rejects where a sample cannot be read
 */
export async function predict(inputs) {
  return (await opened).predict(inputs);
}

${takesPictures ? pictureReader : ''}${runtime}
const opened = TrainyardModel.openModel(
  ${JSON.stringify(documentOf(portable))},
  {
    kernels: '${kernels}',
    parameters: '${encodedParameters(portable)}',
  },
);
`);
}
