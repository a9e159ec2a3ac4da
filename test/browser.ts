/** A real Chromium for the tests that need one. Installs nothing. */
import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chromiumPath, launchChromium } from '../scripts/chromium.mjs';
import { patience } from './patience.js';

const missing = `no ${chromiumPath} on this machine`;

/** Opens a profile of its own, for the pages of one test. */
export type OpenContext = (options?: BrowserContextOptions) => Promise<BrowserContext>;

/** Where there is none the suite is skipped and says so, unless REQUIRE_SERVICES=1 (as in CI): then it fails. */
export function describeWithBrowser(name: string, suite: (openContext: OpenContext) => void): void {
  let browser: Browser | undefined;
  const openContext: OpenContext = async (options) => {
    if (!browser) throw new Error('Chromium has not been started yet; ask for it inside a test or a hook');
    const context = await browser.newContext(options);
    context.setDefaultTimeout(patience.pollMs);
    return context;
  };
  if (existsSync(chromiumPath)) {
    describe(name, () => {
      beforeAll(async () => {
        browser = await launchChromium();
      });
      afterAll(() => browser?.close());
      suite(openContext);
    });
  } else if (process.env.REQUIRE_SERVICES === '1') {
    describe(name, () => {
      it('needs Chromium', () => {
        throw new Error(`REQUIRE_SERVICES=1, and there is ${missing}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${missing})`, () => suite(openContext));
  }
}
