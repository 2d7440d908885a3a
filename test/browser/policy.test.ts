import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import headers from '../../web/headers.json' with { type: 'json' };
import { launchBrowser, openPage, runExperiment, servePlainly, untilRunning } from './support/served_page.ts';

const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'";
/** Of the terminal, which makes style elements. */
const XTERM = "; style-src-elem 'self' 'unsafe-inline'";

let browser: Browser;
let served: Awaited<ReturnType<typeof servePlainly>> | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(async () => {
  await served?.close();
});

afterAll(async () => {
  await browser?.close();
});

async function openUnder(policy: string, complaints: string[]) {
  served = await servePlainly({ ...headers, 'Content-Security-Policy': policy });
  return openPage(browser, served.url, complaints);
}

test('the policy that the page’s host is told to send is the strict one, and what the terminal needs', () => {
  expect(headers['Content-Security-Policy']).toBe(STRICT + XTERM);
});

test('under it the machine starts, its device is tested, and its workers work, without a word in the console', async () => {
  const complaints: string[] = [];
  const page = await openUnder(STRICT + XTERM, complaints);
  await page.getByRole('combobox', { name: 'Backend' }).selectOption('workers');
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  expect(await runExperiment(page, 'selftest')).toContain('selftest     : passed');
  await page.getByRole('tab', { name: 'Inspector' }).click();
  // The self-test's requests went by before anybody looked.
  await page.getByText(/^[\d,]+ requests passed before the inspector was opened/).waitFor();
  await page.getByRole('button', { name: 'Encrypt 4 KiB' }).click();
  await page.getByTestId('requests').getByRole('cell', { name: 'worker' }).first().waitFor();
  expect(await page.getByText('could not be started').count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('without what the terminal needs, nothing but its style elements is blocked', async () => {
  const complaints: string[] = [];
  const page = await openUnder(STRICT, complaints);
  await page.locator('.xterm-screen').waitFor();
  expect(complaints.length).toBeGreaterThan(0);
  for (const complaint of complaints) expect(complaint).toMatch(/inline style/);
  await page.context().close();
});

test('where workers are blocked, the page says so at once, and what to do', async () => {
  const page = await openUnder(STRICT.replace("worker-src 'self'", "worker-src 'none'") + XTERM, []);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('alert').filter({ hasText: "worker-src 'self'" }).waitFor();
  expect(await page.getByTestId('phase').innerText()).toBe('failed');
  await page.context().close();
});
