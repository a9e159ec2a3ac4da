/** What an operator does: looks at the service, closes it by the first key, makes a key for somebody, and revokes it. */
import { expect, test } from 'vitest';
import { describeWithPages, lookAt } from './pages.js';

describeWithPages('administration', (pages) => {
  test('the first key closes the service, and further keys are made, shown once and revoked', async () => {
    const page = await pages().open('admin', { expectedErrors: /401/ });
    await page.getByText('The service is open').waitFor();
    await page.getByRole('table', { name: 'Queues' }).getByText('training', { exact: true }).waitFor();
    await page.getByText('answers predictions').waitFor();
    await lookAt(page, 'admin-open');

    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('Name').fill('operator');
    await page.getByRole('button', { name: 'Make it' }).click();
    const first = await page.getByTestId('new-key').innerText();
    expect(first).toMatch(/^ty_/);
    await lookAt(page, 'admin-new-key');
    await page.getByRole('button', { name: 'I have it' }).click();

    await page.getByText('(yours)').waitFor();
    expect(await page.getByText('The service is open').count()).toBe(0);
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('Name').fill('nightly');
    await page.getByRole('button', { name: 'Make it' }).click();
    const second = await page.getByTestId('new-key').innerText();
    await page.getByRole('button', { name: 'I have it' }).click();
    const row = page.getByRole('row', { name: /nightly/ });
    await row.getByText('valid').waitFor();
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke it for ever' }).click();
    await row.getByText('revoked').waitFor();
    await lookAt(page, 'admin');

    const { url } = pages().service;
    const statusWith = async (key: string): Promise<number> =>
      (await fetch(`${url}/v1/keys/current`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect([await statusWith(first), await statusWith(second)]).toEqual([200, 401]);

    // Another tab has no key: the page asks for one.
    const other = await pages().open('admin', { expectedErrors: /401/ });
    await other.getByRole('heading', { name: 'This service needs a key' }).waitFor();
    await other.getByLabel('Key', { exact: true }).fill(first);
    await other.getByRole('button', { name: 'Use this key' }).click();
    await other.getByText('(yours)').waitFor();
  });
});
