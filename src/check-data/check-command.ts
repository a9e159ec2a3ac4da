/** `npm run -s check-data` and `trainyard check`: reads the whole store, reports damage and its cost, and can move the damage aside. */
import { parseArgs } from 'node:util';
import { TrainyardError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { checkStore, type FoundDamage, type Report } from './check-store.js';

export const usage = (
  call: string,
): string => `Reads everything stored in DATA_DIR or STORE_URL and reports what is damaged.

  ${call} [--repair] [--json]

  --repair  moves what is damaged to damaged/, under the time of the check. Stop the service first.
  --json    prints one JSON object a line

Exits with 0 when nothing is damaged, 1 when something is damaged, 2 when the check failed.
`;

export interface CheckOptions {
  repair: boolean;
  json: boolean;
}

/** @throws TrainyardError INVALID_REQUEST */
export function parseOptions(args: string[]): CheckOptions {
  try {
    const { repair = false, json = false } = parseArgs({
      args,
      options: { repair: { type: 'boolean' }, json: { type: 'boolean' } },
    }).values;
    return { repair, json };
  } catch (error) {
    throw new TrainyardError('INVALID_REQUEST', error instanceof Error ? error.message : String(error));
  }
}

/** Returns true if nothing is damaged. */
export async function runCheck(
  storage: Storage,
  { repair, json }: CheckOptions,
  terminal: { out: (line: string) => void; progress: (line: string) => void },
  now: Date,
): Promise<boolean> {
  const report = await checkStore(storage, {
    repair,
    now,
    onDamage: (damage) => {
      terminal.progress('');
      terminal.out(json ? JSON.stringify(asJson(damage)) : sentence(damage, repair));
    },
    onProgress: (done, of) => terminal.progress(done === of ? '' : `Checked ${done} of ${of}`),
  });
  terminal.out(json ? JSON.stringify({ ...report, store: storage.description }) : summary(report, repair));
  return report.damaged === 0;
}

function asJson({ key, problem, cost, movedTo }: FoundDamage): object {
  return { key, problem, cost, moved_to: movedTo };
}

function sentence({ problem, cost, movedTo, repair }: FoundDamage, isRepairing: boolean): string {
  const moved = movedTo !== null ? ` Moved to ${movedTo.join(', ')}.` : '';
  const left = isRepairing && repair.length === 0 ? ' Not moved: make it readable, and check again.' : '';
  return `${problem} ${cost}${moved}${left}`;
}

function summary({ counts, damaged }: Report, repair: boolean): string {
  const checked = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  const next =
    damaged === 0
      ? 'Nothing is damaged.'
      : `Damaged: ${damaged}. ${repair ? 'Check again, then start the service.' : 'Stop the service and add --repair to move the damage aside.'}`;
  return `Checked ${checked.join(', ')}. ${next}`;
}
