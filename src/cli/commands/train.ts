/** `trainyard train FILE`: uploads a table or pictures, trains on them, and shows what the model is worth. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { ApiError, type Dataset, type Job, type JobRequest } from 'trainyard/client';
import { nearestStoredName, storedNamePattern } from '../../lib/stored-name.js';
import { evaluationOf, evaluationText } from '../evaluation-text.js';
import { describeProblems, Failure, UsageError } from '../failures.js';
import { withSession, type Session } from '../session.js';
import { settingsOf, whole } from '../settings.js';
import { createTrainingView } from '../training-view.js';
import { runSweep } from '../run-sweep.js';

interface TrainOptions {
  target: string[];
  name?: string;
  model?: string;
  set: string[];
  search?: number;
}

const fileNames = /\.(?:csv|tsv|txt|jsonl?|ndjson|parquet|gz|zip|tar|tgz)$/;
/** What a dataset warns of is on `datasets show` in full. */
const mostWarnings = 5;

export const collect = (value: string, before: string[]): string[] => [...before, value];

export function addTrainCommand(program: Command): void {
  program
    .command('train')
    .description('train a network on a table or on pictures, and show what it is worth')
    .argument(
      '<file>',
      'CSV, TSV, JSON Lines or Parquet; a ZIP or tar of pictures; or the name of a dataset, such as mnist',
    )
    .option('--target <column>', 'the column to predict; again for several', collect, [])
    .option('--name <name>', 'name of the dataset; the default is that of the file')
    .option('--model <name>', 'name of the model; the default is that of the dataset')
    .option('--set <field=value>', 'a field of the job, such as epochs=20; again for several', collect, [])
    .option('--search <seconds>', 'try settings for so long, and train with the best', whole)
    .addHelpText(
      'after',
      `
Examples:
  trainyard train churn.csv --target churned
  trainyard train churn.csv --target churned --set optimizer.learning_rate=0.01 --set epochs=20
  trainyard train churn.csv --target churned --search 300
  trainyard train pictures.zip
  trainyard train mnist

Where no service answers, it starts one on DATA_DIR (data) for as long as it runs. docs/jobs.md lists the fields.`,
    )
    .action((file: string, options: TrainOptions, command: Command) => {
      const settings = settingsOf(options.set);
      return withSession(command, { startsService: true }, (session) =>
        train(session, file, options, settings),
      );
    });
}

async function train(
  session: Session,
  file: string,
  options: TrainOptions,
  settings: Record<string, unknown>,
): Promise<void> {
  const { client, output, signal } = session;
  const dataset = await datasetOf(session, file, options);
  const { target, model } = options;
  // The service checks what --set says, and names the field.
  const body = {
    dataset,
    ...(target.length > 0 && { target: target.length === 1 ? target[0] : target }),
    ...(model !== undefined && { model }),
    ...settings,
  } as JobRequest;
  if (options.search !== undefined) {
    await runSweep(session, { job: body, max_seconds: options.search });
    return;
  }
  const submitted = await client.post('/v1/jobs', { body, signal });
  output.note(describeJob(submitted));
  const job = await followJob(session, submitted);
  const evaluation = await evaluationOf(session, job);
  output.answer({ job, evaluation }, () => (evaluation ? evaluationText(evaluation, output.bold) : ''));
  output.note(adviceOn(job));
}

/** The name of a dataset, with the version where a file was uploaded for it. */
export async function datasetOf(
  session: Session,
  file: string,
  options: { name?: string; target: string[] },
): Promise<string | { name: string; version: number }> {
  const found = await stat(file).catch(() => null);
  if (found === null && storedNamePattern.test(file) && !fileNames.test(file)) return file;
  const { name, version } = await uploadFile(session, file, options);
  return { name, version };
}

/** Uploads the file and waits until it is read. @throws UsageError, Failure */
export async function uploadFile(
  { client, output, signal }: Session,
  file: string,
  {
    name = nearestStoredName(basename(file).replace(/(?<=.)(?:\.[A-Za-z0-9]{1,8}){1,2}$/, '')),
    target,
  }: {
    name?: string;
    target: string[];
  },
) {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true) throw new UsageError(`There is no file ${file}.`);
  const { isTTY } = output.progress;
  const clear = isTTY === true ? '\r\x1b[2K' : '';
  const draw = (text: string): void => {
    if (isTTY === true) output.progress.write(clear + text);
  };
  const stored = await client.uploadDataset(createReadStream(file), {
    name,
    target,
    sizeBytes: found.size,
    onProgress: (sent) => draw(`Uploading ${file}: ${Math.floor((100 * sent) / Math.max(found.size, 1))} %`),
    signal,
  });
  draw(`Reading ${file} …`);
  const read = await client.waitForDataset(stored, { signal });
  draw('');
  if (read.status === 'failed') {
    const { code = '', message = '', problems = [] } = read.error ?? {};
    throw new Failure(`${file} cannot be used: ${code}: ${message}${describeProblems(problems)}`);
  }
  const rows = (read.rows ?? 0).toLocaleString('en');
  const warnings = read.warnings.length > 0 ? `, ${read.warnings.length} warnings` : '';
  const holds = read.pictures
    ? `${rows} pictures of ${read.pictures.labels.length} classes`
    : `${rows} rows, ${read.columns.length} columns`;
  output.note(`Dataset ${read.name} version ${read.version}: ${holds}${warnings}.`);
  for (const warning of read.warnings.slice(0, mostWarnings)) output.note(`  ${warningText(warning)}`);
  return read;
}

export function warningText({ column, message }: Dataset['warnings'][number]): string {
  return column === null ? message : `${column}: ${message}`;
}

function describeJob({ id, dataset, spec }: Job): string {
  const target = spec.target === undefined ? '' : ` to predict ${spec.target.join(', ')}`;
  const learned = spec.columns?.filter(({ role }) => role === 'feature').length;
  const from = learned === undefined ? '' : ` from ${learned} columns`;
  const network = [
    spec.network.inputs,
    ...spec.network.hidden.map(({ units }) => units),
    spec.network.outputs,
  ];
  return `${id} trains ${network.join(' → ')} on ${dataset}${target}${from}; at most ${spec.epochs} epochs.`;
}

/** Shows the job until it ends. @throws Failure when it does not succeed, Interrupted */
export async function followJob(session: Session, job: Job): Promise<Job> {
  const { client, output, signal } = session;
  const view = output.isJson ? undefined : createTrainingView(job, output.progress);
  try {
    const ended = await client.waitForJob(job.id, {
      signal,
      onEvent: (event) => view?.show(event),
      onDisconnect: () => view?.note('The connection is lost. Trying again …'),
    });
    view?.end();
    if (ended.status === 'succeeded') return ended;
    throw new Failure(
      `${ended.id} ${ended.status}${ended.error ? `: ${ended.error.code}: ${ended.error.message}` : '.'}`,
    );
  } catch (error) {
    view?.end();
    if (signal.aborted) await leave(session, job.id);
    throw error;
  }
}

/** After Ctrl-C: says what goes on, and how to come back to it. */
async function leave({ client, output, own, url }: Session, id: string): Promise<void> {
  if (own === null) {
    output.note(
      `\n${id} goes on at ${url}.\n  Watch it:   trainyard jobs watch ${id}\n  Cancel it:  trainyard jobs cancel ${id}`,
    );
    return;
  }
  output.note(`\nPausing ${id} …`);
  const paused = await client
    .post('/v1/jobs/{id}/pause', { params: { path: { id } } })
    .catch((error: unknown) => {
      // It ended in the meantime, which is as good.
      if (error instanceof ApiError && error.status === 409) return null;
      throw error;
    });
  output.note(
    paused === null
      ? `${id} has ended; its result is kept in ${own.data}.`
      : `It is kept in ${own.data} with all that it has learned. Go on with 'trainyard serve' and 'trainyard jobs resume ${id}'.`,
  );
}

function adviceOn({ model, version, publication, spec }: Job): string {
  if (publication?.held === true) {
    return `\nVersion ${version} is held back: ${publication.reasons?.join(' ') ?? ''}`;
  }
  return `\nPredict with it: trainyard predict ${model} ${spec.image ? 'PICTURE.jpg' : 'FILE.csv'}`;
}
