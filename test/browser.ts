/** A real Chromium for the tests that need one. Installs nothing. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chromiumPath, launchChromium } from '../scripts/chromium.mjs';

const missing = `no ${chromiumPath} on this machine`;

/** Where there is none the suite is skipped and says so, unless REQUIRE_SERVICES=1 (as in CI): then it fails. */
export function describeWithBrowser(name: string, suite: (browser: () => Browser) => void): void {
  let browser: Browser | undefined;
  const started = (): Browser => {
    if (!browser) throw new Error('Chromium has not been started yet; ask for it inside a test or a hook');
    return browser;
  };
  if (existsSync(chromiumPath)) {
    describe(name, () => {
      beforeAll(async () => {
        browser = await launchChromium();
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
