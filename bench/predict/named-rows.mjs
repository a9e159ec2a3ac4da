/**
 * A row by column name beside the same row as a list of cells and beside an array of as many numbers as the row becomes, for
 * a network of the same size; and what reading and encoding cells takes in process.
 */
import { performance } from 'node:perf_hooks';
import { readColumn } from '../../dist/lib/cells/columns.js';
import { encodeModelFile } from '../../dist/model/files/model-file.js';
import { classHead } from '../../dist/model/heads/head.js';
import { initialState } from '../../dist/model/network/initialization.js';
import { applyTable, fitTable } from '../../dist/model/preprocessing/table.js';
import { createRegistry } from '../../dist/model/registry/registry.js';
import { inputsOfRows } from '../../dist/model/serving/table-inputs.js';
import { createFileStorage } from '../../dist/storage/file-storage.js';
import { load } from '../http-load.mjs';
import { median } from '../quantile.mjs';
import { inPercentiles, inTurn, ratioOf } from './in-turn.mjs';
import { startApi } from './services.mjs';

const rowCount = 10_000;
const number = { type: 'number', decimal: '.', grouping: '', missing: [] };
const category = { type: 'category', missing: [] };
const datetime = { type: 'datetime', order: 'ymd', missing: [] };

/** Ten numbers, eight categories of ten levels and two dates. */
const columns = Array.from({ length: 20 }, (_, index) => {
  if (index < 10)
    return { name: `quantity_${index}`, format: number, cell: (row) => ((row * 7919 + index) % 1000) / 8 };
  if (index < 18)
    return { name: `category_${index}`, format: category, cell: (row) => `level ${(row * 31 + index) % 10}` };
  return {
    name: `date_${index}`,
    format: datetime,
    cell: (row) => new Date(row * 86_400_000).toISOString().slice(0, 10),
  };
});

export async function namedRows(dataDir, timing) {
  const rows = Array.from({ length: rowCount }, (_, row) => columns.map(({ cell }) => cell(row)));
  const read = columns.map(
    ({ format }, index) =>
      readColumn(
        format,
        rows.map((row) => row[index]),
      ).column,
  );
  const all = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const plans = columns.map(({ name, format }) => ({ name, format, distinct: 10, hasMissing: true }));
  const preprocessing = fitTable(plans, read, all, { targets: [], ignored: [] });
  // As they arrive.
  const named = JSON.parse(
    JSON.stringify(
      rows.map((row) => Object.fromEntries(row.map((cell, index) => [columns[index].name, cell]))),
    ),
  );
  inProcess(preprocessing, read, all, named);
  await publish(dataDir, preprocessing);
  await overHttp(dataDir, preprocessing, rows, named, timing);
}

function inProcess(preprocessing, read, all, named) {
  const cells = rowCount * columns.length;
  console.log(`\n${columns.length} columns, which become ${preprocessing.width} inputs, in process:`);
  const encoded = times(20, () => applyTable(preprocessing, read, all));
  console.log(`  encode ${rowCount} rows: ${((median(encoded) * 1e6) / cells).toFixed(1)} ns a cell`);
  for (const count of [1, 1024]) {
    const some = named.slice(0, count);
    const ms = median(times(20_000 / count, () => inputsOfRows(preprocessing, some)));
    const each = (ms * 1e6) / (count * columns.length);
    console.log(
      `  read and encode ${count} named rows: ${(ms * 1000).toFixed(1)} µs, ${each.toFixed(0)} ns a cell`,
    );
  }
}

async function publish(dataDir, preprocessing) {
  const registry = createRegistry(await createFileStorage(dataDir), { warn: console.warn });
  const hidden = [{ units: 256, activation: 'relu', dropout: 0 }];
  const network = { inputs: preprocessing.width, hidden, outputs: 2 };
  const description = {
    format_version: 2,
    network,
    head: classHead('cross_entropy', ['no', 'yes']),
    scaling: null,
  };
  for (const [model, extra] of [
    ['bench-table', { preprocessing }],
    ['bench-array', {}],
  ]) {
    const file = encodeModelFile(
      { ...description, ...extra },
      initialState(network, { type: 'sgd', momentum: 0, nesterov: false, weight_decay: 0 }, 1).parameters,
    );
    await registry.publish({ model, runId: `job_${model}`, step: 1, file, metrics: null, now: new Date() });
  }
}

async function overHttp(dataDir, preprocessing, rows, named, { rounds, seconds, connectionCounts }) {
  const api = await startApi(dataDir);
  const inputs = Array.from(inputsOfRows(preprocessing, named.slice(5, 6)).inputs, (input) => input + 0.1);
  const bodies = {
    'an array': { model: 'bench-array', inputs: [inputs] },
    'a row as a list': { model: 'bench-table', inputs: [rows[5]] },
    'a row by name': { model: 'bench-table', inputs: [named[5]] },
  };
  try {
    for (const connections of connectionCounts) {
      const results = await inTurn(Object.keys(bodies), rounds, (name) =>
        load(
          `${api.url}/predict`,
          { type: 'application/json', payload: JSON.stringify(bodies[name]) },
          { connections, seconds },
        ),
      );
      console.log(`  over HTTP, ${connections} connections:`);
      for (const [name, rounds_] of results) {
        const ratio = ratioOf(rounds_, results.get('an array'), 'p50');
        console.log(`    ${name}: ${inPercentiles(rounds_)}; ${ratio.toFixed(2)} × the time of an array`);
      }
    }
  } finally {
    api.stop();
  }
}

/** (calls) in milliseconds, after a warm-up of as many. */
function times(calls, call) {
  const all = [];
  for (let i = 0; i < 2 * calls; i++) {
    const start = performance.now();
    call();
    all.push(performance.now() - start);
  }
  return all.slice(Math.ceil(calls));
}
