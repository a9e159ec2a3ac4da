/** The built commands for operators, run as an operator runs them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface CommandOutcome {
  code: number;
  out: string;
  errors: string;
}

/** Runs `npm run keys` or `npm run check-data`, without npm, on the data folder. */
export async function runCommand(
  name: 'keys' | 'check-data',
  dataDir: string,
  ...args: string[]
): Promise<CommandOutcome> {
  const entry = fileURLToPath(new URL(`../dist/${name}/main.js`, import.meta.url));
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [entry, ...args], { env });
    return { code: 0, out: stdout.trim(), errors: stderr.trim() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout.trim(), errors: stderr.trim() };
  }
}
