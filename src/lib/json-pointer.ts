/** JSON pointers (RFC 6901): where in a document a value lies. */

/** `['inputs', 3, 'a/b']` becomes `/inputs/3/a~1b`. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
