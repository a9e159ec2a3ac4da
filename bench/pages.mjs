/**
 * What each web page weighs as it is sent, compressed, and how soon it can be used: the time from the request until its heading is shown,
 * it has loaded what it needs, and the browser is free. The cache is empty. `shift` is the browser's cumulative layout shift.
 *
 *   npm run bench:pages -- [--rounds 5]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { startService } from './service-process.mjs';

const quietMs = 300;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const data = await mkdtemp(join(tmpdir(), 'trainyard-pages-'));
const service = await startService(data);
const browser = await launchChromium();
try {
  console.log(
    `${cpus()[0].model}, ${availableParallelism()} cores, Chromium ${browser.version()}; medians of ${rounds} rounds`,
  );
  const paths = await pathsWithContent();
  const table = Object.fromEntries(Object.keys(paths).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, path] of Object.entries(paths)) table[name].push(await measure(path));
  }
  console.table(Object.fromEntries(Object.entries(table).map(([name, all]) => [name, inWords(all)])));
} finally {
  await browser.close();
  await service.stop();
  await rm(data, { recursive: true });
}

/** Each page as it is after a table and MNIST have been trained on. */
async function pathsWithContent() {
  const csv = await readFile(new URL('../examples/penguins.csv', import.meta.url));
  await fetch(`${service.url}/v1/datasets?name=penguins&target=species`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', prefer: 'wait=60' },
    body: csv,
  });
  const { id: digits } = await service.train({ epochs: 1, network: { hidden: [{ units: 64 }] } });
  await service.ended(digits);
  const { id } = await service.train({ dataset: 'penguins', epochs: 30 });
  await service.ended(id);
  return {
    home: '',
    data: 'data',
    dataset: 'data/penguins',
    train: 'data/penguins/train',
    jobs: 'jobs',
    job: `jobs/${id}`,
    models: 'models',
    'try a model': 'models/penguins',
    evaluation: 'models/penguins?tab=evaluation',
    'look inside': 'models/mnist-mlp/inside',
    draw: 'draw',
    playground: 'playground',
    admin: 'admin',
  };
}

async function measure(path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  let bytes = 0;
  let pageBytes = 0;
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  const urls = new Map();
  network.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes += encodedDataLength;
    if (!/\/v1\//.test(urls.get(requestId) ?? '')) pageBytes += encodedDataLength;
  });
  await page.addInitScript(observe);
  await page.goto(`${service.url}/#/${path}`);
  await page.locator('h1').waitFor();
  let usable;
  do {
    await page.waitForTimeout(quietMs);
    usable = await page.evaluate('seen.usable()');
  } while (usable.quietMs < quietMs);
  const { usableMs, shift } = usable;
  await context.close();
  return { bytes, pageBytes, usableMs, shift };
}

/* global clearInterval, document, performance, PerformanceObserver, setInterval -- the browser's */
/** Runs in the page, before its own scripts. */
function observe() {
  const seen = {
    heading: Infinity,
    busyUntil: 0,
    shift: 0,
    usable() {
      // Streams of events end late or never.
      const loaded = performance
        .getEntriesByType('resource')
        .filter(({ name }) => !name.endsWith('/events'))
        .map(({ responseEnd }) => responseEnd);
      const usableMs = Math.max(seen.heading, seen.busyUntil, ...loaded);
      return { usableMs, quietMs: performance.now() - usableMs, shift: seen.shift };
    },
  };
  globalThis.seen = seen;
  const waiting = setInterval(() => {
    if (document.querySelector('h1') === null) return;
    seen.heading = performance.now();
    clearInterval(waiting);
  }, 4);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.busyUntil = startTime + duration;
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) seen.shift += value;
  }).observe({ type: 'layout-shift', buffered: true });
}

function inWords(all) {
  const of = (field) => median(all.map((each) => each[field]));
  return {
    'page, kB': (of('pageBytes') / 1000).toFixed(1),
    'with its data, kB': (of('bytes') / 1000).toFixed(1),
    'usable after, ms': of('usableMs').toFixed(0),
    shift: of('shift').toFixed(3),
  };
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}
