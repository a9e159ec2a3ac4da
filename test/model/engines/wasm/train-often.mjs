/**
 * Trains a hundred times, one after the other, in a process in which nothing else makes garbage for the collector to come
 * for; prints by how much the process has grown since the tenth time, and how much data each training holds.
 */
import { createWasmEngine } from '../../../../dist/model/engines/wasm/wasm-engine.js';
import { initialState } from '../../../../dist/model/network/initialization.js';

const width = 784;
const count = 40_000;
const sizeBytes = width * count;
const inputs = new Uint8Array(sizeBytes).fill(100);
const train = { count, width, inputs, targets: new Uint8Array(count), weights: null };
const few = { ...train, count: 1, inputs: inputs.subarray(0, width), targets: new Uint8Array(1) };
const data = { train, validation: few, test: few };
const optimizer = { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 };
const network = { inputs: width, hidden: [{ units: 64, activation: 'relu', dropout: 0 }], outputs: 10 };
const program = {
  network,
  loss: 'cross_entropy',
  optimizer,
  batchSize: 64,
  seed: 0,
  scaling: { divide_by: 255, mean: 0, std: 1 },
};
const engine = createWasmEngine();
const start = initialState(network, optimizer, 0);

async function trainOnce() {
  const resources = { threads: 2, memoryLimitBytes: 2 ** 30 };
  const trainer = await engine.trainer(program, data, start, resources);
  await trainer.run(1);
  await trainer.snapshot();
  await trainer.dispose();
}

for (let i = 0; i < 10; i++) await trainOnce();
const before = process.memoryUsage().rss;
for (let i = 0; i < 90; i++) await trainOnce();
console.log(JSON.stringify({ grownBytes: process.memoryUsage().rss - before, sizeBytes }));
