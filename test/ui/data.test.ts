/** From a file to a job: what a newcomer does with a table of his own. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { succeeded } from '../service/service.js';
import { describeWithPages, lookAt } from './pages.js';

const penguins = fileURLToPath(new URL('../../examples/penguins.csv', import.meta.url));

/** As a mouse does it: the file comes with the event. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    `(() => { const files = new DataTransfer(); files.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)})); return files; })()`,
  );
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
}

describeWithPages('data', (pages) => {
  test('a file that is chosen shows its columns, and is trained on with a recipe that can be changed', async () => {
    const { service } = pages();
    const page = await pages().open('data');
    await page.getByText('Drop a file here').waitFor();
    await lookAt(page, 'data');
    await page.getByLabel('File with the data').setInputFiles(penguins);
    await page.getByRole('button', { name: 'Add this data' }).click();
    await page.getByRole('img', { name: /bill_length_mm are spread from 32.1 to 59.6/ }).waitFor();
    await page.getByText('There are 3 different texts').first().waitFor();
    await lookAt(page, 'dataset');

    await page.getByRole('tab', { name: 'Rows' }).click();
    await page.getByText('Rows 1 to 20 of 344').waitFor();
    await page.getByRole('button', { name: 'Later' }).click();
    await page.getByText('Rows 21 to 40 of 344').waitFor();

    await page.getByRole('link', { name: 'Train', exact: true }).click();
    await page.getByText('species has 3 classes').waitFor();
    await page.getByText('Why these values').click();
    await page.getByText('AdamW with a little weight decay').waitFor();
    await lookAt(page, 'train');

    await page.getByLabel('What to do with island').selectOption('ignore');
    await page.getByLabel('Test, in %').fill('20');
    await page.getByLabel('Hidden layers').fill('8');
    await page.getByLabel('Epochs').fill('3');
    await page.getByText(/Test: \d+ rows \(20 %\)/).waitFor();
    await page.getByText(/at most [1-9]\d? steps/).waitFor();
    await page.getByRole('button', { name: 'Train' }).click();
    await page.waitForURL(/#\/jobs\/job_/);
    const id = /job_\w+/.exec(page.url())?.[0] ?? '';
    const { spec } = await succeeded(service, id);
    expect(spec).toMatchObject({ target: ['species'], epochs: 3, split: { test: 0.2 } });
    expect(spec.network.hidden).toMatchObject([{ units: 8 }]);
    expect(spec.columns).toContainEqual({ name: 'island', role: 'ignore', type: 'category' });
  });

  test('a file with errors that is dropped shows its lines and what to change', async () => {
    const page = await pages().open('data');
    await page.getByText('Drop a file here').waitFor();
    await drop(page, 'Broken Data.csv', 'a,b\n1,2\n3\n4,5,6\n7,8\n');
    expect(await page.getByLabel('Name of the dataset').inputValue()).toBe('broken-data');
    await page.getByRole('button', { name: 'Add this data' }).click();
    await page.getByText('The file cannot be used').waitFor();
    const rows = page.getByRole('table', { name: 'Lines at fault' }).getByRole('row');
    expect(await rows.count()).toBe(3);
    expect(await rows.nth(1).innerText()).toMatch(/^3\s/);
    await lookAt(page, 'dataset-failed');

    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete all versions' }).click();
    await page.waitForURL(/#\/data$/);
    expect(await page.getByRole('link', { name: 'broken-data' }).count()).toBe(0);
  });

  test('rows that are pasted become a dataset, and a wrong choice says what to change before anything is trained', async () => {
    const page = await pages().open('data', { expectedErrors: /400/ });
    await page.getByRole('button', { name: 'Paste rows' }).click();
    const lines = Array.from({ length: 60 }, (_, i) => `${i},${i % 2 === 0 ? 'bike' : 'boat'}`);
    await page.getByLabel('Rows').fill(`age,bought\n${lines.join('\n')}\n`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Add this data' }).click();
    await page.getByRole('heading', { level: 1, name: 'pasted' }).waitFor();
    await page.getByRole('link', { name: 'Train', exact: true }).click();
    await page.getByText('bought has 2 classes').waitFor();
    await page.getByLabel('Task').selectOption('regression');
    await page.getByText('This cannot be trained yet').waitFor();
    await page.getByText('A regression learns numbers').waitFor();
    expect(await page.getByRole('button', { name: 'Train' }).isDisabled()).toBe(true);
    await page.getByLabel('Column to predict').selectOption('age');
    await page.getByText('age has 60 different numbers').waitFor();
  });
});
