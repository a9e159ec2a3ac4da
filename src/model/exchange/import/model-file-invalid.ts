/** What every reader of foreign files throws. Whoever sent the file reads the message. */
import { TrainyardError } from '../../../errors.js';

/** `problem`: what is wrong, as the end of "The file …", and what to do about it. */
export function modelFileInvalid(problem: string, cause?: unknown): TrainyardError {
  return new TrainyardError('MODEL_FILE_INVALID', `The file ${problem}.`, { cause });
}

/** A name out of the file, fit for a message, however long and strange it is. */
export function shownName(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Our own readers take files for checkpoints. */
export function asInvalidFile<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    throw new TrainyardError('MODEL_FILE_INVALID', error.message, { cause: error });
  }
}
