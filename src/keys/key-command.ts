/** `npm run keys` and `trainyard keys`: creates, lists and revokes keys. It uses only the store, so no service needs to run. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { TrainyardError } from '../errors.js';
import { readKey, type KeyStore, type NewKey, type StoredKey } from './key-store.js';
import { scopes, type Scope } from './key.js';

export const usage = (
  call: string,
): string => `Keys for the service on DATA_DIR. A running service knows the change within a second.

  ${call} create --name NAME --scope SCOPE [--scope SCOPE …] [--per-minute N] [--expires 90d]
  ${call} list
  ${call} revoke ID

  --name        what the key is for: up to 64 characters
  --scope       ${scopes.join(', ')}; admin includes the others
  --per-minute  how many requests a minute it allows; without it, any number
  --expires     when it expires, from now: 30m, 12h, 90d; without it, never
`;

/** `out` gets the key itself, alone on its line, so that a script can use it. `note` gets messages about it. */
export interface Terminal {
  out: (line: string) => void;
  note: (line: string) => void;
}

/**
 * @param call how the command is called, for its messages
 * @throws TrainyardError INVALID_REQUEST, KEY_NOT_FOUND, and what the store throws
 */
export async function runKeyCommand(
  args: string[],
  { store, terminal, now, call }: { store: KeyStore; terminal: Terminal; now: Date; call: string },
): Promise<void> {
  const [command = '', ...rest] = args;
  switch (command) {
    case 'create': {
      const newKey = parseNewKey(rest, now);
      if ((await store.list()).length === 0) warnOfFirstKey(newKey, terminal, call);
      const { key, text } = await store.create(newKey, now);
      terminal.out(text);
      terminal.note(
        `Key ${key.id} (${key.name}): ${describe(key)}. It is shown this once: only its hash is kept.`,
      );
      return;
    }
    case 'list': {
      parse(rest, {});
      for (const line of await table(store, now)) terminal.out(line);
      return;
    }
    case 'revoke': {
      const [id, ...more] = parse(rest, {}, true).positionals;
      if (id === undefined || more.length > 0)
        throw invalid('revoke takes the id of one key; list shows the ids.');
      await store.revoke(id, now);
      terminal.note(`Key ${id} is revoked. Running services refuse it within a second.`);
      return;
    }
    default:
      throw invalid('The command must be create, list or revoke.');
  }
}

function warnOfFirstKey({ scopes: own }: NewKey, { note }: Terminal, call: string): void {
  note('This is the first key. From now on the service refuses every request that comes without a key.');
  if (own.includes('admin')) return;
  note(
    `It is not an admin key. Until there is one, nobody can do what ${own.join(' and ')} does not allow. Create it with: ` +
      `${call} create --name admin --scope admin`,
  );
}

function parseNewKey(args: string[], now: Date): NewKey {
  const { values } = parse(args, {
    name: { type: 'string' },
    scope: { type: 'string', multiple: true },
    'per-minute': { type: 'string' },
    expires: { type: 'string' },
  });
  const { name = '', scope: wanted = [], 'per-minute': perMinute, expires } = values;
  if (!/^[^\p{C}]{1,64}$/u.test(name)) throw invalid('--name must have 1 to 64 printable characters.');
  if (wanted.length === 0 || !wanted.every(isScope)) {
    throw invalid(`--scope must be ${scopes.join(', ')}, and is required at least once.`);
  }
  return {
    name,
    scopes: scopes.filter((scope) => wanted.includes(scope)),
    requestsPerMinute: perMinute === undefined ? null : parseCount(perMinute),
    expiresAt: expires === undefined ? null : new Date(now.getTime() + parseDuration(expires)),
  };
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw invalid('--per-minute must be a whole number from 1 to 9999999.');
  return Number(text);
}

const minuteMs = 60_000;
const unitMs: Record<string, number> = { m: minuteMs, h: 60 * minuteMs, d: 24 * 60 * minuteMs };

function parseDuration(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const ms = unitMs[unit];
  if (ms === undefined) throw invalid('--expires must be like 30m, 12h or 90d.');
  return Number(count) * ms;
}

/** @throws TrainyardError INVALID_REQUEST for an unknown option or a missing value */
function parse<O extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: O,
  allowPositionals = false,
) {
  try {
    return parseArgs({ args, options, allowPositionals });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

async function table(store: KeyStore, now: Date): Promise<string[]> {
  const listed = await store.list();
  if (listed.length === 0) return ['There are no keys.'];
  const rows = await Promise.all(listed.map(async ({ id }) => rowOf(id, await readKey(store, id), now)));
  const all = [['ID', 'NAME', 'SCOPES', 'PER MINUTE', 'CREATED', 'STATE'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function rowOf(id: string, key: StoredKey | null, now: Date): string[] {
  if (key === null) return [id, '', '', '', '', 'damaged: not accepted'];
  const { name, scopes: own, requests_per_minute: perMinute, created_at: createdAt } = key;
  return [id, name, own.join(' '), String(perMinute ?? 'any'), inMinutes(createdAt), stateOf(key, now)];
}

function stateOf({ revoked_at: revokedAt, expires_at: expiresAt }: StoredKey, now: Date): string {
  if (revokedAt !== null) return `revoked ${inMinutes(revokedAt)}`;
  if (expiresAt === null) return 'valid';
  return `${Date.parse(expiresAt) > now.getTime() ? 'valid until' : 'expired'} ${inMinutes(expiresAt)}`;
}

function describe({ scopes: own, requests_per_minute: perMinute, expires_at: expiresAt }: StoredKey): string {
  const pace = perMinute === null ? 'any number of requests' : `${perMinute} requests a minute`;
  return `${own.join(', ')}; ${pace}; ${expiresAt === null ? 'does not expire' : `until ${inMinutes(expiresAt)}`}`;
}

/** 2026-11-24 21:52Z */
function inMinutes(time: string): string {
  return time.replace(/T(\d\d:\d\d).*Z$/, ' $1Z');
}

function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

function invalid(message: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message);
}
