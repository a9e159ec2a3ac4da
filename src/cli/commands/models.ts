/** `trainyard models`: lists, shows, evaluates, promotes, rolls back, downloads and deletes versions of models. */
import { createWriteStream, openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Option, type Command } from 'commander';
import type { Model, Schemas } from 'trainyard/client';
import { evaluationText } from '../evaluation-text.js';
import { Failure } from '../failures.js';
import { factsOf, inMinutes, tableOf } from '../output.js';
import { withSession, type Session } from '../session.js';

/** As the service names them in its URLs. */
const exportFormats = ['pth', 'py', 'onnx', 'safetensors'] as const;

interface ImportOptions {
  description?: string;
  hold?: boolean;
}

export function addModelCommands(program: Command): void {
  const models = program
    .command('models')
    .description('list, show, evaluate, promote, roll back, download and delete models');
  addReading(models);
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

  models
    .command('download')
    .description('save a version as safetensors')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .option('-o, --output <file>', 'where to write; the default is NAME-vVERSION.safetensors')
    .action(
      (name: string, version: string | undefined, { output: file }: { output?: string }, command: Command) =>
        withSession(command, {}, (session) =>
          saveVersion(session, { name, version, format: 'safetensors', file }),
        ),
    );

  models
    .command('export')
    .description('save a version for PyTorch or ONNX')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .addOption(new Option('--format <format>', 'what to write').choices(exportFormats).makeOptionMandatory())
    .option('-o, --output <file>', 'where to write; the default is NAME-vVERSION.FORMAT')
    .action(
      (
        name: string,
        version: string | undefined,
        { output: file, format }: { output?: string; format: string },
        command: Command,
      ) => withSession(command, {}, (session) => saveVersion(session, { name, version, format, file })),
    );
}

async function saveVersion(
  session: Session,
  asked: { name: string; version: string | undefined; format: string; file: string | undefined },
): Promise<void> {
  const { name, format } = asked;
  const number = asked.version ?? (await latestOf(session, name));
  const path = `/v1/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(number)}/model.${format}`;
  const { body } = await session.client.fetch(path, { signal: session.signal });
  if (body === null) throw new Failure('The service answered without a file.');
  const target = asked.file ?? `${name}-v${number}.${format}`;
  await pipeline(Readable.fromWeb(body as ReadableStream<Uint8Array>), createWriteStream(target), {
    signal: session.signal,
  });
  session.output.answer({ file: target, name, version: Number(number) }, () => `Written to ${target}.`);
}

function addChanging(models: Command): void {
  models
    .command('import')
    .description('publish a network that was trained elsewhere as the next version')
    .argument('<name>')
    .argument('<file>', '.pth or .safetensors')
    .option('--description <file>', 'JSON with activations, labels, columns: see docs/exchange.md')
    .option('--hold', 'keep it from becoming the latest')
    .action((name: string, file: string, options: ImportOptions, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const form = new FormData();
        form.set('file', await openAsBlob(file), basename(file));
        if (options.description !== undefined)
          form.set('description', await readFile(options.description, 'utf8'));
        const path = `/v1/models/${encodeURIComponent(name)}/versions${options.hold === true ? '?hold=true' : ''}`;
        const response = await client.fetch(path, { method: 'POST', body: form, signal });
        const version = (await response.json()) as Schemas['ModelVersion'];
        output.answer(version, () => `${name} version ${version.version} is published.`);
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

/** @throws Failure when all versions are held back */
async function latestOf({ client, signal }: Session, name: string): Promise<string> {
  const { latest_version: latest } = await client.get('/v1/models/{name}', {
    params: { path: { name } },
    signal,
  });
  if (latest === null) throw new Failure(`${name} has no latest version; name one.`);
  return String(latest);
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
