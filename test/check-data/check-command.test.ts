/** The built command, as an operator runs it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/jobs/queue/folder-lock.js';
import { wholeStore } from './whole-store.js';

const command = fileURLToPath(new URL('../../dist/check-data/main.js', import.meta.url));

interface Outcome {
  code: number;
  out: string;
  errors: string;
}

async function checkData(dataDir: string, ...args: string[]): Promise<Outcome> {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [command, ...args], { env });
    return { code: 0, out: stdout.trim(), errors: stderr.trim() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout.trim(), errors: stderr.trim() };
  }
}

test('exits with 0 for a whole store, with 1 for a damaged one, and with 0 again once that is put right', async () => {
  const { folder, storage, keys, ended } = await wholeStore();
  const counts = /^Checked 2 jobs, 1 checkpoints, 1 models, 2 versions, 1 aliases/;
  const whole = await checkData(folder);
  expect(whole).toMatchObject({ code: 0, errors: '' });
  expect(whole.out).toMatch(counts);
  expect(whole.out).toMatch(/Nothing is damaged\.$/);

  await storage.put(keys.spec, Buffer.from('{"format_version":1}'));
  const damaged = await checkData(folder);
  expect(damaged.code).toBe(1);
  expect(damaged.out.split('\n')[0]).toBe(
    `runs/${ended}/spec.json is damaged: /model is not text. The job ${ended} cannot be shown or resumed; ` +
      'versions that it has published are unaffected.',
  );
  const [line = ''] = (await checkData(folder, '--json')).out.split('\n');
  expect(JSON.parse(line)).toMatchObject({ key: keys.spec, moved_to: null });

  const repaired = await checkData(folder, '--repair');
  expect(repaired.code).toBe(1);
  expect(repaired.out).toMatch(new RegExp(`Moved to damaged/[^/]+/runs/${ended}\\.`));
  expect((await checkData(folder)).code).toBe(0);
});

test('a repair wants the folder for itself, and looking does not', async () => {
  const { folder } = await wholeStore();
  const release = await lockFolder(folder);
  expect((await checkData(folder)).code).toBe(0);
  const refused = await checkData(folder, '--repair');
  expect(refused.code).toBe(2);
  expect(refused.errors).toContain('DATA_FOLDER_IN_USE');
  await release();
});

test('a wrong argument is refused with 2', async () => {
  const { folder } = await wholeStore();
  const { code, errors } = await checkData(folder, '--fix');
  expect(code).toBe(2);
  expect(errors).toContain('--fix');
});
