/**
 * How well networks learn public tables, through the service as its users run it: upload, train, predict by column name.
 * Seed s tests with fold s, validates with fold s + 1 (modulo 5) and trains on the others. Prints Markdown: means over the
 * folds ± their deviation, beside what others got on the same folds. The folder has csv/{name}.csv and folds/{name}.csv with
 * the fold of each row.
 *
 *   npm run bench:tables -- --data DIR [--tables penguins,titanic,…] [--seeds 0,1,2,3,4] [--presets auto,plain]
 *                           [--peer --python PATH] [--ablate [--changes 'no bins,…']] [--dist DIR]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Papa from 'papaparse';
import { builtHere, startService } from './service-process.mjs';
import { ablations } from './tables/ablations.mjs';
import { barNames, slackOf, tables } from './tables/bar.mjs';
import { deviation, figuresOf, mean, ranksOf } from './tables/figures.mjs';
import { startPeers } from './tables/peers.mjs';

/** The column that is added to a table to say what each row is for. */
const splitColumn = 'bench_split';
const foldCount = 5;
const rowsAtOnce = 500;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    tables: { type: 'string', default: Object.keys(tables).join(',') },
    seeds: { type: 'string', default: '0,1,2,3,4' },
    presets: { type: 'string', default: 'auto,plain' },
    peer: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    ablate: { type: 'boolean', default: false },
    changes: { type: 'string', default: Object.keys(ablations).join(',') },
    dist: { type: 'string', default: builtHere },
  },
});
if (options.data === undefined) throw new Error('Say where the tables are: --data DIR');
const names = options.tables.split(',');
const seeds = options.seeds.split(',').map(Number);

const dataDir = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
const service = await startService(dataDir, { dist: options.dist });
try {
  await (options.ablate ? showAblation() : showFigures());
} finally {
  await service.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** Each figure of each table beside the bar, or beside what the peers got in this run. */
async function showFigures() {
  const presets = options.presets.split(',');
  const peers = options.peer ? await startPeers(options.python) : null;
  const header = ['table (rows), figure', ...presets, ...barNames, 'within', 's a job'];
  printRow(header);
  printRow(header.map(() => '---'));
  const ranks = new Map();
  for (const name of names) {
    const table = await readTable(name);
    const own = {};
    for (const preset of presets) own[preset] = await byFigure((seed) => trainedOn(table, seed, { preset }));
    const measured = peers === null ? {} : await measurePeers(peers, table);
    const [first] = presets;
    for (const figure of Object.keys(own[first]).filter((each) => each !== 'seconds')) {
      const others = othersAt(table.bar[figure] ?? [], measured, figure);
      const shown = presets.map((preset) => meanAndDeviation(own[preset][figure]));
      const verdict = verdictOn(mean(own[first][figure]), others, figure);
      const beside = barNames.map((each) => others[each]?.toFixed(3) ?? '–');
      const seconds = mean(own[first].seconds).toFixed(1);
      printRow([`${name} (${table.rows.length}), ${figure}`, ...shown, ...beside, verdict, seconds]);
      const mine = presets.map((preset) => [`preset ${preset}`, mean(own[preset][figure])]);
      addRanks(ranks, { ...others, ...Object.fromEntries(mine) });
    }
  }
  peers?.stop();
  printRanks(ranks);
}

/** The published figures, and in place of them those that the peers got in this run. */
function othersAt(bar, measured, figure) {
  const published = barNames.map((name, i) => [name, bar[i]]);
  const now = Object.entries(measured).map(([name, figures]) => [name, mean(figures[figure])]);
  return Object.fromEntries([...published, ...now].filter(([, value]) => value !== undefined));
}

/** yes: not below scikit-learn's network, and near the better of the two networks in PyTorch. */
function verdictOn(own, others, figure) {
  const best = Math.max(others.plain ?? -Infinity, others.PLE ?? -Infinity);
  const problems = [
    own < (others['sklearn MLP'] ?? -Infinity) && 'below sklearn MLP',
    own < best - slackOf(figure) && `${(best - own).toFixed(3)} below`,
  ].filter(Boolean);
  return problems.length === 0 ? 'yes' : problems.join(', ');
}

/** A figure counts where all of the bar have it, or the four that are measured here. */
function addRanks(ranks, figures) {
  const entries = Object.entries(figures);
  const order = ranksOf(entries.map(([, value]) => -value));
  entries.forEach(([name], i) => ranks.set(name, [...(ranks.get(name) ?? []), order[i]]));
}

function printRanks(ranks) {
  console.log('\nMean rank over the figures, 1 for the best:\n');
  const sorted = [...ranks].sort(([, a], [, b]) => mean(a) - mean(b));
  for (const [name, all] of sorted) console.log(`- ${name}: ${mean(all).toFixed(2)} (${all.length} figures)`);
}

async function measurePeers(peers, { name, target, task }) {
  const bySeed = [];
  for (const seed of seeds) {
    const [csv, folds] = ['csv', 'folds'].map((folder) => join(options.data, folder, `${name}.csv`));
    bySeed.push(await peers.measure({ csv, folds, target, task: task.name, seed }));
  }
  return Object.fromEntries(
    Object.keys(bySeed[0]).map((peer) => [peer, collected(bySeed.map((figures) => figures[peer]))]),
  );
}

/** What each choice of auto brings: how far the figures change without it. */
async function showAblation() {
  const changes = options.changes.split(',');
  printRow(['table, figure', 'auto', ...changes]);
  printRow(['---', '---', ...changes.map(() => '---')]);
  for (const name of names) {
    const table = await readTable(name);
    const usual = await byFigure((seed) => trainedOn(table, seed, {}));
    const changed = {};
    for (const change of changes) {
      changed[change] = await byFigure((seed) =>
        trainedOn(table, seed, ablations[change](table.specs[seed])),
      );
    }
    for (const figure of Object.keys(usual).filter((each) => each !== 'seconds')) {
      const differences = changes.map((change) =>
        signed(mean(changed[change][figure]) - mean(usual[figure])),
      );
      printRow([`${name}, ${figure}`, mean(usual[figure]).toFixed(4), ...differences]);
    }
  }
}

async function readTable(name) {
  const { target, bar } = tables[name];
  const rows = await readCsv(join(options.data, 'csv', `${name}.csv`));
  const folds = (await readCsv(join(options.data, 'folds', `${name}.csv`))).map(({ fold }) => Number(fold));
  if (folds.length !== rows.length)
    throw new Error(`${name} has ${rows.length} rows and ${folds.length} folds`);
  for (const seed of seeds) {
    const splitOf = (fold) =>
      fold === seed ? 'test' : fold === (seed + 1) % foldCount ? 'validation' : 'train';
    const csv = Papa.unparse(rows.map((row, i) => ({ ...row, [splitColumn]: splitOf(folds[i]) })));
    await upload(`${name}-${seed}`, csv, target);
  }
  return { name, target, bar, rows, folds, task: { name: null }, specs: {} };
}

/** By figure, the value of each seed. */
async function byFigure(measure) {
  const all = [];
  for (const seed of seeds) all.push(await measure(seed));
  return collected(all);
}

function collected(all) {
  return Object.fromEntries(Object.keys(all[0]).map((figure) => [figure, all.map((each) => each[figure])]));
}

/** The figures of one job on its test fold. The table remembers the task, and the spec of the first job, which auto chose. */
async function trainedOn(table, seed, recipe) {
  const { name, target, rows, folds, task, specs } = table;
  const dataset = `${name}-${seed}`;
  const split = { by: 'column', column: splitColumn };
  const startedMs = performance.now();
  const job = await post('/v1/jobs', { dataset, target, split, seed, ...recipe });
  await service.ended(job.id);
  const seconds = (performance.now() - startedMs) / 1000;
  task.name = job.spec.task;
  specs[seed] ??= job.spec;
  const tested = rows.filter((_, i) => folds[i] === seed);
  const cells = tested.map((row) => ({ ...row, [target]: undefined }));
  const actual = tested.map((row) => row[target]);
  return { ...figuresOf(await predict(job.model, cells), actual), seconds };
}

async function upload(name, csv, target) {
  const answer = await fetch(`${service.url}/v1/datasets?name=${name}&target=${target}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', prefer: 'wait=60' },
    body: csv,
  });
  let dataset = await answer.json();
  while (dataset.status === 'processing') {
    await sleep(500);
    dataset = await (await fetch(`${service.url}/v1/datasets/${name}`)).json();
  }
  if (dataset.status !== 'ready') throw new Error(`${name} was not taken in: ${JSON.stringify(dataset)}`);
}

async function predict(model, rows) {
  const predictions = [];
  for (let first = 0; first < rows.length; first += rowsAtOnce) {
    const answer = await post('/predict', { model, inputs: rows.slice(first, first + rowsAtOnce) });
    predictions.push(...answer.predictions);
  }
  return predictions;
}

async function post(path, document) {
  const answer = await fetch(service.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function readCsv(path) {
  const { data, errors } = Papa.parse(await readFile(path, 'utf8'), { header: true, skipEmptyLines: true });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  return data;
}

function printRow(cells) {
  console.log(`| ${cells.join(' | ')} |`);
}

function meanAndDeviation(values) {
  return `${mean(values).toFixed(3)} ± ${deviation(values).toFixed(3)}`;
}

function signed(difference) {
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(4)}`;
}
