/**
 * Our search beside Optuna's: the best value after so many trials, over many seeds. Both ask the same functions: known ones, and
 * the validation loss of real trainings on two tables. Prints Markdown: medians, in which share of all pairs of runs ours is
 * better than Optuna's, and the p value of a two-sided Mann–Whitney test.
 *
 *   npm run bench:search -- --python PATH [--functions sphere,branin,…] [--data DIR [--tables titanic,concrete]]
 *                           [--seeds 30] [--trials 30,60,100]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './quantile.mjs';
import { functions } from './search/functions.mjs';
import { mannWhitney } from './search/mann-whitney.mjs';
import { ourSearch, startOptuna } from './search/searches.mjs';
import { tableObjective } from './search/table-objective.mjs';
import { tables } from './tables/bar.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    functions: { type: 'string', default: Object.keys(functions).join(',') },
    data: { type: 'string' },
    tables: { type: 'string', default: 'titanic,concrete' },
    seeds: { type: 'string', default: '30' },
    trials: { type: 'string', default: '30,60,100' },
  },
});
const seeds = Array.from({ length: Number(options.seeds) }, (_, index) => index + 1);
const counts = options.trials.split(',').map(Number);
const most = Math.max(...counts);

const optuna = await startOptuna(options.python);
console.log(`Optuna ${optuna.version}, ${seeds.length} seeds\n`);
const header = ['objective', 'trials', 'random', 'tpe', 'Optuna', 'better than it', 'p'];
printRow(header);
printRow(header.map(() => '---'));
try {
  for (const name of options.functions.split(',').filter((each) => each !== '')) {
    const { least, ...objective } = functions[name];
    await compare(name, objective, least);
  }
  if (options.data !== undefined) {
    for (const name of options.tables.split(',')) {
      const objective = await tableObjective(join(options.data, 'csv', `${name}.csv`), tables[name].target);
      await compare(`${name}, validation loss`, objective, 0);
      await objective.close();
    }
  }
} finally {
  optuna.stop();
}

/** Values are shown above the least one. */
async function compare(name, { space, valueOf }, least) {
  const found = { random: [], tpe: [], optuna: [] };
  for (const seed of seeds) {
    const search = { space, seed, trials: most, valueOf };
    found.random.push(await ourSearch({ ...search, method: 'random' }));
    found.tpe.push(await ourSearch({ ...search, method: 'tpe' }));
    found.optuna.push(await optuna.search(search));
  }
  for (const count of counts) {
    const bests = (runs) => runs.map((best) => best[count - 1] - least);
    const medians = Object.values(found).map((runs) => median(bests(runs)).toPrecision(3));
    const { share, p } = mannWhitney(bests(found.tpe), bests(found.optuna));
    printRow([name, count, ...medians, `${(100 * share).toFixed(0)} %`, p.toFixed(2)]);
  }
}

function printRow(cells) {
  console.log(`| ${cells.join(' | ')} |`);
}
