/** The dashboard and the documentation name exactly the metrics that exist. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { supervisorMetrics } from '../../src/telemetry/joined-metrics.js';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.js';
import { parseExposition } from './exposition.js';

interface Target {
  expr: string;
  datasource: { uid: string };
}

interface Dashboard {
  templating: { list: { name: string; query: string | { query: string } }[] };
  panels: {
    id: number;
    title: string;
    type: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: Target[];
  }[];
}

const metrics = parseExposition(
  (await createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) }).render()).text,
);
const own = [...metrics.keys()].filter((name) => !/^(process|nodejs)_/.test(name)).sort();

function read(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
}

const dashboard = JSON.parse(await read('observability/grafana/trainyard.json')) as Dashboard;
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
const variables = dashboard.templating.list;

/** The metrics in an expression. Every selector of the dashboard has braces. */
function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/([a-zA-Z_:][a-zA-Z0-9_:]*)\{/g)].map(([, name]) => name);
}

/** The names of its series. */
function seriesOf(name: string): string[] {
  if (metrics.get(name)?.type !== 'histogram') return [name];
  return ['bucket', 'sum', 'count'].map((kind) => `${name}_${kind}`);
}

test('every metric on the dashboard exists, and the dashboard shows all metrics of the service', () => {
  const asked = new Set(targets.flatMap(({ expr }) => metricsIn(expr)));
  const existing = [...metrics.keys()].flatMap(seriesOf);
  expect([...asked].filter((name) => !existing.includes(name))).toEqual([]);
  expect(own.filter((name) => !seriesOf(name).some((series) => asked.has(series)))).toEqual([]);
});

test('the dashboard uses only the data source and the variables that it offers', () => {
  const known = variables.map(({ name }) => name);
  expect(known).toEqual(['datasource', 'job', 'instance', 'model']);
  for (const { expr, datasource } of targets) {
    expect(datasource.uid).toBe('${datasource}');
    const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name);
    expect(
      used.filter((name) => name !== '__rate_interval' && !known.includes(name)),
      expr,
    ).toEqual([]);
  }
  for (const { query } of variables.slice(1)) {
    const [, name] = /^label_values\((\w+)/.exec((query as { query: string }).query) ?? [];
    expect(own).toContain(name);
  }
});

test('the panels are in rows, have unique ids and do not overlap', () => {
  const { panels } = dashboard;
  expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
    'Traffic',
    'Predictions',
    'Queue',
    'Training',
    'Datasets',
    'Process',
  ]);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

test('the documentation lists every metric of the service', async () => {
  const text = await read('docs/observability.md');
  const listed = [...text.matchAll(/^\| `((?:http|trainyard)_\w+)`/gm)].map(([, name]) => name);
  const ofSeveralProcesses = supervisorMetrics({ ready: 0, replacements: 0 }).map(({ name }) => name);
  expect(listed.sort()).toEqual([...own, ...ofSeveralProcesses].sort());
});
