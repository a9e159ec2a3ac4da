import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { LogLine } from './service.js';

test('a request is one line on a terminal', async () => {
  const script =
    "import { createLogger } from './dist/lib/log.js';" +
    "createLogger({ logLevel: 'info', logFormat: 'pretty' }).info({ method: 'GET', url: '/v1/jobs', status: 200 }, 'request');";
  const args = ['--input-type=module', '--eval', script];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  expect(stdout).toMatch(/^.*request.*"url":"\/v1\/jobs".*\n$/);
});

test('the last lines of a process are written in order', async () => {
  const script = fileURLToPath(new URL('two-lines-and-end.mjs', import.meta.url));
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  const lines = stdout.split('\n').filter(Boolean);
  expect(lines.map((line) => (JSON.parse(line) as LogLine).msg)).toEqual(['first', 'second']);
});
