/** scikit-learn and LightGBM, in one process of Python, on the folds of bench/tables.mjs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** bench/tables/peers.py answers each line with one line. */
export async function startPeers(python) {
  const script = fileURLToPath(new URL('peers.py', import.meta.url));
  const child = spawn(python, ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`${python} ended; it needs pandas, scikit-learn and lightgbm`);
    return JSON.parse(value);
  };
  const { missing } = await answer();
  if (missing.length > 0) console.log(`Not installed for ${python}: ${missing.join(', ')}\n`);
  return {
    /** The figures of one test fold, by the name of the peer. */
    measure(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    stop: () => child.stdin.end(),
  };
}
