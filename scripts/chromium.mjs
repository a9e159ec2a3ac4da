/** Starts Debian's Chromium, as it is installed on the machine. What it would ask other hosts for by itself is switched off. */
import { chromium } from 'playwright-core';

export const chromiumPath = '/usr/bin/chromium';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium() {
  return chromium.launch({ executablePath: chromiumPath, args, timeout: 120_000 });
}
