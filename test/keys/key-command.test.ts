import { describe, expect, test } from 'vitest';
import { runKeyCommand } from '../../src/keys/key-command.js';
import { idOf, temporaryKeys, type Keys } from './keys.js';

const now = new Date('2026-01-02T03:04:05.678Z');
const call = 'npm run -s keys --';

async function run({ store }: Keys, args: string, at = now): Promise<{ out: string[]; notes: string[] }> {
  const [out, notes]: string[][] = [[], []];
  const terminal = { out: (line: string) => out.push(line), note: (line: string) => notes.push(line) };
  await runKeyCommand(args.split(' ').filter(Boolean), { store, terminal, now: at, call });
  return { out, notes };
}

describe('create', () => {
  test('prints only the key to stdout, and notes what it allows', async () => {
    const keys = await temporaryKeys();
    await keys.make(['admin']);
    const { out, notes } = await run(
      keys,
      'create --name web --scope predict --per-minute 600 --expires 90d',
    );
    expect(out).toHaveLength(1);
    const id = idOf(out[0]);
    expect(notes).toEqual([
      `Key ${id} (web): predict; 600 requests a minute; until 2026-04-02 03:04Z. ` +
        'It is shown this once: only its hash is kept.',
    ]);
    expect(await keys.store.read(id)).toMatchObject({
      name: 'web',
      scopes: ['predict'],
      requests_per_minute: 600,
      created_at: now.toISOString(),
      expires_at: '2026-04-02T03:04:05.678Z',
    });
    expect((await run(keys, 'list')).out.join('\n')).not.toContain(out[0]);
  });

  test('warns before the first key that the service will require keys and that an admin key is needed', async () => {
    const keys = await temporaryKeys();
    const said: string[] = [];
    const terminal = { out: () => said.push('(the key)'), note: (line: string) => said.push(line) };
    const make = (scope: string) =>
      runKeyCommand(['create', '--name', 'web', '--scope', scope], {
        store: keys.store,
        terminal,
        now,
        call,
      });
    await make('predict');
    expect(said.slice(0, 3)).toEqual([
      'This is the first key. From now on the service refuses every request that comes without a key.',
      'It is not an admin key. Until there is one, nobody can do what predict does not allow. Create it with: ' +
        'npm run -s keys -- create --name admin --scope admin',
      '(the key)',
    ]);
    said.length = 0;
    await make('admin');
    expect(said).toHaveLength(2);
  });

  test('does not ask for an admin key if the first key is one', async () => {
    const { notes } = await run(await temporaryKeys(), 'create --name me --scope admin');
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/^This is the first key/);
  });

  test('creates a key without a limit or an end by default', async () => {
    const keys = await temporaryKeys();
    const { out } = await run(keys, 'create --scope train --name all --scope predict --scope train');
    expect(await keys.store.read(idOf(out[0]))).toMatchObject({
      scopes: ['predict', 'train'],
      requests_per_minute: null,
      expires_at: null,
    });
  });

  test.each([
    ['30m', '2026-01-02T03:34:05.678Z'],
    ['12h', '2026-01-02T15:04:05.678Z'],
    ['1d', '2026-01-03T03:04:05.678Z'],
  ])('counts %s from now', async (expires, end) => {
    const keys = await temporaryKeys();
    const { out } = await run(keys, `create --name a --scope admin --expires ${expires}`);
    expect(await keys.store.read(idOf(out[0]))).toMatchObject({ expires_at: end });
  });
});

test('list shows every key and its state', async () => {
  const keys = await temporaryKeys();
  expect((await run(keys, 'list')).out).toEqual(['There are no keys.']);
  const make = async (args: string): Promise<string> => idOf((await run(keys, `create ${args}`)).out[0]);
  const ids = {
    valid: await make('--name web --scope predict --scope train --per-minute 60'),
    dated: await make('--name dated --scope predict --expires 1h'),
    expired: await make('--name expired --scope predict --expires 1m'),
    revoked: await make('--name revoked --scope admin'),
    damaged: await make('--name damaged --scope admin'),
  };
  await run(keys, `revoke ${ids.revoked}`, new Date('2026-01-02T03:05:00Z'));
  await keys.storage.put(`keys/${ids.damaged}.json`, Buffer.from('{'));

  const { out } = await run(keys, 'list', new Date('2026-01-02T03:10:00Z'));
  expect(out[0]).toBe('ID            NAME     SCOPES         PER MINUTE  CREATED            STATE');
  const made = '2026-01-02 03:04Z';
  expect(out.slice(1).sort()).toEqual(
    [
      `${ids.valid}  web      predict train  60          ${made}  valid`,
      `${ids.dated}  dated    predict        any         ${made}  valid until 2026-01-02 04:04Z`,
      `${ids.expired}  expired  predict        any         ${made}  expired 2026-01-02 03:05Z`,
      `${ids.revoked}  revoked  admin          any         ${made}  revoked 2026-01-02 03:05Z`,
      `${ids.damaged}                                                         damaged: not accepted`,
    ].sort(),
  );
});

test('revoke reports that the key is revoked', async () => {
  const keys = await temporaryKeys();
  const id = idOf(await keys.make());
  const { out, notes } = await run(keys, `revoke ${id}`);
  expect(out).toEqual([]);
  expect(notes).toEqual([`Key ${id} is revoked. Running services refuse it within a second.`]);
  expect(await keys.store.list()).toEqual([{ id, isRevoked: true }]);
});

test.each([
  ['', 'INVALID_REQUEST', 'create, list or revoke'],
  ['remove', 'INVALID_REQUEST', 'create, list or revoke'],
  ['create --scope predict', 'INVALID_REQUEST', '--name'],
  ['create --name web', 'INVALID_REQUEST', '--scope'],
  ['create --name web --scope predict,train', 'INVALID_REQUEST', '--scope'],
  ['create --name web --scope read', 'INVALID_REQUEST', '--scope must be predict, train, admin'],
  ['create --name web --scope predict --per-minute 0', 'INVALID_REQUEST', '--per-minute'],
  ['create --name web --scope predict --per-minute 1e3', 'INVALID_REQUEST', '--per-minute'],
  ['create --name web --scope predict --expires 90', 'INVALID_REQUEST', '--expires'],
  ['create --name web --scope predict --expires 0d', 'INVALID_REQUEST', '--expires'],
  ['create --name web --scope predict --secret x', 'INVALID_REQUEST', '--secret'],
  ['create web --scope predict', 'INVALID_REQUEST', 'web'],
  ['create --name --scope predict', 'INVALID_REQUEST', '--name'],
  ['list all', 'INVALID_REQUEST', 'all'],
  ['revoke', 'INVALID_REQUEST', 'the id of one key'],
  ['revoke a b', 'INVALID_REQUEST', 'the id of one key'],
  ['revoke 0123456789ab', 'KEY_NOT_FOUND', '"0123456789ab"'],
  ['revoke ../../etc', 'KEY_NOT_FOUND', '../../etc'],
])('%j is refused, and no key is created', async (args, code, about) => {
  const keys = await temporaryKeys();
  await expect(run(keys, args)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(about) as string,
  });
  expect(await keys.store.list()).toEqual([]);
});

test.each(['', 'x'.repeat(65), 'a\nb', '\u001b[31mred', '\u202ename'])(
  '%j is not accepted as the name of a key',
  async (name) => {
    const { store } = await temporaryKeys();
    const terminal = { out: () => undefined, note: () => undefined };
    const args = ['create', '--name', name, '--scope', 'predict'];
    await expect(runKeyCommand(args, { store, terminal, now, call })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  },
);
