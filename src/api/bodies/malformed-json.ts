/** The refusal of a body that is not JSON. */
import { TrainyardError } from '../../errors.js';

/** Such a key from outside could change what other code sees. */
export const inheritedKey = 'it has a key that objects inherit, like __proto__';

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
