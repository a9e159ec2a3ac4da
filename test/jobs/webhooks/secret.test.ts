import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { parseSecret } from '../../../src/jobs/webhooks/secret.js';

const base64 = (bytes: number, fill = 0xfe): string => Buffer.alloc(bytes, fill).toString('base64');

test.each([24, 32, 33, 64])('a secret of %i bytes is taken, and signs as receivers read it', (bytes) => {
  const text = `whsec_${base64(bytes)}`;
  const sentAt = new Date();
  const signature = new Webhook(parseSecret(text), { format: 'raw' }).sign('id', sentAt, '{}');
  expect(signature).toBe(new Webhook(text).sign('id', sentAt, '{}'));
});

test.each([
  ['empty', ''],
  ['without its prefix', base64(32)],
  ['of another kind', `whsk_${base64(32)}`],
  ['only a prefix', 'whsec_'],
  ['too short', `whsec_${base64(23)}`],
  ['too long', `whsec_${base64(65)}`],
  ['in the URL alphabet', `whsec_${Buffer.alloc(32, 0xfe).toString('base64url')}`],
  ['without its padding', `whsec_${base64(32).replace('=', '')}`],
  ['followed by a line end', `whsec_${base64(32)}\n`],
  ['not base64', `whsec_${'correct horse battery staple!'.repeat(2)}`],
])('a secret that is %s is refused, and not told', (_, text) => {
  const refusal = refusalOf(text);
  expect(refusal.code).toBe('CONFIG_INVALID');
  expect(refusal.message).toContain('WEBHOOK_SECRET must be whsec_');
  if (text.length > 10) expect(refusal.message).not.toContain(text.slice(6, 20));
});

test('the refusal says how to make one', () => {
  expect(refusalOf('').message).toContain('echo "whsec_$(openssl rand -base64 32)"');
});

function refusalOf(text: string): TrainyardError {
  try {
    parseSecret(text);
  } catch (error) {
    if (error instanceof TrainyardError) return error;
  }
  throw new Error('It was taken.');
}
