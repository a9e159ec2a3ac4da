/** The pages of models, as a person uses them: try one, see how good it is, go back to an older version, copy a request. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { jobWhen, submit } from '../service/service.js';
import { describeWithPages, lookAt } from './pages.js';

/** Whether somebody leaves depends on one column, so that a small network learns it at once. */
const table = ['age,city,left']
  .concat(
    Array.from({ length: 200 }, (_, i) => {
      const age = 20 + ((i * 7) % 50);
      return `${age},${i % 2 === 0 ? 'Oslo' : 'Bergen'},${age > 44 ? 'yes' : 'no'}`;
    }),
  )
  .join('\n');

describeWithPages('the pages of models', (pages) => {
  beforeAll(async () => {
    const { service } = pages();
    const upload = service.http.post('/v1/datasets?name=leavers&target=left').set('prefer', 'wait=60');
    await upload.set('content-type', 'text/csv').send(table).expect(201);
    for (const seed of [0, 1]) {
      const job = await submit(service, { dataset: 'leavers', seed, epochs: 30 });
      await jobWhen(service, job.id, ({ status }) => status === 'succeeded');
    }
  });

  test('the answer follows the form, and a value that training never saw is said at its field', async () => {
    const page = await pages().open('models');
    await page.getByRole('link', { name: 'leavers' }).click();
    await page.getByLabel('age', { exact: true }).fill('25');
    await page.locator('.answer-value', { hasText: 'no' }).waitFor();
    await page.getByLabel('age', { exact: true }).fill('65');
    await page.locator('.answer-value', { hasText: 'yes' }).waitFor();
    await lookAt(page, 'model-try');
    await page.getByLabel('age', { exact: true }).fill('6500');
    await page.getByText(/age is far outside of the training rows/).waitFor();
  });

  test('another threshold changes precision and recall before the reader’s eyes', async () => {
    const page = await pages().open('models/leavers?tab=evaluation');
    const recall = page.locator('.figure', { hasText: 'Recall' }).locator('.figure-value');
    await page.getByRole('slider').fill('0');
    const before = await recall.innerText();
    await page.getByRole('slider').fill('1000');
    await expect.poll(() => recall.innerText()).not.toBe(before);
    await lookAt(page, 'model-evaluation');
  });

  test('a rollback lets the version before the latest answer', async () => {
    const page = await pages().open('models/leavers?tab=versions');
    await page.getByRole('button', { name: 'Roll back' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('Version 1, the latest').waitFor();
    await lookAt(page, 'model-versions');
  });

  test('what can be copied works when it is pasted', async () => {
    const page = await pages().open('models/leavers?tab=code');
    const code = async (title: string): Promise<string> =>
      page.locator(`pre[aria-label="${title}"]`).innerText();
    const run = promisify(execFile);
    for (const title of ['curl', 'Open Inference Protocol']) {
      const { stdout } = await run('sh', ['-c', await code(title)]);
      expect(stdout, title).toMatch(/predictions|outputs/);
    }
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', await code('JavaScript')]);
    expect(stdout).toMatch(/label: '(?:yes|no)'/);
    await lookAt(page, 'model-code');
  });
});
