/** Checks compose.observability.yml if its images are here or can be pulled. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, hasImage } from './docker.mjs';
import { eventually } from './eventually.mjs';
import { check, notHere, section } from './report.mjs';

const patience = { withinMs: 60_000, everyMs: 1_000 };

export async function checkMonitoring(stack, workers) {
  section('Observability');
  const images = await imagesOf(stack);
  if (!(await isToBeHad(images.prometheus))) {
    notHere('Prometheus', `${images.prometheus} cannot be had`);
  } else {
    await check(
      `Prometheus (${images.prometheus}) takes its configuration and finds the API and every worker up`,
      async () => {
        await stack.withMonitoring(['up', '-d', '--no-deps', 'prometheus']);
        await findsAll(stack, workers);
      },
    );
  }
  if (!(await isToBeHad(images.grafana))) {
    notHere('Grafana', `${images.grafana} cannot be had`);
  } else {
    await check(`Grafana (${images.grafana}) shows the dashboard`, async () => {
      await stack.withMonitoring(['up', '-d', '--no-deps', 'grafana']);
      const shows = async () => {
        const answer = await fetch(`${stack.grafanaUrl}/api/dashboards/uid/trainyard`);
        assert.equal(answer.status, 200);
      };
      await eventually(shows, patience);
    });
  }
}

/**
 * Runs while the service requires keys. `createKey` creates a key with the scope. Every key gives access to the
 * metrics.
 */
export async function checkMonitoringWithKeys(stack, workers, createKey) {
  if ((await stack.containers('prometheus')).length === 0) return;
  await check('Prometheus scrapes with the key of METRICS_KEY_FILE', async () => {
    await eventually(async () => assert.deepEqual(await targetsOf(stack), []), patience);
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-key-'));
    try {
      const METRICS_KEY_FILE = join(folder, 'metrics.key');
      await writeFile(METRICS_KEY_FILE, await createKey('predict'));
      await stack.withMonitoring(['up', '-d', '--no-deps', 'prometheus'], { env: { METRICS_KEY_FILE } });
      await findsAll(stack, workers);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

async function findsAll(stack, workers) {
  const wanted = ['trainyard-api', ...Array(workers).fill('trainyard-worker')];
  await eventually(async () => assert.deepEqual((await targetsOf(stack)).sort(), wanted), patience);
}

/** The Prometheus jobs of the targets that are up. */
async function targetsOf({ prometheusUrl }) {
  const answer = await fetch(`${prometheusUrl}/api/v1/query?query=up`);
  const { data } = await answer.json();
  return data.result.filter(({ value }) => value[1] === '1').map(({ metric }) => metric.job);
}

async function imagesOf(stack) {
  const text = await stack.withMonitoring(['config']);
  const imageOf = (name) => new RegExp(`image: (\\S*${name}\\S*)`).exec(text)[1];
  return { prometheus: imageOf('prom/prometheus'), grafana: imageOf('grafana/grafana') };
}

async function isToBeHad(image) {
  if (await hasImage(image)) return true;
  return docker(['pull', '-q', image], { timeoutMs: 300_000 }).then(
    () => true,
    () => false,
  );
}
