/** A real Chromium for the tests that need one: Debian's, as it is installed on the machine. Installs nothing. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';

const executablePath = '/usr/bin/chromium';
const missing = `no ${executablePath} on this machine`;

/** What it would ask other hosts for by itself is switched off. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where there is none the suite is skipped and says so, unless REQUIRE_SERVICES=1 (as in CI): then it fails. */
export function describeWithBrowser(name: string, suite: (browser: () => Browser) => void): void {
  let browser: Browser | undefined;
  const started = (): Browser => {
    if (!browser) throw new Error('Chromium has not been started yet; ask for it inside a test or a hook');
    return browser;
  };
  if (existsSync(executablePath)) {
    describe(name, () => {
      beforeAll(async () => {
        browser = await chromium.launch({ executablePath, args, timeout: 120_000 });
      });
      afterAll(() => browser?.close());
      suite(started);
    });
  } else if (process.env.REQUIRE_SERVICES === '1') {
    describe(name, () => {
      it('needs Chromium', () => {
        throw new Error(`REQUIRE_SERVICES=1, and there is ${missing}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${missing})`, () => suite(started));
  }
}
