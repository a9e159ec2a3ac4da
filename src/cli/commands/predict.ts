/** `trainyard predict MODEL FILE`: the rows of a file with their predictions, or what a picture shows. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import type { Schemas } from 'trainyard/client';
import { Failure, UsageError } from '../failures.js';
import { withSession, type Session } from '../session.js';

interface PredictOptions {
  output?: string;
  probabilities?: boolean;
}

const pictures: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  gif: 'image/gif',
};

export function addPredictCommand(program: Command): void {
  program
    .command('predict')
    .description('predict for the rows of a file, or for a picture')
    .argument('<model>', 'name of the model; with @ and a number, that version of it')
    .argument('<file>', 'CSV, TSV, JSON Lines or Parquet; a PNG or JPEG picture; - for stdin')
    .option('-o, --output <file>', 'where to write; the default is stdout')
    .option('--probabilities', 'add the probability of each class')
    .addHelpText(
      'after',
      '\nWith --json, rows are answered as JSON Lines; they must be sent as JSON Lines or Parquet.',
    )
    .action((model: string, file: string, options: PredictOptions, command: Command) => {
      const chosen = modelOf(model);
      const mediaType = pictures[file.split('.').at(-1)?.toLowerCase() ?? ''];
      return withSession(command, { startsService: true }, (session) =>
        mediaType === undefined
          ? predictRows(session, chosen, file, options)
          : predictPicture(session, chosen, { file, mediaType }),
      );
    });
}

interface ChosenModel {
  name: string;
  version: string | undefined;
}

/** `penguins@3` */
function modelOf(text: string): ChosenModel {
  const [, name = '', version] = /^([^@]+)(?:@([1-9]\d*))?$/.exec(text) ?? [];
  if (name === '') throw new UsageError(`${text} is not a model: write its name, or name@version.`);
  return { name, version };
}

async function predictRows(
  { client, output, signal }: Session,
  { name, version }: ChosenModel,
  file: string,
  { output: target, probabilities = false }: PredictOptions,
): Promise<void> {
  const rows = file === '-' ? process.stdin : createReadStream(await existing(file));
  const versionPath = version === undefined ? '' : `/versions/${version}`;
  const query = new URLSearchParams({
    ...(probabilities && { probabilities: 'true' }),
    ...(output.isJson && { output: 'jsonl' }),
  });
  const response = await client.fetch(
    `/v1/models/${encodeURIComponent(name)}${versionPath}/batch?${query.toString()}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Readable.toWeb(rows) as unknown as NonNullable<RequestInit['body']>,
      signal,
    },
  );
  if (response.body === null) throw new Failure('The service answered without rows.');
  const answer = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
  try {
    await pipeline(answer, target === undefined ? openStdout() : createWriteStream(target), { signal });
  } catch (error) {
    signal.throwIfAborted();
    // `trainyard predict … | head` has seen enough.
    if ((error as { code?: unknown }).code === 'EPIPE') return;
    throw new Failure(`The answer broke off: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (target !== undefined)
    output.note(`Written to ${target}, by version ${response.headers.get('x-model-version') ?? '?'}.`);
}

/** Stdout stays open for what comes after. */
function openStdout(): Writable {
  return new Writable({
    write: (piece: Buffer, _encoding, done) => void process.stdout.write(piece, done),
  });
}

async function predictPicture(
  { client, output, signal }: Session,
  { name, version }: ChosenModel,
  { file, mediaType }: { file: string; mediaType: string },
): Promise<void> {
  const query = new URLSearchParams({ model: name, ...(version !== undefined && { version }) });
  const response = await client.fetch(`/predict?${query.toString()}`, {
    method: 'POST',
    headers: { 'content-type': mediaType },
    body: await readFile(await existing(file)),
    signal,
  });
  const answer = (await response.json()) as Schemas['PredictionResponse'];
  output.answer(answer, () =>
    answer.predictions
      .map(({ label, confidence, value }) =>
        value === undefined ? `${label ?? '?'}  ${((confidence ?? 0) * 100).toFixed(1)} %` : String(value),
      )
      .join('\n'),
  );
}

/** @throws UsageError */
async function existing(file: string): Promise<string> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true) throw new UsageError(`There is no file ${file}.`);
  return file;
}
