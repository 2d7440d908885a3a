// What the page is for, in Debian's Firefox: the other tests of the page are in Chromium. The tests run in order on one machine.
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import headers from '../../web/headers.json' with { type: 'json' };
import {
  experimentInFirefox,
  launchFirefox,
  openInFirefox,
  press,
  textOf,
  untilAttribute,
  untilText,
} from './support/firefox.ts';
import { servePage, servePlainly } from './support/served_page.ts';

const complaints: string[] = [];
let server: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await servePage();
  browser = await launchFirefox();
  page = await openInFirefox(browser, server.url, complaints);
});

afterEach(() => {
  expect(complaints).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test('the machine starts, isolated, and the kernel’s self-test passes', async () => {
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await press(page, 'Start');
  await untilText(page, '[data-testid=phase]', /running|failed/);
  expect(await textOf(page, '[data-testid=phase]')).toBe('running');
  expect(await experimentInFirefox(page, 'selftest')).toContain('selftest     : passed');
});

test('a request that is changed in its ring is refused', async () => {
  expect(await experimentInFirefox(page, 'tamper')).toContain('VIRTIO_CRYPTO_INVSESS');
});

test('requests run in workers, and the inspector shows them', async () => {
  await page.select('.backend select', 'workers');
  await press(page, 'Inspector');
  // Until the workers take requests, these run in the engine.
  await untilAttribute(page, '.backend', 'aria-busy', 'false');
  await press(page, 'Encrypt 4 KiB');
  await untilText(page, '[data-testid=requests] tbody', /CIPHER_ENCRYPT.*4 KiB.*OKworker/);
  expect(await textOf(page, '.backend')).not.toContain('could not be started');
});

test('a request waits in its ring, decoded, and goes on', async () => {
  await press(page, 'Pause on next request');
  await press(page, 'Encrypt 4 KiB');
  await untilText(page, '[data-testid=waiting-requests]', /src_data/);
  await press(page, 'Let all pass');
  await untilText(page, '[data-testid=hold-status]', /Requests pass freely/);
});

test('workers work in a Firefox without Atomics.waitAsync, too', async () => {
  await page.close();
  const plain = await servePlainly(headers, 'delete Atomics.waitAsync;');
  const other = await openInFirefox(browser, plain.url, complaints);
  await other.select('.backend select', 'workers');
  await press(other, 'Start');
  await untilText(other, '[data-testid=phase]', /running|failed/);
  expect(await experimentInFirefox(other, 'selftest')).toContain('selftest     : passed');
  await press(other, 'Inspector');
  await press(other, 'Encrypt 4 KiB');
  await untilText(other, '[data-testid=requests] tbody', /CIPHER_ENCRYPT.*4 KiB.*OKworker/);
  await other.close();
  await plain.close();
});
