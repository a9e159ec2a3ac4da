/**
 * How well networks learn public tables, through the service as its users run it: upload, train, predict by column name.
 * Seed s tests with fold s, validates with fold s + 1 (modulo 5) and trains on the others. Prints Markdown: the mean over
 * five folds ± their deviation, beside what others got on the same folds. The folder has csv/{name}.csv and
 * folds/{name}.csv with the fold of each row.
 *
 *   npm run bench:tables -- --data DIR [--tables penguins,titanic,…] [--seeds 0,1,2,3,4] [--epochs 60]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Papa from 'papaparse';
import { startService } from './service-process.mjs';

/** The column that is added to a table to say what each row is for. */
const splitColumn = 'bench_split';
const foldCount = 5;
const rowsAtOnce = 500;

/**
 * Published: means over the five test folds, by figure, of a linear model, the network of scikit-learn, and a network in
 * PyTorch of the shape that is trained here (z-score, one-hot, 256-256 ReLU, Adam 1e-3, best epoch by validation loss).
 */
const tables = {
  penguins: { target: 'species', published: { accuracy: [0.991, 0.994, 0.997] } },
  titanic: { target: 'survived', published: { accuracy: [0.786, 0.788, 0.79], auc: [0.832, 0.844, 0.842] } },
  credit: { target: 'Status', published: { accuracy: [0.797, 0.784, 0.799], auc: [0.83, 0.82, 0.843] } },
  telco_churn: {
    target: 'churn',
    published: { accuracy: [0.804, 0.789, 0.803], auc: [0.845, 0.824, 0.843] },
  },
  concrete: { target: 'compressive_strength', published: { r2: [0.605, 0.876, 0.901] } },
  ames: { target: 'Sale_Price', published: { r2: [0.843, 0.827, 0.863] } },
  diamonds: { target: 'price', published: {} },
  attrition: { target: 'Attrition', published: {} },
};

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    tables: { type: 'string', default: Object.keys(tables).join(',') },
    seeds: { type: 'string', default: '0,1,2,3,4' },
    epochs: { type: 'string', default: '60' },
  },
});
if (options.data === undefined) throw new Error('Say where the tables are: --data DIR');
const seeds = options.seeds.split(',').map(Number);

const dataDir = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
const service = await startService(dataDir);
try {
  console.log('| table (rows), figure | Trainyard | linear | sklearn MLP | PyTorch | within |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const name of options.tables.split(',')) await measure(name, tables[name]);
} finally {
  await service.stop();
  await rm(dataDir, { recursive: true, force: true });
}

async function measure(name, { target, published }) {
  const rows = await readCsv(join(options.data, 'csv', `${name}.csv`));
  const folds = (await readCsv(join(options.data, 'folds', `${name}.csv`))).map(({ fold }) => Number(fold));
  if (folds.length !== rows.length)
    throw new Error(`${name} has ${rows.length} rows and ${folds.length} folds`);
  const bySeed = [];
  for (const seed of seeds) bySeed.push(await figuresOf({ name, rows, folds, target, seed }));
  for (const figure of Object.keys(bySeed[0])) {
    const values = bySeed.map((figures) => figures[figure]);
    const others = published[figure] ?? [];
    const slack = figure === 'r2' ? 0.01 : 0.005;
    const isNear = others.length === 0 ? '' : mean(values) >= others.at(-1) - slack ? 'yes' : 'no';
    const cells = [0, 1, 2].map((i) => others[i]?.toFixed(3) ?? '–');
    const own = `${mean(values).toFixed(3)} ± ${deviation(values).toFixed(3)}`;
    console.log(`| ${name} (${rows.length}), ${figure} | ${own} | ${cells.join(' | ')} | ${isNear} |`);
  }
}

/** The figures of one job on its test fold. */
async function figuresOf({ name, rows, folds, target, seed }) {
  const splitOf = (fold) =>
    fold === seed ? 'test' : fold === (seed + 1) % foldCount ? 'validation' : 'train';
  const dataset = `${name}-${seed}`;
  const csv = Papa.unparse(rows.map((row, i) => ({ ...row, [splitColumn]: splitOf(folds[i]) })));
  await upload(dataset, csv, target);
  const job = await post('/v1/jobs', {
    dataset,
    target,
    split: { by: 'column', column: splitColumn },
    batch_size: batchSizeFor(rows.length),
    epochs: Number(options.epochs),
    seed,
  });
  await service.ended(job.id);
  const tested = rows.filter((_, i) => folds[i] === seed);
  const predictions = await predict(
    dataset,
    tested.map((row) => ({ ...row, [target]: undefined })),
  );
  const actual = tested.map((row) => row[target]);
  return job.spec.task === 'classification'
    ? classFigures(predictions, actual)
    : {
        r2: r2Of(
          predictions.map(({ value }) => value),
          actual.map(Number),
        ),
      };
}

function batchSizeFor(rows) {
  if (rows < 2_800) return 32;
  if (rows < 4_500) return 64;
  if (rows < 6_400) return 128;
  return rows < 32_000 ? 256 : 512;
}

async function upload(name, csv, target) {
  const answer = await fetch(`${service.url}/v1/datasets?name=${name}&target=${target}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', prefer: 'wait=60' },
    body: csv,
  });
  const dataset = await answer.json();
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

function classFigures(predictions, actual) {
  const correct = predictions.filter(({ label }, i) => label === actual[i]).length;
  const accuracy = correct / actual.length;
  if (predictions[0].probabilities.length !== 2) return { accuracy };
  const positive = predictions.find(({ index }) => index === 1)?.label;
  const scores = predictions.map(({ probabilities }) => probabilities[1]);
  return {
    accuracy,
    auc: aucOf(
      scores,
      actual.map((label) => label === positive),
    ),
  };
}

/** The area under the ROC curve, by ranks; equal scores share theirs (Mann and Whitney). */
function aucOf(scores, isPositive) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a] - scores[b]);
  const ranks = new Array(scores.length);
  for (let first = 0; first < order.length;) {
    let next = first + 1;
    while (next < order.length && scores[order[next]] === scores[order[first]]) next++;
    for (let i = first; i < next; i++) ranks[order[i]] = (first + 1 + next) / 2;
    first = next;
  }
  const positives = isPositive.filter(Boolean).length;
  const sum = ranks.reduce((total, rank, i) => total + (isPositive[i] ? rank : 0), 0);
  return (sum - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}

function r2Of(values, actual) {
  const middle = mean(actual);
  const squares = (errors) => errors.reduce((sum, error) => sum + error ** 2, 0);
  return (
    1 - squares(values.map((value, i) => value - actual[i])) / squares(actual.map((each) => each - middle))
  );
}

async function readCsv(path) {
  const { data, errors } = Papa.parse(await readFile(path, 'utf8'), { header: true, skipEmptyLines: true });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  return data;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values) {
  return Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
}
