import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { BenchError, installed } from '../implementation.ts';

/** Debian's, unless the environment names another. */
const { CHROMIUM = '/usr/bin/chromium' } = process.env;
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts Chromium without a window.
 * @throws BenchError that says what to install
 */
export async function launchChromium(): Promise<Browser> {
  const playwright = await installed(() => import('playwright-core'));
  if (!playwright) {
    throw new BenchError(
      'To drive a browser takes playwright-core, which is not installed (npm install --no-save playwright-core).',
    );
  }
  if (!existsSync(CHROMIUM)) {
    throw new BenchError(
      `There is no Chromium at ${CHROMIUM}: install it (on Debian, apt-get install chromium), or name another in the environment variable CHROMIUM.`,
    );
  }
  return playwright.chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}
