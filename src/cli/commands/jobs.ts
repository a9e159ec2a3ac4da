/** `trainyard jobs`: lists, shows, watches, pauses, resumes, cancels and deletes jobs. */
import type { Command } from 'commander';
import type { Job } from 'trainyard/client';
import { factsOf, inMinutes, numberText, tableOf } from '../output.js';
import { withSession } from '../session.js';
import { followJob } from './train.js';

interface ListOptions {
  status?: string;
  model?: string;
  limit?: string;
}

const changes = {
  pause: { path: '/v1/jobs/{id}/pause', description: 'pause a job; a running one keeps what it has learned' },
  resume: { path: '/v1/jobs/{id}/resume', description: 'go on with a paused job' },
  cancel: { path: '/v1/jobs/{id}/cancel', description: 'end a job' },
} as const;

export function addJobCommands(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('list, show, watch, pause, resume, cancel and delete jobs');

  jobs
    .command('list', { isDefault: true })
    .description('list the jobs, newest first')
    .option('--status <status>', 'queued, running, paused, succeeded, failed or cancelled')
    .option('--model <name>', 'only those that publish this model')
    .option('--limit <number>', 'how many', '20')
    .action(({ status, model, limit }: ListOptions, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        // The service says which values it takes.
        const query = {
          ...(status !== undefined && { status: status as Job['status'] }),
          ...(model !== undefined && { model }),
          limit: Number(limit),
        };
        const list = await client.get('/v1/jobs', { params: { query }, signal });
        const rows = list.data.map((job) => [
          job.id,
          job.status,
          `${Math.floor(job.progress.fraction * 100)} %`,
          job.version === null ? job.model : `${job.model}@${job.version}`,
          job.dataset,
          figureOf(job),
          inMinutes(job.created_at),
        ]);
        output.answer(list, () =>
          tableOf(['ID', 'STATUS', 'DONE', 'MODEL', 'DATASET', 'FIGURE', 'CREATED'], rows, output.bold),
        );
      }),
    );

  jobs
    .command('show')
    .description('show a job')
    .argument('<id>')
    .action((id: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const job = await client.get('/v1/jobs/{id}', { params: { path: { id } }, signal });
        output.answer(job, () => jobText(job));
      }),
    );

  jobs
    .command('watch')
    .description('follow a job until it ends; with --json, one event a line')
    .argument('<id>')
    .action((id: string, _options: object, command: Command) =>
      withSession(command, {}, async (session) => {
        const { client, output, signal } = session;
        if (output.isJson) {
          for await (const event of client.jobEvents(id, { signal })) {
            process.stdout.write(`${JSON.stringify(event)}\n`);
            if (event.type === 'done' && event.status !== 'succeeded') process.exitCode = 1;
          }
          return;
        }
        const job = await followJob(
          session,
          await client.get('/v1/jobs/{id}', { params: { path: { id } }, signal }),
        );
        output.answer(job, () => jobText(job));
      }),
    );

  for (const [name, { path, description }] of Object.entries(changes)) {
    jobs
      .command(name)
      .description(description)
      .argument('<id>')
      .action((id: string, _options: object, command: Command) =>
        withSession(command, {}, async ({ client, output, signal }) => {
          const job = await client.post(path, { params: { path: { id } }, signal });
          output.answer(job, () => `${job.id} is ${job.status}.`);
        }),
      );
  }

  jobs
    .command('delete')
    .description('delete a job that has ended; the versions that it published stay')
    .argument('<id>')
    .action((id: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        await client.delete('/v1/jobs/{id}', { params: { path: { id } }, signal });
        output.answer({ deleted: true, id }, () => `${id} is deleted.`);
      }),
    );
}

/** The figure of the last epoch that says most: of rows that were not learned from. */
function figureOf({ metrics }: Job): string {
  if (metrics === null) return '';
  const { validation_accuracy, test_accuracy, train_accuracy, validation_rmse, test_rmse, train_rmse } =
    metrics;
  const accuracy = validation_accuracy ?? test_accuracy ?? train_accuracy;
  if (accuracy !== undefined) return `accuracy ${numberText(accuracy)}`;
  const rmse = validation_rmse ?? test_rmse ?? train_rmse;
  return rmse === undefined ? `loss ${numberText(metrics.train_loss)}` : `RMSE ${numberText(rmse)}`;
}

function jobText(job: Job): string {
  const { progress, error, last_error: lastError, engine } = job;
  return factsOf([
    ['job', job.id],
    ['status', error === null ? job.status : `${job.status}: ${error.code}: ${error.message}`],
    ['model', job.version === null ? job.model : `${job.model} version ${job.version}`],
    ['dataset', job.dataset_version === null ? job.dataset : `${job.dataset} version ${job.dataset_version}`],
    ['target', job.spec.target?.join(', ')],
    ['epochs', `${progress.epoch} of ${progress.epochs}`],
    ['figure', figureOf(job)],
    ['best epoch', job.best_epoch],
    ['engine', engine && `${engine.name} on ${engine.device}`],
    ['last error', lastError && `${lastError.code}: ${lastError.message}`],
    ['created', inMinutes(job.created_at)],
    ['finished', inMinutes(job.finished_at)],
  ]);
}
