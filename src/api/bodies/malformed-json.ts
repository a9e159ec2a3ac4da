/** The refusal of what is not JSON. */
import { TrainyardError } from '../../errors.js';

/** Objects must not get such keys from outside. */
export const inheritedKey = 'it has a key that objects inherit, like __proto__';

/** `text` is the body, or what is there of it where it cannot be read. */
export function malformedJson(reason: string, text = ''): TrainyardError {
  const hint = /\b(?:NaN|Infinity)\b/.test(text)
    ? ' JSON has no NaN and no Infinity: send finite numbers.'
    : '';
  return new TrainyardError(
    'MALFORMED_JSON',
    `The body is not JSON that this service reads: ${reason}.${hint}`,
  );
}
