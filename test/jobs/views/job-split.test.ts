import { describe, expect, test } from 'vitest';
import { mnistInfo } from '../../../src/data/builtin/mnist.js';
import { splitRows } from '../../../src/data/splits.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';
import { newRun } from '../../../src/jobs/runs/run-reader.js';
import type { JobDatasets } from '../../../src/jobs/runs/table-rows.js';
import { createJobSplits } from '../../../src/jobs/views/job-split.js';
import { churn, specOn } from '../small-table.js';

const customers = churn();

async function linesOf(spec: RunSpec, datasets: JobDatasets): Promise<string[]> {
  const runs = { read: (id: string) => Promise.resolve(newRun(id, spec)) };
  const texts = [...(await createJobSplits({ runs, datasets }).open('job_1'))];
  return texts.join('').trimEnd().split('\n');
}

describe('the split of a job', () => {
  test('on a table has each row of the file once, as often as the spec says', async () => {
    const spec = await specOn(customers, { columns: { household: { role: 'group' } } });
    const [header, ...lines] = await linesOf(spec, customers.datasets);
    expect(header).toBe('row,split');
    expect(lines.map((line) => line.split(',')[0])).toEqual(lines.map((_, row) => String(row)));
    const count = (split: string): number => lines.filter((line) => line.endsWith(`,${split}`)).length;
    const { train, validation, test: tested, left_out } = spec.table?.rows ?? {};
    expect([count('train'), count('validation'), count('test'), count('left_out')]).toEqual([
      train,
      validation,
      tested,
      left_out,
    ]);
    expect(await linesOf(spec, customers.datasets)).toEqual([header, ...lines]);
  });

  test('on arrays has the rows to train on, and then those to test with', async () => {
    const request = { seed: 3, split: { validation: 0.2 } };
    const spec = resolveSpec(request, mnistInfo, { trainingMemoryLimitBytes: 2 ** 30 }, new Date(0));
    const datasets = { ...customers.datasets, info: () => Promise.resolve(mnistInfo) };
    const [, ...lines] = await linesOf(spec, datasets);
    expect(lines).toHaveLength(70_000);
    const [first] = splitRows(60_000, { seed: 3, fraction: 0.2 }).validation;
    expect(lines[first]).toBe(`${first},validation`);
    expect(lines.at(60_000)).toBe('60000,test');
    expect(lines.filter((line) => line.endsWith('train'))).toHaveLength(
      splitRows(60_000, { seed: 3, fraction: 0.2 }).train.length,
    );
  });

  test('on a dataset that holds other data now is refused', async () => {
    const info = { ...customers.info, sha256: 'f'.repeat(64) };
    const datasets = { ...customers.datasets, info: () => Promise.resolve(info) };
    await expect(linesOf(await specOn(customers), datasets)).rejects.toMatchObject({
      code: 'DATASET_CHANGED',
    });
  });
});
