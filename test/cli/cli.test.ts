/** The built command as a person runs it, on one service. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../servers/local-server.js';
import { openService, readJob, type Service } from '../service/service.js';
import { temporaryFolder } from '../storage/temporary-storage.js';

const entry = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

let service: Service;
let kill: () => Promise<void>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-cli-'));
  service = await openService({ DATA_DIR: folder }, (end) => (kill = end));
});
afterAll(async () => {
  await kill();
  await rm(folder, { recursive: true, force: true });
});

function start(args: string[], settings: Record<string, string> = {}) {
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, TRAINYARD_URL: service.url, ...settings },
  });
  const said = { out: '', errors: '' };
  child.stdout.on('data', (piece) => (said.out += String(piece)));
  child.stderr.on('data', (piece) => (said.errors += String(piece)));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return { child, said, ended };
}

const run = (...args: string[]) => start(args).ended;

async function json(...args: string[]): Promise<unknown> {
  const { code, out, errors } = await run(...args, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(out);
}

const quick = ['--set', 'epochs=3', '--set', 'engine=wasm', '--set', 'network.hidden=[{"units":8}]'];

test('a table is trained on in one line, and its model predicts, is shown, promoted and described', async () => {
  const { code, out, errors } = await run('train', example('penguins.csv'), '--target', 'species', ...quick);
  expect({ code, errors }).toMatchObject({ code: 0 });
  // The figures of the test rows, with an interval and both baselines.
  expect(out).toMatch(/^penguins version 1 on 34 test rows of penguins:/);
  expect(out).toMatch(/^ +this model +95 % interval +linear model +commonest class$/m);
  expect(out).toMatch(/^accuracy +[\d.]+ +[\d.]+ to [\d.]+ +[\d.]+ +0\.4412$/m);
  expect(errors).toMatch(/^Dataset penguins version 1: 344 rows, 7 columns, \d warnings\.$/m);
  expect(errors).toMatch(
    /^job_[0-9A-Z]{26} trains \d+ → 8 → 3 on penguins to predict species from 6 columns/m,
  );
  // Off a terminal nothing is drawn over, and nothing is coloured.
  for (const control of ['\r', '\u001b']) expect(out + errors).not.toContain(control);

  const rows = await run('predict', 'penguins', example('penguins.csv'));
  expect(rows.code).toBe(0);
  expect(rows.out.split('\n')[0]).toMatch(/^species,.*,prediction,confidence,prediction_error$/);
  expect(rows.out.trim().split('\n')).toHaveLength(345);
  const file = join(folder, 'predicted.csv');
  await run('predict', 'penguins@1', example('penguins.csv'), '--output', file);
  expect(await readFile(file, 'utf8')).toBe(rows.out);

  expect(await json('models', 'promote', 'penguins', '1', '--alias', 'production')).toMatchObject({
    alias: 'production',
    version: 1,
  });
  expect((await run('models')).out).toMatch(/^NAME .*\npenguins +1 +1 /);
  expect(await json('models', 'evaluate', 'penguins')).toMatchObject({ object: 'evaluation' });
  expect(await json('datasets')).toMatchObject({
    data: [{ name: 'mnist' }, { name: 'penguins', rows: 344 }],
  });
  expect((await run('datasets', 'show', 'penguins')).out).toMatch(
    /^bill_length_mm +number +2 +32\.1 to 59\.6 /m,
  );

  const types = (await run('types', 'penguins')).out;
  expect(types).toContain('export type PenguinsInput = {');
  expect(types).toContain('  bill_length_mm: number | string | null;');
  expect(types).toContain('  label: "Adelie" | "Chinstrap" | "Gentoo";');
});

test('the exit code says what kind of failure it was, and the message what to do', async () => {
  const unreachable = `http://127.0.0.1:${await freePort()}`;
  const outcomes = await Promise.all(
    [
      ['jobs', 'show', 'nonsense'],
      ['jobs', 'watch'],
      ['train', 'missing.csv', '--target', 'x'],
      ['train', 'mnist', '--set', 'epochs=0'],
      ['jobs', '--url', unreachable],
    ].map((args) => run(...args)),
  );
  expect(outcomes.map(({ code, errors }) => [code, errors.trim().split('\n')[0]])).toEqual([
    [1, 'JOB_NOT_FOUND: There is no job "nonsense".'],
    [2, "error: missing required argument 'id'"],
    [2, 'There is no file missing.csv.'],
    [2, 'INVALID_REQUEST: epochs must be at least 1.'],
    [
      3,
      expect.stringContaining(
        `${unreachable} does not answer (ECONNREFUSED). Start the service with`,
      ) as string,
    ],
  ]);
  const refused = await run('train', 'mnist', '--set', 'epochs=0', '--json');
  expect(JSON.parse(refused.errors)).toMatchObject({
    error: { code: 'INVALID_REQUEST', pointer: '/epochs' },
  });
});

test('settings are searched for in one line, and the best of them is published, shown and extended', async () => {
  const searched = await run(
    ...['sweep', example('penguins.csv'), '--target', 'species', '--model', 'searched', ...quick],
    ...['--trials', '10', '--parallel', '2', '--seed', '3', '--method', 'random'],
    ...['--vary', 'optimizer.learning_rate=0.0001..0.1:log', '--vary', 'batch_size=16,32'],
  );
  expect(searched).toMatchObject({ code: 0 });
  expect(searched.errors).toMatch(
    /^sweep_[0-9A-Z]{26} tries optimizer.learning_rate, batch_size on penguins, in at most 10 trials\.$/m,
  );
  expect(searched.errors).toMatch(
    /^Trial \d+: loss [\d.]+ with optimizer\.learning_rate=\S+ batch_size=\d+$/m,
  );
  expect(searched.errors).toMatch(/^job_[0-9A-Z]{26} trains the best trial again\.$/m);
  expect(searched.out).toMatch(/^status +succeeded$/m);
  expect(searched.out).toMatch(/^trials +10 succeeded; at most 10$/m);
  expect(searched.out).toMatch(/^searched version 1 on 34 test rows of penguins:/m);

  const [, id = ''] = /^(sweep_\w+)/m.exec(searched.errors) ?? [];
  expect((await run('sweeps')).out).toMatch(
    new RegExp(`^ID .*\\n${id} +succeeded +10 of 10 +searched@1 +loss `),
  );
  const shown = await run('sweeps', 'show', id);
  expect(shown.out).toMatch(/^What matters: (?:optimizer\.learning_rate|batch_size) \d+ %, /m);
  expect(shown.out.match(/^\d+ +succeeded +[\d.]+ +3 +optimizer\.learning_rate=/gm)).toHaveLength(10);

  expect(await json('sweeps', 'extend', id, '--trials', '11')).toMatchObject({ max_trials: 11 });
  expect((await run('sweeps', 'watch', id)).out).toMatch(/^trials +11 succeeded; at most 11$/m);
  expect((await run('sweeps', 'cancel', id)).code).toBe(1);
  expect(await json('sweeps', 'delete', id)).toEqual({ deleted: true, id });
});

test('a training with a search tries settings of the service, and says what came of it', async () => {
  const { code, out, errors } = await run(
    ...['train', 'penguins', '--target', 'species', '--model', 'searching', ...quick, '--search', '1'],
  );
  expect({ code, errors }).toMatchObject({ code: 0 });
  expect(errors).toMatch(/^sweep_\w+ tries optimizer\.learning_rate, .* or 1 s\.$/m);
  expect(out).toMatch(/^model +searching version 1$/m);
});

test('a sweep that is asked for wrongly is refused with what to change', async () => {
  const unknown = await run('sweep', 'penguins', '--target', 'species', '--vary', 'learning_rate=0.1..1');
  expect(unknown.code).toBe(2);
  expect(unknown.errors).toContain('learning_rate');
  const empty = await run(
    'sweep',
    'penguins',
    '--target',
    'species',
    '--vary',
    'optimizer.learning_rate=1..0.1',
  );
  expect(empty).toMatchObject({ code: 2 });
  expect(empty.errors).toContain('min is 1, and must be less than max');
  expect((await run('sweep', 'penguins', '--trials', 'many')).code).toBe(2);
  expect((await run('train', 'penguins', '--search', 'long')).code).toBe(2);
});

test('a job of a service that runs anyway goes on after Ctrl-C, which says how to come back to it', async () => {
  const { child, said, ended } = start(['train', 'mnist', '--set', 'epochs=500', '--set', 'engine=wasm']);
  await vi.waitFor(() => expect(said.errors).toMatch(/epoch 1 of 500/));
  const id = /job_[0-9A-Z]{26}/.exec(said.errors)?.[0] ?? '';
  child.kill('SIGINT');
  const { code, errors } = await ended;
  expect(code).toBe(130);
  expect(errors).toContain(`${id} goes on at ${service.url}.`);
  expect((await readJob(service, id)).status).toBe('running');

  const { out } = await run('jobs', 'pause', id);
  expect(out).toBe(`${id} is paused.\n`);
  await run('jobs', 'cancel', id);
  expect(await json('jobs', 'watch', id).catch((error: unknown) => error)).toBeInstanceOf(Error);
  expect((await run('jobs', 'watch', id)).code).toBe(1);
  expect(await json('jobs', 'delete', id)).toEqual({ deleted: true, id });
});

test('where no service runs, training starts one, and Ctrl-C pauses the job and ends the service', async () => {
  const DATA_DIR = await temporaryFolder();
  const { child, said, ended } = start(['train', 'mnist', '--set', 'epochs=500', '--set', 'engine=wasm'], {
    DATA_DIR,
    TRAINYARD_URL: '',
    PORT: String(await freePort()),
  });
  await vi.waitFor(() => expect(said.errors).toMatch(/epoch 1 of 500/));
  child.kill('SIGINT');
  const { code, errors } = await ended;
  expect(code).toBe(130);
  expect(errors).toContain(`It is kept in ${DATA_DIR} with all that it has learned.`);

  // Only one process can have the folder open.
  const after = await openService({ DATA_DIR }, onTestFinished);
  const { data } = (await after.http.get('/v1/jobs')).body as { data: { status: string }[] };
  expect(data).toMatchObject([{ status: 'paused' }]);
});

// From here on the service wants keys.
test('without a key, a service with keys is refused with a code of its own; with one it is used', async () => {
  const { out, code } = await start(['keys', 'create', '--name', 'cli', '--scope', 'admin'], {
    DATA_DIR: folder,
  }).ended;
  expect(code).toBe(0);
  await vi.waitFor(async () => expect((await run('jobs')).code).toBe(4));
  expect((await run('jobs')).errors).toContain('Give a key with --key or TRAINYARD_KEY.');
  expect((await start(['jobs', '--key', out.trim()]).ended).code).toBe(0);
  expect((await start(['jobs'], { TRAINYARD_KEY: out.trim() }).ended).code).toBe(0);
});

test('the address of the pages is printed where there is no terminal, and only if they are there', async () => {
  expect(await run('open')).toMatchObject({ code: 0, out: `${service.url}/\n` });
  const unreachable = `http://127.0.0.1:${await freePort()}`;
  expect(await run('open', '--url', unreachable)).toMatchObject({ code: 3, out: '' });
});

test.each(['keys', 'check'])('%s says how to call it by the name that was typed', async (name) => {
  const { code, out } = await run(name, '--help');
  expect(code).toBe(0);
  expect(out).toContain(`  trainyard ${name} `);
  expect(out).not.toContain('npm run');
  expect((await run(name, '--nonsense')).errors).toContain(`See trainyard ${name} --help`);
});

test('a shell completes commands, options and choices, also after the value of an option', async () => {
  const { out: script } = await run('completion', 'bash');
  const typed = ['jobs wa', '--url http://127.0.0.1 models ro', 'train --tar', 'completion f'];
  const lines = typed.map((line) => {
    const words = ['trainyard', ...line.split(' ')];
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _trainyard; echo "\${COMPREPLY[@]}"`;
  });
  const { stdout } = await promisify(execFile)('bash', ['-c', [script, ...lines].join('\n')]);
  expect(stdout.trim().split('\n')).toEqual(['watch', 'rollback', '--target', 'fish']);
});

test.each(['zsh', 'fish'])('there are completions for %s, with what each command does', async (shell) => {
  expect((await run('completion', shell)).out).toMatch(/rollback.*set latest to the version before it/);
});
