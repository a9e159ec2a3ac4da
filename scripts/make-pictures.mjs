/**
 * Makes the pictures of docs/pages.md. It starts the service, trains on a small table and on MNIST as a newcomer would, and
 * photographs the pages in Chromium. The pictures go to docs/pages/, or to the folder given as an argument.
 *
 *   npm run pictures [-- FOLDER | --list]
 */
import { Buffer } from 'node:buffer';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startService } from '../bench/service-process.mjs';
import { launchChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const penguins = join(root, 'examples/penguins.csv');
const desktop = { width: 1200, height: 800 };
const phone = { width: 360, height: 740 };
const qualityPercent = 75;
/** Until charts and pictures are drawn. */
const settledAfterMs = 500;
const longMs = 180_000;

/** In this order: each begins where the last one ended. */
const pictures = {
  begin: { show: begin },
  data: { show: addData },
  train: { show: chooseRecipe },
  job: { show: trainDigits, scheme: 'dark' },
  compare: { show: compareJobs },
  model: { show: tryModel },
  phone: { show: tryModel, viewport: phone },
  evaluation: { show: showMistakes },
  versions: { show: showVersions },
  draw: { show: drawSeven },
  playground: { show: playWithPoints, scheme: 'dark' },
  admin: { show: administrate },
};

if (process.argv[2] === '--list') console.log(Object.keys(pictures).join('\n'));
else await makeAll(process.argv[2] ?? join(root, 'docs/pages'));

async function makeAll(folder) {
  await mkdir(folder, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), 'trainyard-pictures-'));
  const service = await startService(data);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    for (const [name, { show, scheme = 'light', viewport = desktop }] of Object.entries(pictures)) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: scheme });
      await show(page, service);
      await writeFile(join(folder, `${name}.webp`), await photograph(page));
    }
  } finally {
    await browser.close();
    await service.stop();
    await rm(data, { recursive: true });
  }
}

/** Playwright writes no WebP; Chromium does. */
async function photograph(page) {
  await page.waitForTimeout(settledAfterMs);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: qualityPercent });
  await session.detach();
  return Buffer.from(data, 'base64');
}

async function open(page, { url }, path) {
  await page.goto(`${url}/#/${path}`);
  await page.reload();
}

async function begin(page, service) {
  await open(page, service, '');
  await page.getByRole('heading', { name: 'Train on your own table' }).waitFor();
}

async function addData(page) {
  await page.getByRole('link', { name: 'Add data' }).click();
  await page.getByLabel('File with the data').setInputFiles(penguins);
  await page.getByRole('button', { name: 'Add this data' }).click();
  await page.getByRole('img', { name: /bill_length_mm are spread/ }).waitFor();
}

async function chooseRecipe(page) {
  await page.getByRole('link', { name: 'Train', exact: true }).click();
  await page.getByText('species has 3 classes').waitFor();
  await page.getByText(/at most .* steps/).waitFor();
}

async function trainDigits(page, service) {
  const { id } = await service.train({ epochs: 20, split: { validation: 0.1 } });
  await open(page, service, `jobs/${id}`);
  await page.getByText(/^1[2-9] of 20/).waitFor({ timeout: longMs });
}

async function compareJobs(page, service) {
  for (const learning_rate of [0.01, 0.003, 0.001]) {
    for (const units of [8, 64]) {
      const { id } = await service.train({
        dataset: 'penguins',
        target: 'species',
        epochs: 40,
        network: { hidden: [{ units }] },
        optimizer: { learning_rate },
      });
      await service.ended(id);
    }
  }
  await open(page, service, 'jobs?model=penguins');
  const jobs = page.getByRole('table', { name: 'Jobs', exact: true });
  for (const row of [1, 3, 5]) await jobs.getByRole('checkbox').nth(row).check();
  await page.getByRole('img', { name: /loss by epoch of/ }).waitFor();
  await page
    .getByRole('heading', { name: 'Curves' })
    .evaluate((heading) => heading.scrollIntoView({ block: 'center' }));
}

async function tryModel(page, service) {
  await open(page, service, 'models/penguins');
  await page.getByRole('button', { name: 'Take a row of the data' }).click();
  await page.getByText('of the data species is').waitFor();
}

async function showMistakes(page, service) {
  await open(page, service, 'models/mnist-mlp?tab=evaluation');
  const heading = page.getByRole('heading', { name: 'What it takes for what' });
  await page.locator('.cell-examples canvas').first().waitFor();
  await heading.evaluate((element) => element.closest('section').scrollIntoView());
}

async function showVersions(page, service) {
  await open(page, service, 'models/penguins?tab=versions');
  await page.getByRole('button', { name: 'Roll back' }).waitFor();
}

async function drawSeven(page, service) {
  await open(page, service, 'draw');
  const pad = page.getByRole('application');
  await pad.waitFor();
  const { x, y, width } = await pad.boundingBox();
  const at = (across, down) => [x + across * width, y + down * width];
  await page.mouse.move(...at(0.28, 0.22));
  await page.mouse.down();
  await page.mouse.move(...at(0.72, 0.22), { steps: 8 });
  await page.mouse.move(...at(0.45, 0.82), { steps: 8 });
  await page.mouse.up();
  await page.locator('.read-digit strong', { hasText: '7' }).waitFor();
}

async function playWithPoints(page, service) {
  await open(page, service, 'playground');
  await page.getByLabel('Spiral').check();
  await page.getByLabel(/^Noise/).fill('0.03');
  await page.getByLabel('Inputs').selectOption('piecewise');
  await page.getByLabel('Epochs').selectOption('500');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText('succeeded').waitFor({ timeout: longMs });
  await page.getByText('epoch 500').first().waitFor();
  await page.evaluate('scrollTo(0, 0)');
}

async function administrate(page, service) {
  await open(page, service, 'admin');
  await page.getByText('answers predictions').waitFor();
}
