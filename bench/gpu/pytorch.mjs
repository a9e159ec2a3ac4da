/** PyTorch in a process of its own, which times one way of training after the other: bench/gpu/pytorch_cuda.py. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

export function startPytorch(python, { info, train, test }) {
  const script = fileURLToPath(new URL('pytorch_cuda.py', import.meta.url));
  const settings = { width: info.inputs, ...info.scaling };
  const child = spawn(python, [script, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = once(child, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const { count, inputs, targets } of [train, test]) {
    child.stdin.write(`${count}\n`);
    child.stdin.write(inputs);
    child.stdin.write(targets);
  }

  /** The next line, as JSON; at the deadline the process is killed. */
  async function answer(deadlineMs) {
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, deadlineMs - performance.now()));
    try {
      for (;;) {
        const { value, done } = await Promise.race([answers.next(), failed]);
        if (done) throw new Error('PyTorch ended, or had no time left');
        // Libraries may print too.
        if (value.startsWith('{')) return JSON.parse(value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    ready: async (deadlineMs) => (await answer(deadlineMs)).name,
    async time(task, deadlineMs) {
      child.stdin.write(`${JSON.stringify(task)}\n`);
      const { error, ...figures } = await answer(deadlineMs);
      if (error !== undefined) throw new Error(error);
      return figures;
    },
    end: () => child.kill('SIGKILL'),
  };
}
