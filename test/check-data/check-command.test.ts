/** `npm run check-data`, as an operator runs it. */
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/jobs/queue/folder-lock.js';
import { runCommand } from '../operator-command.js';
import { wholeStore } from './whole-store.js';

test('exits with 0 for a healthy store, with 1 for a damaged one, and with 0 after a repair', async () => {
  const { folder, storage, keys, ended } = await wholeStore();
  const counts = /^Checked 2 jobs, 1 checkpoints, 1 models, 3 versions, 1 aliases/;
  const whole = await runCommand('check-data', folder);
  expect(whole).toMatchObject({ code: 0, errors: '' });
  expect(whole.out).toMatch(counts);
  expect(whole.out).toMatch(/Nothing is damaged\.$/);

  await storage.put(keys.spec, Buffer.from('{"format_version":1}'));
  const damaged = await runCommand('check-data', folder);
  expect(damaged.code).toBe(1);
  expect(damaged.out.split('\n')[0]).toBe(
    `runs/${ended}/spec.json is damaged: /model is not text. The job ${ended} cannot be shown or resumed; ` +
      'versions that it has published are unaffected.',
  );
  const [line = ''] = (await runCommand('check-data', folder, '--json')).out.split('\n');
  expect(JSON.parse(line)).toMatchObject({ key: keys.spec, moved_to: null });

  const repaired = await runCommand('check-data', folder, '--repair');
  expect(repaired.code).toBe(1);
  expect(repaired.out).toMatch(new RegExp(`Moved to damaged/[^/]+/runs/${ended}\\.`));
  expect((await runCommand('check-data', folder)).code).toBe(0);
});

test('a repair needs the folder for itself, a check does not', async () => {
  const { folder } = await wholeStore();
  const release = await lockFolder(folder);
  expect((await runCommand('check-data', folder)).code).toBe(0);
  const refused = await runCommand('check-data', folder, '--repair');
  expect(refused.code).toBe(2);
  expect(refused.errors).toContain('DATA_FOLDER_IN_USE');
  await release();
});

test('an unknown argument is refused with exit code 2', async () => {
  const { folder } = await wholeStore();
  const { code, errors } = await runCommand('check-data', folder, '--fix');
  expect(code).toBe(2);
  expect(errors).toContain('--fix');
});
