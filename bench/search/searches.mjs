/** The searches that are compared: ours, in this process, and Optuna's, in one process of Python. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { propose } from '../../dist/jobs/search/propose.js';

/** The best value after each trial. `valueOf` may answer later. */
export async function ourSearch({ space, method, seed, trials, valueOf }) {
  const history = [];
  const best = [];
  for (let trial = 1; trial <= trials; trial++) {
    const parameters = propose({ space, method, goal: 'minimize', seed, trial, history, pending: [] });
    if (parameters === null) break;
    const value = await valueOf(parameters);
    history.push({ trial, parameters, value });
    best.push(Math.min(value, best.at(-1) ?? Infinity));
  }
  return best;
}

/** bench/search/optuna_search.py asks for the value of each trial in a line of its own. */
export async function startOptuna(python) {
  const script = fileURLToPath(new URL('optuna_search.py', import.meta.url));
  const child = spawn(python, ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ended; it needs optuna`);
    return JSON.parse(value);
  };
  const write = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  const { version } = await read();
  return {
    version,
    /** The best value after each trial. */
    async search({ space, seed, trials, valueOf }) {
      write({ space, seed, trials });
      const best = [];
      for (let trial = 1; trial <= trials; trial++) {
        const value = await valueOf((await read()).parameters);
        write({ value });
        best.push(Math.min(value, best.at(-1) ?? Infinity));
      }
      return best;
    },
    stop: () => child.stdin.end(),
  };
}
