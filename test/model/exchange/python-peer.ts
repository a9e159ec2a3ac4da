/** A Python process with PyTorch and ONNX Runtime, where there is one: `PEERS_PYTHON`, or else python3, must have the packages. */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const python = process.env.PEERS_PYTHON ?? 'python3';

/** Whether Python has the packages. */
export function pythonHas(...packages: string[]): boolean {
  try {
    execFileSync(python, ['-c', `import ${packages.join(', ')}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface PythonPeer {
  /** Rejects with what the other side says went wrong. */
  ask(kind: string, ...args: unknown[]): Promise<unknown>;
  stop(): void;
}

/** Answers requests in their order: see peer.py. */
export function startPythonPeer(): PythonPeer {
  const child = spawn(python, [join(import.meta.dirname, 'peer.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async ask(kind, ...args) {
      child.stdin.write(`${JSON.stringify([kind, args])}\n`);
      const line = await answers.next();
      if (line.done === true) throw new Error('Python ended.');
      const { answer, error } = JSON.parse(line.value) as { answer?: unknown; error?: string };
      if (error !== undefined) throw new Error(error);
      return answer;
    },
    stop: () => void child.kill(),
  };
}
