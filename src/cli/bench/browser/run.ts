import { cpus } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import type { BackendBenchOptions } from '../backends.ts';
import type { Row } from '../cases.ts';
import { BenchError } from '../implementation.ts';
import { nodeCryptoDigest } from '../node_crypto.ts';
import type { RowResult } from '../run.ts';
import { workloadOf } from '../workload.ts';
import { launchChromium } from './chromium.ts';
import { servePage } from './page_server.ts';
import type { BrowserFacts, RowOrder } from './protocol.ts';

export interface BrowserRunOptions {
  rows: readonly Row[];
  device: Omit<BackendBenchOptions, 'model'>;
  /** Milliseconds for each row, all backends together. */
  rowMilliseconds: number;
  signal: AbortSignal;
  /** Called before each row, with its index. */
  onRow(row: Row, index: number): void;
}

/**
 * Measures the backends row by row in a page of Chromium. Results are compared with node:crypto's, as in Node.
 * @throws BenchError for a wrong result, or where something is missing; the signal's reason when it was aborted
 */
export async function runInBrowser(options: BrowserRunOptions): Promise<{ facts: BrowserFacts; results: RowResult[] }> {
  const { signal } = options;
  const served = await servePage();
  try {
    const browser = await launchChromium();
    const close = () => void browser.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      signal.throwIfAborted();
      const about = await inPage(browser, served.url, (page) =>
        page.evaluate(() => globalThis.virtioCryptoBench.facts()),
      );
      if (!about.isolated)
        throw new BenchError('The page is not cross-origin isolated: this browser has no workers for it.');
      const processors = cpus();
      const facts = {
        ...about,
        browser: `Chromium ${browser.version()}`,
        cpu: processors[0]?.model.trim() || 'unknown processor',
        cores: processors.length,
      };
      return { facts, results: await measureRows(browser, served.url, options) };
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', close);
      await browser.close();
    }
  } finally {
    await served.close();
  }
}

/** Each row has a page of its own: what devices before it leave behind is gone with theirs. */
async function measureRows(
  browser: Browser,
  url: string,
  { rows, device, rowMilliseconds, onRow }: BrowserRunOptions,
): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const [index, row] of rows.entries()) {
    onRow(row, index);
    const { bytes, batch } = row;
    const expected = await nodeCryptoDigest(workloadOf(row));
    const order: RowOrder = { case: row.case.name, bytes, batch, expected, options: device, rowMilliseconds };
    const answer = await inPage(browser, url, (page) =>
      page.evaluate((each) => globalThis.virtioCryptoBench.measure(each), order),
    );
    if ('error' in answer) throw new BenchError(answer.error);
    results.push({ ...row, ...answer });
  }
  return results;
}

async function inPage<Result>(browser: Browser, url: string, use: (page: Page) => Promise<Result>): Promise<Result> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    return await use(page);
  } finally {
    await context.close();
  }
}
