import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { checkWebhookUrl, resolveWebhook } from '../../../src/jobs/webhooks/webhook-request.js';
import { privateAddresses } from './addresses.js';
import { secret } from './receiver.js';

const service = { secret, allowPrivate: false };
const url = 'https://example.com/hook';

test('a webhook gets the end of its job unless it asks for more', () => {
  expect(resolveWebhook({ url }, service)).toEqual({
    url,
    events: ['job.succeeded', 'job.failed', 'job.cancelled'],
  });
});

test('requested events are put in order and duplicates removed', () => {
  expect(
    resolveWebhook({ url, events: ['job.failed', 'job.running', 'job.failed'] }, service).events,
  ).toEqual(['job.running', 'job.failed']);
});

test('a service without a secret refuses webhooks and names the setting', () => {
  expect(() => resolveWebhook({ url }, { ...service, secret: undefined })).toThrow(
    expect.objectContaining({
      code: 'WEBHOOKS_NOT_CONFIGURED',
      pointer: '/webhook',
      message: expect.stringContaining('WEBHOOK_SECRET') as string,
    }) as Error,
  );
});

test('a private URL is refused', () => {
  expect(() => resolveWebhook({ url: 'http://127.0.0.1/' }, service)).toThrow(
    expect.objectContaining({ code: 'WEBHOOK_REFUSED' }) as Error,
  );
});

describe('a webhook to', () => {
  test.each([
    'https://example.com',
    'http://example.com:8080/hooks?job=1',
    'HTTPS://EXAMPLE.COM/',
    'https://bücher.example/',
    'https://localhost.example.com/',
    'https://mylocalhost/',
    'https://8.8.8.8/',
    'https://172.15.255.255/',
    'https://172.32.0.1/',
    'https://100.128.0.1/',
    'https://223.255.255.255/',
    'https://[2606:4700::1111]/',
    'https://[2001:4860:4860::8888]/',
  ])('%s is accepted', (url) => expect(() => checkWebhookUrl(url, { allowPrivate: false })).not.toThrow());

  test.each([
    ['', 'http:// or https://'],
    ['example.com/hook', 'http:// or https://'],
    ['/hook', 'http:// or https://'],
    ['http://', 'http:// or https://'],
    ['https://[::1', 'http:// or https://'],
    ['ftp://example.com/', 'http:// or https://'],
    ['file:///etc/passwd', 'http:// or https://'],
    ['javascript:alert(1)', 'http:// or https://'],
    ['https://user@example.com/', 'no user name'],
    ['https://:secret@example.com/', 'no user name'],
    ['https://example.com/#part', 'no fragment'],
    ['https://example.com/#', 'no fragment'],
    [`https://example.com/${'a'.repeat(2029)}`, 'at most 2048 characters'],
  ])('%s is refused, with and without private addresses allowed', (url, reason) => {
    for (const allowPrivate of [false, true]) {
      expect(refusalOf(url, allowPrivate)).toMatchObject({
        code: 'WEBHOOK_REFUSED',
        pointer: '/webhook/url',
        message: expect.stringContaining(reason) as string,
      });
    }
  });

  test('a URL of 2048 characters is accepted', () => {
    expect(refusalOf(`https://example.com/${'a'.repeat(2028)}`, false)).toBeNull();
  });

  test.each([
    ...privateAddresses,
    ['loopback by name', 'localhost'],
    ['loopback by name', 'LocalHost.'],
    ['loopback by name', 'hook.localhost'],
    ['loopback by name', 'hook.localhost.'],
  ])('%s, %s, is refused unless the service allows it', (_, host) => {
    expect(refusalOf(`http://${host}:8080/`, false)).toMatchObject({
      code: 'WEBHOOK_REFUSED',
      pointer: '/webhook/url',
      message: expect.stringMatching(/not a public address.*WEBHOOK_ALLOW_PRIVATE=1/) as string,
    });
    expect(refusalOf(`http://${host}:8080/`, true)).toBeNull();
  });
});

/** null: the URL was accepted. */
function refusalOf(url: string, allowPrivate: boolean): TrainyardError | null {
  try {
    checkWebhookUrl(url, { allowPrivate });
    return null;
  } catch (error) {
    if (error instanceof TrainyardError) return error;
    throw error;
  }
}
