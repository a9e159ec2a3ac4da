import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { formatKey, hashSecret, newKeyParts, parseKey } from '../../src/keys/key.js';

test('a key is ty_, its id, and a secret of 256 bits', () => {
  const parts = newKeyParts();
  const text = formatKey(parts);
  expect(text).toMatch(/^ty_[0-9a-hjkmnp-tv-z]{12}_[A-Za-z0-9_-]{43}$/);
  expect(Buffer.from(parts.secret, 'base64url')).toHaveLength(32);
  expect(parseKey(text)).toEqual(parts);
});

test('no two keys are alike', () => {
  const texts = Array.from({ length: 1_000 }, () => formatKey(newKeyParts()));
  expect(new Set(texts).size).toBe(texts.length);
});

const secret = 'A'.repeat(43);
test.each([
  '',
  'ty_',
  secret,
  `ty_0123456789ab_${secret}A`,
  `ty_0123456789ab_${secret.slice(1)}`,
  `ty_0123456789ab_${secret.slice(1)}=`,
  `ty_0123456789AB_${secret}`,
  `ty_0123456789_${secret}`,
  `ty_../../../../_${secret}`,
  `tz_0123456789ab_${secret}`,
  `ty_0123456789ab_${secret}\n`,
  ` ty_0123456789ab_${secret}`,
  'é'.repeat(59),
])('%j is not a key', (text) => {
  expect(parseKey(text)).toBeNull();
});

test('a secret is stored as its SHA-256', () => {
  expect(hashSecret(secret)).toBe(createHash('sha256').update(secret).digest('hex'));
});
