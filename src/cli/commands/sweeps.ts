/** `trainyard sweeps`: lists, shows, watches, changes and deletes sweeps. */
import type { Command } from 'commander';
import type { Sweep, Trial } from 'trainyard/client';
import { inMinutes, numberText, tableOf } from '../output.js';
import { followSweep, parametersText, sweepText } from '../run-sweep.js';
import { withSession, type Session } from '../session.js';
import { whole } from '../settings.js';

const changes = {
  pause: { path: '/v1/sweeps/{id}/pause', description: 'pause a sweep; trials under way go on to their end' },
  resume: { path: '/v1/sweeps/{id}/resume', description: 'go on with a paused sweep' },
  cancel: { path: '/v1/sweeps/{id}/cancel', description: 'end a sweep and its trials' },
} as const;

/** Of the trials in `show`, the best. */
const shownTrials = 10;
const trialsOfPage = 1_000;

export function addSweepsCommands(program: Command): void {
  const sweeps = program
    .command('sweeps')
    .description('list, show, watch, extend, pause, resume, cancel and delete sweeps');

  sweeps
    .command('list', { isDefault: true })
    .description('list the sweeps, newest first')
    .option('--limit <number>', 'how many', whole, 20)
    .action(({ limit }: { limit: number }, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const list = await client.get('/v1/sweeps', { params: { query: { limit } }, signal });
        const rows = list.data.map((sweep) => [
          sweep.id,
          sweep.status,
          `${sweep.progress.trials_ended} of ${sweep.max_trials}`,
          sweep.version === null ? sweep.model : `${sweep.model}@${sweep.version}`,
          sweep.best === null ? '' : `${sweep.metric} ${numberText(sweep.best.value)}`,
          inMinutes(sweep.created_at),
        ]);
        output.answer(list, () =>
          tableOf(['ID', 'STATUS', 'TRIALS', 'MODEL', 'BEST', 'CREATED'], rows, output.bold),
        );
      }),
    );

  sweeps
    .command('show')
    .description('show a sweep, which of its parameters matter, and its best trials')
    .argument('<id>')
    .action((id: string, _options: object, command: Command) =>
      withSession(command, {}, async (session) => {
        const { client, output, signal } = session;
        const path = { params: { path: { id } }, signal };
        const sweep = await client.get('/v1/sweeps/{id}', path);
        const { parameters: importance } = await client.get('/v1/sweeps/{id}/importance', path);
        const trials = await trialsOf(session, id);
        output.answer({ sweep, importance, trials }, () =>
          [sweepText(sweep), importanceText(importance), trialsText(sweep, trials, output.bold)]
            .filter((text) => text !== '')
            .join('\n\n'),
        );
      }),
    );

  sweeps
    .command('watch')
    .description('follow a sweep until it ends')
    .argument('<id>')
    .action((id: string, _options: object, command: Command) =>
      withSession(command, {}, async (session) => {
        const { client, output, signal } = session;
        const sweep = await client.get('/v1/sweeps/{id}', { params: { path: { id } }, signal });
        const ended = await followSweep(session, sweep);
        output.answer(ended, () => sweepText(ended));
      }),
    );

  sweeps
    .command('extend')
    .description(
      'change how many trials a sweep has, or for how long it searches; one that has ended goes on',
    )
    .argument('<id>')
    .option('--trials <number>', 'how many trials in all', whole)
    .option('--seconds <number>', 'for how long in all', whole)
    .action((id: string, { trials, seconds }: { trials?: number; seconds?: number }, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const body = {
          ...(trials !== undefined && { max_trials: trials }),
          ...(seconds !== undefined && { max_seconds: seconds }),
        };
        const sweep = await client.patch('/v1/sweeps/{id}', { params: { path: { id } }, body, signal });
        output.answer(
          sweep,
          () => `${sweep.id} is ${sweep.status}, with at most ${sweep.max_trials} trials.`,
        );
      }),
    );

  for (const [name, { path, description }] of Object.entries(changes)) {
    sweeps
      .command(name)
      .description(description)
      .argument('<id>')
      .action((id: string, _options: object, command: Command) =>
        withSession(command, {}, async ({ client, output, signal }) => {
          const sweep = await client.post(path, { params: { path: { id } }, signal });
          output.answer(sweep, () => `${sweep.id} is ${sweep.status}.`);
        }),
      );
  }

  sweeps
    .command('delete')
    .description('delete a sweep that has ended, with the jobs of its trials; what it published stays')
    .argument('<id>')
    .action((id: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        await client.delete('/v1/sweeps/{id}', { params: { path: { id } }, signal });
        output.answer({ deleted: true, id }, () => `${id} is deleted.`);
      }),
    );
}

async function trialsOf({ client, signal }: Session, id: string): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (;;) {
    const query = { after: trials.length, limit: trialsOfPage };
    const page = await client.get('/v1/sweeps/{id}/trials', { params: { path: { id }, query }, signal });
    trials.push(...page.data);
    if (!page.has_more) return trials;
  }
}

function importanceText(importance: { parameter: string; importance: number }[]): string {
  const shares = importance.map((each) => `${each.parameter} ${Math.round(100 * each.importance)} %`);
  return shares.length === 0 ? '' : `What matters: ${shares.join(', ')}.`;
}

function trialsText({ goal, metric }: Sweep, trials: Trial[], bold: (text: string) => string): string {
  if (trials.length === 0) return '';
  const sign = goal === 'minimize' ? 1 : -1;
  const place = ({ value }: Trial): number => (value === null ? Infinity : sign * value);
  const best = trials.toSorted((a, b) => place(a) - place(b) || a.trial - b.trial).slice(0, shownTrials);
  const rows = best.map((trial) => [
    String(trial.trial),
    trial.status,
    trial.value === null ? '' : numberText(trial.value),
    String(trial.epochs_done),
    parametersText(trial.parameters),
  ]);
  return tableOf(['TRIAL', 'STATUS', metric.toUpperCase(), 'EPOCHS', 'PARAMETERS'], rows, bold);
}
