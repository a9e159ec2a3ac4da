/** What a storage's keys are made of; every storage refuses the same ones. */

export const temporaryPrefix = '.tmp-';

/** @throws Error for a key that is none: a programming error */
export function segmentsOf(key: string): string[] {
  const segments = key.split('/');
  if (!segments.every(isSegment)) throw new Error(`Not a storage key: ${JSON.stringify(key)}`);
  return segments;
}

export function isSegment(name: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(name) && name !== '.' && name !== '..' && !name.startsWith(temporaryPrefix);
}
