/** Looking into a model: a digit drawn with the mouse is read, and one sees how; weights by column for tables. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { forward } from '../../ui/network/forward.js';
import { readNetworkModel } from '../../ui/network/network-model.js';
import { exampleDigit, examplePng } from '../../src/api/predictions/example-digit.js';
import { submit, succeeded } from '../service/service.js';
import { drawSevenByFinger, drawSevenByMouse } from './draw-seven.js';
import { describeWithPages, lookAt } from './pages.js';

describeWithPages('looking inside', (pages) => {
  test('a service without a model of digits trains one while one draws, and reads a seven in the end', async () => {
    const page = await pages().open('draw');
    await page.getByRole('button', { name: 'Train it' }).click();
    await page.getByRole('application').waitFor();
    const weights = (): Promise<string> =>
      page.evaluate("document.querySelector('canvas.weight-pictures').toDataURL()");
    const early = await weights();
    await drawSevenByMouse(page);
    await page.getByText('succeeded').waitFor();
    await page.locator('.read-digit strong', { hasText: '7' }).waitFor();
    expect(await weights()).not.toBe(early);
    expect(await page.getByText('What speaks most for 7').count()).toBe(1);
    await lookAt(page, 'draw');
  });

  test('the version reads a seven that is drawn by keyboard, and the pad can be cleared', async () => {
    const page = await pages().open('models/mnist-mlp/inside');
    const pad = page.getByRole('application');
    await pad.focus();
    const press = async (key: string, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    await press('ArrowLeft', 6);
    await press('ArrowUp', 2);
    await press(' ', 1);
    await press('ArrowRight', 11);
    for (let i = 0; i < 8; i++) await press('ArrowDown', 2).then(() => press('ArrowLeft', 1));
    await press(' ', 1);
    await page.locator('.read-digit strong', { hasText: '7' }).waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('.read-digit strong', { hasText: '–' }).waitFor();
  });

  test('a finger draws on a phone, and the page stays where it is meanwhile', async () => {
    const page = await pages().open('draw', { isPhone: true });
    await page.getByRole('application').scrollIntoViewIfNeeded();
    const before = await page.evaluate('scrollY');
    await drawSevenByFinger(page);
    await page.locator('.read-digit strong', { hasText: '7' }).waitFor();
    expect(await page.evaluate('scrollY')).toBe(before);
  });

  test('the pages compute the same probabilities as the service', async () => {
    const { url } = pages().service;
    const file = await fetch(`${url}/v1/models/mnist-mlp/versions/1/model.safetensors`);
    const answer = await fetch(`${url}/predict?model=mnist-mlp&network_inputs=true`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: Buffer.from(examplePng, 'base64'),
    });
    const { predictions } = (await answer.json()) as {
      predictions: { probabilities: number[]; network_inputs: number[] }[];
    };
    const probabilities = predictions[0]?.probabilities ?? [];
    const inputs = predictions[0]?.network_inputs ?? [];
    expect(inputs).toEqual([...exampleDigit]);
    const { results } = forward(readNetworkModel(await file.arrayBuffer()), inputs, 1);
    expect(results).toHaveLength(10);
    probabilities.forEach((each, c) => expect(Math.abs(each - (results[c] ?? NaN))).toBeLessThan(1e-5));
  });

  test('of a table the weights are shown by column', async () => {
    const { service } = pages();
    const csv = readFileSync(new URL('../../examples/penguins.csv', import.meta.url), 'utf8');
    await fetch(`${service.url}/v1/datasets?name=penguins`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv', prefer: 'wait=30' },
      body: csv,
    });
    const { id } = await submit(service, { dataset: 'penguins', target: 'species', epochs: 5 });
    await succeeded(service, id);
    const page = await pages().open('models/penguins/inside');
    await page.getByText('Its weight to each').waitFor();
    expect(await page.getByRole('rowheader').count()).toBeGreaterThan(3);
    await lookAt(page, 'inside-table');
  });
});
