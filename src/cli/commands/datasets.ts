/** `trainyard datasets`: lists, uploads, shows and deletes datasets. */
import type { Command } from 'commander';
import type { Dataset } from 'trainyard/client';
import { factsOf, inMinutes, numberText, tableOf } from '../output.js';
import { withSession } from '../session.js';
import { collect, uploadFile, warningText } from './train.js';

export function addDatasetCommands(program: Command): void {
  const datasets = program.command('datasets').description('list, upload, show and delete datasets');

  datasets
    .command('list', { isDefault: true })
    .description('list the datasets')
    .action((_options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const list = await client.get('/v1/datasets', { params: { query: { limit: 100 } }, signal });
        const rows = list.data.map(({ name, version, status, rows: count, target, created_at: created }) => [
          name,
          String(version),
          status,
          count === null ? '' : count.toLocaleString('en'),
          target.join(', '),
          inMinutes(created),
        ]);
        output.answer(list, () =>
          tableOf(['NAME', 'VERSION', 'STATUS', 'ROWS', 'TARGET', 'CREATED'], rows, output.bold),
        );
      }),
    );

  datasets
    .command('upload')
    .description('upload a file as a version of a dataset')
    .argument('<file>', 'CSV, TSV, JSON Lines or Parquet, also gzipped; or a ZIP or tar of pictures')
    .option('--name <name>', 'name of the dataset; the default is that of the file')
    .option('--target <column>', 'the column that jobs predict by default; again for several', collect, [])
    .action((file: string, options: { name?: string; target: string[] }, command: Command) =>
      withSession(command, {}, async (session) => {
        const dataset = await uploadFile(session, file, options);
        session.output.answer(dataset, () => datasetText(dataset, session.output.bold));
      }),
    );

  datasets
    .command('show')
    .description('show the columns of a dataset, and what was found in them')
    .argument('<name>')
    .option('--dataset-version <number>', 'a version that is not the newest')
    .action((name: string, { datasetVersion: version }: { datasetVersion?: string }, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const dataset =
          version === undefined
            ? await client.get('/v1/datasets/{name}', { params: { path: { name } }, signal })
            : await client.get('/v1/datasets/{name}/versions/{version}', {
                params: { path: { name, version } },
                signal,
              });
        output.answer(dataset, () => datasetText(dataset, output.bold));
      }),
    );

  datasets
    .command('delete')
    .description('delete a dataset, or one version of it')
    .argument('<name>')
    .option('--dataset-version <number>', 'only this version')
    .action((name: string, { datasetVersion: version }: { datasetVersion?: string }, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        if (version === undefined)
          await client.delete('/v1/datasets/{name}', { params: { path: { name } }, signal });
        else {
          const path = { name, version };
          await client.delete('/v1/datasets/{name}/versions/{version}', { params: { path }, signal });
        }
        output.answer({ deleted: true, name, version }, () => `${name} is deleted.`);
      }),
    );
}

function datasetText(dataset: Dataset, bold: (text: string) => string): string {
  const { name, version, status, format, rows, target, columns, warnings, error, pictures } = dataset;
  const facts = factsOf([
    ['dataset', `${name} version ${version}`],
    ['status', error === null ? status : `${status}: ${error.message}`],
    ['format', format],
    ['rows', rows?.toLocaleString('en')],
    ['target', target.join(', ')],
    ['classes', pictures?.labels.map((label, i) => `${label} (${pictures.counts[i] ?? 0})`).join(', ')],
  ]);
  const cells = columns.map((column) => [
    column.name,
    column.type,
    column.missing === 0 ? '' : column.missing.toLocaleString('en'),
    rangeOf(column),
    column.reason,
  ]);
  const table = tableOf(['COLUMN', 'TYPE', 'MISSING', 'VALUES', 'WHY'], cells, bold);
  const said = warnings.map((warning) => `  ${warningText(warning)}`);
  return [
    facts,
    '',
    ...(columns.length > 0 ? [table] : []),
    ...(said.length > 0 ? ['', 'Warnings:', ...said] : []),
  ].join('\n');
}

function rangeOf({ min, max, distinct }: Dataset['columns'][number]): string {
  const text = (value: number | string): string => (typeof value === 'number' ? numberText(value) : value);
  return min === null || max === null ? `${distinct} different` : `${text(min)} to ${text(max)}`;
}
