/**
 * Writes the request bodies that the README and the documentation use: a seven, the first image of MNIST's test split,
 * in each format that the service accepts. They go to examples/ or to the folder given as an argument.
 */
import { Buffer } from 'node:buffer';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { createDatasetStore } from '../dist/data/store.js';

const folder = process.argv[2] ?? fileURLToPath(new URL('../examples', import.meta.url));
const side = 28;

const { test } = await createDatasetStore().load('mnist');
const pixels = [...test.inputs.subarray(0, side * side)];

const picture = new PNG({ width: side, height: side, colorType: 0 });
pixels.forEach((grey, i) => picture.data.set([grey, grey, grey, 255], 4 * i));

const tensor = { name: 'input', shape: [1, side * side], datatype: 'UINT8', data: pixels };
const files = {
  'seven.json': json({ inputs: [pixels] }),
  'seven.png': PNG.sync.write(picture, { colorType: 0 }),
  'seven.f32': Buffer.from(Float32Array.from(pixels).buffer),
  'infer.json': json({ id: '42', inputs: [tensor] }),
  'instances.json': json({ instances: [pixels] }),
  'examples.json': json({ examples: [{ input: pixels }] }),
};

await mkdir(folder, { recursive: true });
for (const [name, content] of Object.entries(files)) await writeFile(`${folder}/${name}`, content);

function json(value) {
  return `${JSON.stringify(value)}\n`;
}
