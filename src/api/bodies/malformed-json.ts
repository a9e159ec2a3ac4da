/** The refusal of a body that is not JSON. */
import { TrainyardError } from '../../errors.js';

/** Such a key from outside could change what other code sees. */
export const inheritedKey = 'it has a key that objects inherit, like __proto__';

/** The rows of a table, whose keys are the names of columns: any text. A context is part of each row. */
const rowMembers: readonly unknown[] = ['inputs', 'instances', 'examples', 'context'];

/** Whether an object in the body is a row, or holds columns by name. `path` leads to it. */
export function hasColumnNames(path: readonly (string | number)[]): boolean {
  return (
    rowMembers.includes(path[0]) && (path.length === 1 || (path.length === 2 && typeof path[1] === 'number'))
  );
}

/**
 * As JSON.parse, which makes own properties of all keys. Inherited keys are refused everywhere but in rows.
 * @throws TrainyardError MALFORMED_JSON
 */
export function parseWithRows(text: string): unknown {
  const body = parseJson(text);
  refuseInherited(body, []);
  return body;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformedJson(error instanceof Error ? error.message : String(error), text);
  }
}

function refuseInherited(value: unknown, path: readonly (string | number)[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseInherited(item, [...path, index]);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const isInherited = key === '__proto__' || (key === 'constructor' && hasPrototype(member));
    if (isInherited && !hasColumnNames(path)) throw malformedJson(inheritedKey);
    refuseInherited(member, [...path, key]);
  }
}

function hasPrototype(member: unknown): boolean {
  return typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype');
}

/** `text` is the body, or the part of it that could not be read. */
export function malformedJson(reason: string, text = ''): TrainyardError {
  const hint = /\b(?:NaN|Infinity)\b/.test(text)
    ? ' JSON has no NaN and no Infinity: send finite numbers.'
    : '';
  return new TrainyardError(
    'MALFORMED_JSON',
    `The body is not JSON that this service reads: ${reason}.${hint}`,
  );
}
