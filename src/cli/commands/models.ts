/** `trainyard models`: lists, shows, evaluates, reproduces, promotes, rolls back and deletes versions of models. */
import type { Command } from 'commander';
import type { Job, Model, Schemas } from 'trainyard/client';
import { evaluationText } from '../evaluation-text.js';
import { factsOf, inMinutes, tableOf } from '../output.js';
import { withSession } from '../session.js';
import { latestOf } from './latest-version.js';
import { addFileCommands } from './model-files.js';
import { followJob } from './train.js';

export function addModelCommands(program: Command): void {
  const models = program
    .command('models')
    .description('list, show, evaluate, reproduce, export, promote, roll back and delete models');
  addReading(models);
  addFileCommands(models);
  addChanging(models);
}

function addReading(models: Command): void {
  models
    .command('list', { isDefault: true })
    .description('list the models')
    .action((_options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const list = await client.get('/v1/models', { params: { query: { limit: 100 } }, signal });
        const rows = list.data.map(
          ({ name, latest_version: latest, version_count: count, created_at: created }) => [
            name,
            String(latest ?? 'none'),
            String(count),
            inMinutes(created),
          ],
        );
        output.answer(list, () => tableOf(['NAME', 'LATEST', 'VERSIONS', 'CREATED'], rows, output.bold));
      }),
    );

  models
    .command('show')
    .description('show a model and its newest versions')
    .argument('<name>')
    .action((name: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const model = await client.get('/v1/models/{name}', { params: { path: { name } }, signal });
        output.answer(model, () => modelText(model, output.bold));
      }),
    );

  models
    .command('evaluate')
    .description('show what a version is worth, or evaluate it on another dataset')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .option('--dataset <name>', 'a dataset with the same columns and targets')
    .action(
      (name: string, version: string | undefined, { dataset }: { dataset?: string }, command: Command) =>
        withSession(command, {}, async (session) => {
          const { client, output, signal } = session;
          const number = version ?? (await latestOf(session, name));
          const evaluation =
            dataset === undefined
              ? await client.get('/v1/models/{name}/versions/{version}/evaluation', {
                  params: { path: { name, version: number } },
                  signal,
                })
              : await client.post('/v1/models/{name}/evaluate', {
                  params: { path: { name } },
                  body: { dataset, version: Number(number) },
                  signal,
                });
          output.answer(evaluation, () => evaluationText(evaluation, output.bold));
        }),
    );
}

function addChanging(models: Command): void {
  models
    .command('reproduce')
    .description('train a version again, and say whether the same bits come out')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .action((name: string, version: string | undefined, _options: object, command: Command) =>
      withSession(command, { startsService: true }, async (session) => {
        const { client, output, signal } = session;
        const reproduce = { model: name, ...(version !== undefined && { version: Number(version) }) };
        const job = await followJob(session, await client.post('/v1/jobs', { body: { reproduce }, signal }));
        output.answer(job, () => reproductionText(job));
      }),
    );

  models
    .command('promote')
    .description('set an alias to a version; predictions use the alias latest')
    .argument('<name>')
    .argument('<version>')
    .option('--alias <alias>', 'the alias', 'latest')
    .action((name: string, version: string, { alias }: { alias: string }, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const set = await client.put('/v1/models/{name}/aliases/{alias}', {
          params: { path: { name, alias } },
          body: { version: Number(version) },
          signal,
        });
        output.answer(set, () => aliasText(set));
      }),
    );

  models
    .command('rollback')
    .description('set latest to the version before it')
    .argument('<name>')
    .action((name: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const set = await client.post('/v1/models/{name}/rollback', { params: { path: { name } }, signal });
        output.answer(set, () => aliasText(set));
      }),
    );

  models
    .command('delete')
    .description('delete a version that no alias points to')
    .argument('<name>')
    .argument('<version>')
    .action((name: string, version: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        await client.delete('/v1/models/{name}/versions/{version}', {
          params: { path: { name, version } },
          signal,
        });
        output.answer(
          { deleted: true, name, version: Number(version) },
          () => `${name} version ${version} is deleted.`,
        );
      }),
    );
}

function reproductionText({ id, reproduction }: Job): string {
  if (reproduction === undefined) return `${id} does not say what came out.`;
  const { model, version, equal, sha256, largest_difference: difference } = reproduction;
  if (equal) return `${model} version ${version} comes out again, bit by bit (SHA-256 ${sha256}).`;
  const by = typeof difference === 'number' ? `; weights differ by ${difference.toPrecision(3)} at most` : '';
  return `${model} version ${version} does not come out again: the bits differ${by}.`;
}

function aliasText({ model, alias, version }: Schemas['ModelAlias']): string {
  return `${alias} of ${model} is version ${version}.`;
}

function modelText(model: Model, bold: (text: string) => string): string {
  const facts = factsOf([
    ['model', model.name],
    ['latest', model.latest_version],
    ['predicts', model.target?.join(', ')],
    ['from', model.columns?.map(({ name }) => name).join(', ')],
    ['versions', model.version_count],
  ]);
  const rows = model.versions
    .toReversed()
    .map(({ version, aliases, held, job_id: job, created_at: created }) => [
      String(version),
      aliases.join(' '),
      held === null ? '' : 'held back',
      job ?? 'imported',
      inMinutes(created),
    ]);
  return `${facts}\n\n${tableOf(['VERSION', 'ALIASES', 'STATE', 'JOB', 'CREATED'], rows, bold)}`;
}
