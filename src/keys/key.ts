/**
 * A key: the text that its holder sends, `ty_{id}_{secret}`, and the scopes that it may have. The prefix lets scanners
 * find keys that leaked into a repository or a log. The id names the document of the key.
 */
import { hash, randomBytes } from 'node:crypto';

/** What a key allows. `admin` includes the other scopes. */
export const scopes = ['predict', 'train', 'admin'] as const;

export type Scope = (typeof scopes)[number];

/** In one case, so that ids differ on every file system, and without letters that look like digits. */
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

/** null: the text is not a key of this service. */
export function parseKey(text: string): KeyParts | null {
  const [, id, secret] = textPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/**
 * 64 hexadecimal digits. One fast hash is enough: the secret is 256 random bits, which nobody can guess by trying.
 * Salts and slow hashes protect passwords that people choose and reuse.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}
