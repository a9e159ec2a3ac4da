/** `--vary optimizer.learning_rate=0.0001..0.1:log` as the parameters of a sweep. */
import type { SweepRequest } from 'trainyard/client';
import { UsageError } from './failures.js';
import { valueOf } from './settings.js';

type Space = NonNullable<SweepRequest['parameters']>;

const range = /^(?<min>[^,[\]]+?)\.\.(?<max>[^,[\]:]+)(?<kinds>(?::(?:log|integer))*)$/;

/**
 * A range is `MIN..MAX`, followed by `:log`, `:integer` or both; a list is `A,B,…` or a JSON array. The service checks what they
 * say. @throws UsageError
 */
export function spaceOf(assignments: readonly string[]): Space {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [, path = '', text = ''] = /^([^=]+)=(.+)$/s.exec(assignment) ?? [];
      if (path === '') {
        throw new UsageError(
          `--vary ${assignment} varies nothing: write a field and its values, as in batch_size=16,32,64 or ` +
            'optimizer.learning_rate=0.0001..0.1:log.',
        );
      }
      return [path, parameterOf(text, assignment)];
    }),
  );
}

function parameterOf(text: string, assignment: string): Space[string] {
  const { min, max, kinds = '' } = range.exec(text)?.groups ?? {};
  if (min === undefined || max === undefined) {
    const value = valueOf(text);
    return { values: Array.isArray(value) ? value : text.split(',').map(valueOf) };
  }
  const ends = { min: Number(min), max: Number(max) };
  for (const [end, written] of [
    [ends.min, min],
    [ends.max, max],
  ] as const) {
    if (!Number.isFinite(end)) throw new UsageError(`--vary ${assignment}: ${written} is not a number.`);
  }
  return {
    ...ends,
    ...(kinds.includes(':log') && { scale: 'log' as const }),
    ...(kinds.includes(':integer') && { integer: true }),
  };
}
