import type { Browser, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import headers from '../../web/headers.json' with { type: 'json' };
import { launchBrowser, openPage, runExperiment, servePlainly, untilRunning } from './support/served_page.ts';

// After the first visit the page needs no network: its service worker keeps what it has loaded.
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

/** How many files the page's service worker keeps. */
const kept = async (page: Awaited<ReturnType<typeof openPage>>): Promise<number> =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return keys.flat().length;
  });

test.each([
  ['that sends the headers of isolation', headers],
  ['that sends none', {}],
])('a machine starts without a network, once one was started in the page, on a host %s', async (_, own) => {
  const served = await servePlainly(own);
  const page = await openPage(browser, served.url, []);
  const isReady = () => page.evaluate(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await expect.poll(isReady).toBe(true);
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  const { length } = await (await page.request.get(`${served.url}offline.json`)).json();
  const guest = await (await page.request.get(`${served.url}guest/manifest.json`)).json();
  // A machine that starts from its booted state needs the firmware, too, and neither kernel nor initramfs.
  expect(Object.keys(guest.files)).toContain('booted');
  await expect.poll(() => kept(page)).toBeGreaterThanOrEqual(length + 4);
  await served.close();
  await page.reload();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  expect(await runExperiment(page, 'selftest')).toContain('selftest     : passed');
  for (const tab of ['Inspector', 'Trace', 'Lessons']) await page.getByRole('tab', { name: tab }).click();
  await page.getByRole('button', { name: 'Sessions', exact: true }).click();
  await page.locator('.lesson p').first().waitFor();
  await page.context().close();
});

test('a start before the page knows the files of its host uses the booted state all the same', async () => {
  const served = await servePlainly(headers);
  const page = await openPage(browser, served.url, [], { serviceWorkers: 'block' });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  // The page asks for the list first, and hears nothing until the machine runs. The machine's worker asks after it.
  const held = new Promise<Route>((resolve) =>
    page.route('**/guest/manifest.json', (route) => resolve(route), { times: 1 }),
  );
  await page.reload();
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  expect(asked.filter((url) => url.endsWith('manifest.json'))).toHaveLength(2);
  expect(asked.filter((url) => url.endsWith('booted.state'))).toHaveLength(1);
  expect(asked.filter((url) => url.endsWith('kernel.img'))).toEqual([]);
  await (await held).continue();
  await page.context().close();
  await served.close();
});

test('what was kept of a page that its host has no more is thrown away', async () => {
  const served = await servePlainly(headers);
  const page = await openPage(browser, served.url, []);
  await expect.poll(() => kept(page)).toBeGreaterThan(10);
  await page.evaluate(async () => {
    const [name = ''] = await caches.keys();
    const cache = await caches.open(name);
    await cache.put('assets/old-12345678.js', new Response('old'));
    await cache.put('guest/manifest.json', new Response('{}'));
    await cache.put('guest/old.img', new Response('old'));
  });
  await page.reload();
  const addresses = () =>
    page.evaluate(async () => {
      const [name = ''] = await caches.keys();
      return (await (await caches.open(name)).keys()).map(({ url }) => url);
    });
  await expect.poll(async () => (await addresses()).filter((url) => url.includes('/old'))).toEqual([]);
  await page.context().close();
  await served.close();
});

test('where the browser keeps nothing, the page works with its network as before', async () => {
  // In the scripts of the service worker and of the machine's worker, before all else.
  const refuse = "caches.open = () => Promise.reject(new DOMException('refused', 'SecurityError'));";
  const served = await servePlainly({}, refuse, refuse);
  const page = await openPage(browser, served.url, []);
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  expect(await page.evaluate(() => crossOriginIsolated && navigator.serviceWorker.controller !== null)).toBe(true);
  expect(await kept(page)).toBe(0);
  await page.context().close();
  await served.close();
});

test('a reload asks while there is a machine with work in it, and not before', async () => {
  const served = await servePlainly(headers);
  const page = await openPage(browser, served.url, []);
  const asked: string[] = [];
  page.on('dialog', async (dialog) => {
    asked.push(dialog.type());
    await dialog.dismiss();
  });
  await page.reload();
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  await runExperiment(page, 'selftest');
  // Dismissed: the page stays, so that the reload never comes to its end.
  await page.evaluate(() => setTimeout(() => location.reload()));
  await expect.poll(() => asked).toEqual(['beforeunload']);
  expect(await page.getByTestId('phase').innerText()).toBe('running');
  await page.context().close();
  await served.close();
});
