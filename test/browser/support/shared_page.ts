import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser, openPage, runExperiment, servePage, untilRunning } from './served_page.ts';

// One page for all tests of a file, which run in order on its machine.
export let server: Awaited<ReturnType<typeof servePage>>;
export let browser: Browser;
export let page: Page;
/** What pages wrote into the console: no test may leave anything here. */
export const complaints: string[] = [];

/** Opens the page before the tests of the file that calls this, and closes it after them. @param serve serves the page */
export function sharePage(serve = servePage): void {
  beforeAll(async () => {
    server = await serve();
    browser = await launchBrowser();
    page = await openPage(browser, server.url, complaints);
  });

  afterEach(() => {
    expect(complaints).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
}

/** The same, with the machine started and its device tested by the kernel. */
export function shareMachine(): void {
  sharePage();
  beforeAll(async () => {
    await page.getByRole('button', { name: 'Start' }).click();
    await untilRunning(page);
    await runExperiment(page, 'selftest');
  });
}
