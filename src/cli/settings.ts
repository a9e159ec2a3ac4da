/** What options say: `--set optimizer.learning_rate=0.01` as fields of a request, and numbers. */
import { InvalidArgumentError } from 'commander';
import { UsageError } from './failures.js';

/** Values are JSON where they are valid JSON, and texts otherwise. @throws UsageError */
export function settingsOf(assignments: readonly string[]): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const [, path = '', value = ''] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
    if (path === '') {
      throw new UsageError(`--set ${assignment} sets nothing: write a field and its value, as in epochs=20.`);
    }
    assign(settings, path.split('.'), valueOf(value), assignment);
  }
  return settings;
}

function assign(
  settings: Record<string, unknown>,
  [name = '', ...deeper]: string[],
  value: unknown,
  assignment: string,
): void {
  if (name === '' || name === '__proto__') throw new UsageError(`--set ${assignment} names no field.`);
  if (deeper.length === 0) {
    settings[name] = value;
    return;
  }
  const inner = (settings[name] ??= {});
  if (typeof inner !== 'object' || Array.isArray(inner)) {
    throw new UsageError(`--set ${assignment} sets a field of ${name}, which an earlier --set made a value.`);
  }
  assign(inner as Record<string, unknown>, deeper, value, assignment);
}

/** JSON where it is valid JSON, and a text otherwise. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Of an option. */
export function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}
