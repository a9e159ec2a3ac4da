import { expect, test } from 'vitest';
import { withoutSecrets } from '../src/log.js';

test.each([
  ['redis://user:secret@queue:6379/1', 'redis://queue:6379/1'],
  ['postgres://u:p%40ss@db/trainyard?sslpassword=secret', 'postgres://db/trainyard'],
])('a connection is named without its secrets: %s', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});
