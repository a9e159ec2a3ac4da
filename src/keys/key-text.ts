/**
 * A key as its holder writes it: `ty_{id}_{secret}`. The prefix lets scanners find one that leaked into a repository or
 * a log; the id says which document it belongs to.
 */
import { hash, randomBytes } from 'node:crypto';

/** Without letters that look like digits, and in one case, so that every file system tells two ids apart. */
const idAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const idLength = 12;
const secretBytes = 32;

const textPattern = /^ty_([0-9a-z]{12})_([\w-]{43})$/;

export interface KeyParts {
  id: string;
  secret: string;
}

export function newKeyParts(): KeyParts {
  return {
    id: Array.from(randomBytes(idLength), (byte) => idAlphabet[byte % idAlphabet.length]).join(''),
    secret: randomBytes(secretBytes).toString('base64url'),
  };
}

export function formatKey({ id, secret }: KeyParts): string {
  return `ty_${id}_${secret}`;
}

/** null: that is no key of ours. */
export function parseKey(text: string): KeyParts | null {
  const [, id, secret] = textPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/**
 * One fast pass is enough: the secret is 256 random bits, which nobody can try out however fast the hash is. Salt and a
 * slow hash protect what people choose and use twice. In hexadecimal digits, 64 of them.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}
