/** `trainyard models download`, `export`, `import` and `card`: the files of a version. */
import { createWriteStream, openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Option, type Command } from 'commander';
import type { Schemas } from 'trainyard/client';
import { Failure } from '../failures.js';
import { withSession, type Session } from '../session.js';
import { latestOf } from './latest-version.js';

/** By format: the last part of the version's URL, and the ending of the file. */
const formats: Record<string, { path: string; ending: string }> = {
  safetensors: { path: 'model.safetensors', ending: 'safetensors' },
  pth: { path: 'model.pth', ending: 'pth' },
  py: { path: 'model.py', ending: 'py' },
  onnx: { path: 'model.onnx', ending: 'onnx' },
  tfjs: { path: 'tfjs.zip', ending: 'tfjs.zip' },
  mjs: { path: 'model.mjs', ending: 'mjs' },
  html: { path: 'model.html', ending: 'html' },
  card: { path: 'card?format=markdown', ending: 'md' },
};

interface FileOptions {
  output?: string;
}

interface ImportOptions {
  description?: string;
  hold?: boolean;
}

export function addFileCommands(models: Command): void {
  models
    .command('download')
    .description('save a version as safetensors')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .option('-o, --output <file>', 'where to write; the default is NAME-vVERSION.safetensors')
    .action((name: string, version: string | undefined, options: FileOptions, command: Command) =>
      withSession(command, {}, (session) =>
        save(session, { name, version, format: 'safetensors', ...options }),
      ),
    );

  models
    .command('export')
    .description('save a version for other programs, or as a file that predicts on its own')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .addOption(
      new Option('--format <format>', 'what to make of it; docs/exchange.md says what each carries')
        .choices(Object.keys(formats))
        .makeOptionMandatory(),
    )
    .option(
      '-o, --output <file>',
      'where to write; the default is NAME-vVERSION with the ending of the format',
    )
    .action(
      (
        name: string,
        version: string | undefined,
        options: FileOptions & { format: string },
        command: Command,
      ) => withSession(command, {}, (session) => save(session, { name, version, ...options })),
    );

  models
    .command('import')
    .description('publish a network that was trained elsewhere as the next version')
    .argument('<name>')
    .argument('<file>', '.pth, .safetensors or .onnx')
    .option('--description <file>', 'JSON with activations, labels, columns: see docs/exchange.md')
    .option('--hold', 'keep it from becoming the latest')
    .action((name: string, file: string, options: ImportOptions, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const form = new FormData();
        form.set('file', await openAsBlob(file), basename(file));
        if (options.description !== undefined) {
          form.set('description', await readFile(options.description, 'utf8'));
        }
        const path = `/v1/models/${encodeURIComponent(name)}/versions${options.hold === true ? '?hold=true' : ''}`;
        const response = await client.fetch(path, { method: 'POST', body: form, signal });
        const version = (await response.json()) as Schemas['ModelVersion'];
        output.answer(version, () => `${name} version ${version.version} is published.`);
      }),
    );

  models
    .command('card')
    .description('show what a version learned from, how good it is, and what it should not be used for')
    .argument('<name>')
    .argument('[version]', 'the default is the latest')
    .action((name: string, version: string | undefined, _options: object, command: Command) =>
      withSession(command, {}, async (session) => {
        const { client, output, signal } = session;
        const path = pathOf(name, version ?? (await latestOf(session, name)));
        const card: unknown = await (await client.fetch(`${path}/card`, { signal })).json();
        const markdown = await client.fetch(`${path}/card?format=markdown`, { signal });
        const text = await markdown.text();
        output.answer(card, () => text.trimEnd());
      }),
    );
}

async function save(
  session: Session,
  options: FileOptions & { name: string; version: string | undefined; format: string },
): Promise<void> {
  const { name, format } = options;
  const version = options.version ?? (await latestOf(session, name));
  const { path, ending } = formats[format] ?? { path: '', ending: '' };
  const { body } = await session.client.fetch(`${pathOf(name, version)}/${path}`, { signal: session.signal });
  if (body === null) throw new Failure('The service answered without a file.');
  const target = options.output ?? `${name}-v${version}.${ending}`;
  await pipeline(Readable.fromWeb(body as ReadableStream<Uint8Array>), createWriteStream(target), {
    signal: session.signal,
  });
  session.output.answer({ file: target, name, version: Number(version) }, () => `Written to ${target}.`);
}

function pathOf(name: string, version: string): string {
  return `/v1/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
}
