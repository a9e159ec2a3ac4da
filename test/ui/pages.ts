/**
 * The web pages of the built service in a real browser. Whatever a test does, the pages must ask no other host, log no error
 * and break no policy; and what a test looks at must be usable by everyone (axe), in light, in dark and on a phone.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { describeWithBrowser, type OpenContext } from '../browser.js';
import { openService, type Service } from '../service/service.js';

interface PageOptions {
  expectedErrors?: RegExp;
  /** Small, and touched with fingers. */
  isPhone?: boolean;
}

export interface Pages {
  service: Service;
  /** Opens the page at `#/…`, and checks at the end of the test that it did nothing that it must not. */
  open(path: string, options?: PageOptions): Promise<Page>;
}

/** For people and for CI to look at. */
const screenshots = fileURLToPath(new URL('../../dist/screenshots/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const desktop = { width: 1280, height: 860 };
const phone = { width: 360, height: 740 };

/** One service for all tests of the suite. `settings` are those of the service. */
export function describeWithPages(
  name: string,
  suite: (pages: () => Pages) => void,
  settings: Partial<Record<string, string>> = {},
): void {
  describeWithBrowser(name, (openContext) => {
    let folder = '';
    let service: Service | undefined;
    let kill: () => Promise<void> = () => Promise.resolve();
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trainyard-pages-'));
      service = await openService({ DATA_DIR: folder, ...settings }, (end) => (kill = end));
    });
    afterAll(async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    });
    suite(() => {
      if (!service)
        throw new Error('The service has not been started yet; ask for it inside a test or a hook');
      return pagesOf(service, openContext, `${service.url}${settings.BASE_PATH ?? ''}/`);
    });
  });
}

/** The pages are at `address`, and ask nothing that is not under it. */
function pagesOf(service: Service, openContext: OpenContext, address: string): Pages {
  return {
    service,
    async open(path, { expectedErrors, isPhone = false } = {}) {
      const context = await openContext(
        isPhone ? { viewport: phone, hasTouch: true, isMobile: true } : { viewport: desktop },
      );
      const page = await context.newPage();
      const faults: string[] = [];
      const add = (fault: string): void => {
        if (!expectedErrors?.test(fault)) faults.push(fault);
      };
      page.on('pageerror', ({ message }) => add(message));
      page.on('console', (message) => message.type() === 'error' && add(message.text()));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(address) && !/^(?:data|blob):/.test(url)) add(`asks ${url}`);
      });
      onTestFinished(async () => {
        await context.close();
        expect(faults).toEqual([]);
      });
      await page.goto(`${address}#/${path}`);
      return page;
    },
  };
}

/** Keeps pictures of the page in light, in dark and on a phone, and expects no serious finding of axe and no overflow. */
export async function lookAt(page: Page, name: string): Promise<void> {
  await mkdir(screenshots, { recursive: true });
  const keep = (suffix: string): Promise<unknown> =>
    page.screenshot({ path: join(screenshots, `${name}-${suffix}.png`), fullPage: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await keep(colorScheme);
    expect(await seriousFindings(page)).toEqual([]);
  }
  await page.setViewportSize(phone);
  await keep('phone');
  const overflow = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  expect(overflow, `${name} is wider than a phone`).toBeLessThanOrEqual(0);
  await page.setViewportSize(desktop);
  await painted(page);
}

/** Until the page has shown what it knows, canvases and changes of its size included. */
export function painted(page: Page): Promise<unknown> {
  return page.evaluate(
    'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
  );
}

/** Scripts from outside are refused by the policy of the pages, so axe comes in through the debugger. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(' ')).join(', ')})`,
    );
}
