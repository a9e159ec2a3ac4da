/** Starts a sweep and follows it to its end: how many trials there are, and each one that is better than those before. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sweep, SweepRequest } from 'trainyard/client';
import { evaluationOf, evaluationText } from './evaluation-text.js';
import { Failure } from './failures.js';
import { factsOf, inMinutes, numberText } from './output.js';
import type { Session } from './session.js';

const askEveryMs = 1_000;
/** Off a terminal, of what is no news. */
const plainEveryMs = 5_000;

/** Ends with the evaluation of what the sweep has published. @throws Failure when it does not succeed, Interrupted */
export async function runSweep(session: Session, body: SweepRequest): Promise<void> {
  const { client, output, signal } = session;
  const submitted = await client.post('/v1/sweeps', { body, signal });
  output.note(describeSweep(submitted));
  const sweep = await followSweep(session, submitted);
  const evaluation = await evaluationOf(session, sweep);
  output.answer({ sweep, evaluation }, () =>
    [sweepText(sweep), ...(evaluation ? ['', evaluationText(evaluation, output.bold)] : [])].join('\n'),
  );
  if (sweep.version !== null) output.note(`\nPredict with it: trainyard predict ${sweep.model} FILE`);
}

function describeSweep({ id, max_trials, max_seconds, parameters, job }: Sweep): string {
  const dataset = job['dataset'] as string | { name: string } | undefined;
  const on = dataset === undefined ? '' : ` on ${typeof dataset === 'string' ? dataset : dataset.name}`;
  const budget = max_seconds === null ? '' : ` or ${max_seconds} s`;
  const paths = Object.keys(parameters).join(', ');
  return `${id} tries ${paths}${on}, in at most ${max_trials} trials${budget}.`;
}

/** Shows the sweep until it ends. @throws Failure when it does not succeed, Interrupted */
export async function followSweep(session: Session, first: Sweep): Promise<Sweep> {
  const { client, output, signal } = session;
  const isTerminal = output.progress.isTTY === true;
  const clear = isTerminal ? '\r\x1b[2K' : '';
  const note = (line: string): void => output.note(clear + line);
  let sweep = first;
  let shown: Sweep | null = null;
  let shownAtMs = -Infinity;
  try {
    for (;;) {
      if (sweep.best !== null && sweep.best.trial !== shown?.best?.trial) note(bestLine(sweep));
      if (sweep.job_id !== null && shown?.job_id !== sweep.job_id) {
        note(`${sweep.job_id} trains the best trial again.`);
      }
      if (sweep.status === 'paused' && shown?.status !== 'paused') note('The sweep is paused.');
      if (sweep.finished_at !== null) break;
      const isDue = isTerminal || performance.now() - shownAtMs >= plainEveryMs;
      if (isDue && !output.isJson) {
        output.progress.write(isTerminal ? clear + progressLine(sweep) : `${progressLine(sweep)}\n`);
        shownAtMs = performance.now();
      }
      shown = sweep;
      await sleep(askEveryMs, undefined, { signal });
      sweep = await client.get('/v1/sweeps/{id}', { params: { path: { id: sweep.id } }, signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    await leave(session, sweep.id);
    throw signal.reason;
  } finally {
    if (isTerminal && !output.isJson) output.progress.write(clear);
  }
  if (sweep.status === 'succeeded') return sweep;
  const { id, status, error } = sweep;
  throw new Failure(`${id} ${status}${error ? `: ${error.code}: ${error.message}` : '.'}`);
}

/** After Ctrl-C: says what goes on, and how to come back to it. */
async function leave({ client, output, own, url }: Session, id: string): Promise<void> {
  if (own === null) {
    output.note(
      `\n${id} goes on at ${url}.\n  Watch it:   trainyard sweeps watch ${id}\n  Cancel it:  trainyard sweeps cancel ${id}`,
    );
    return;
  }
  output.note(`\nPausing ${id} …`);
  await client.post('/v1/sweeps/{id}/pause', { params: { path: { id } } });
  output.note(
    `It is kept in ${own.data} with all its trials. Go on with 'trainyard serve' and 'trainyard sweeps resume ${id}'.`,
  );
}

function progressLine({ trials, progress, max_trials }: Sweep): string {
  const counted = (['running', 'stopped', 'failed'] as const)
    .filter((status) => trials[status] > 0)
    .map((status) => `${trials[status]} ${status}`);
  const parts = [
    `${progress.trials_ended} of ${max_trials} trials`,
    ...counted,
    `${Math.round(progress.seconds)} s`,
  ];
  return parts.join(', ');
}

function bestLine({ best, metric }: Sweep): string {
  return best === null
    ? ''
    : `Trial ${best.trial}: ${metric} ${numberText(best.value)} with ${parametersText(best.parameters)}`;
}

/** `optimizer.learning_rate=0.004218 batch_size=32` */
export function parametersText(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([path, value]) => `${path}=${valueText(value)}`)
    .join(' ');
}

function valueText(value: unknown): string {
  return typeof value === 'number' ? numberText(value) : JSON.stringify(value);
}

/** A sweep as facts, a line each. */
export function sweepText(sweep: Sweep): string {
  const { best, trials, error, version, model, metric, max_seconds } = sweep;
  const counts = Object.entries(trials).flatMap(([status, count]) =>
    count > 0 ? [`${count} ${status}`] : [],
  );
  return factsOf([
    ['sweep', sweep.id],
    ['status', error === null ? sweep.status : `${sweep.status}: ${error.code}: ${error.message}`],
    ['model', version === null ? model : `${model} version ${version}`],
    ['method', sweep.method],
    [
      'trials',
      `${counts.join(', ')}; at most ${sweep.max_trials}${max_seconds === null ? '' : ` in ${max_seconds} s`}`,
    ],
    ['best trial', best && `${best.trial}: ${metric} ${numberText(best.value)}`],
    ...Object.entries(best?.parameters ?? {}).map(([path, value]): [string, string] => [
      `  ${path}`,
      valueText(value),
    ]),
    ['final job', sweep.job_id],
    ['created', inMinutes(sweep.created_at)],
    ['finished', inMinutes(sweep.finished_at)],
  ]);
}
