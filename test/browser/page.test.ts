import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  keepPicture,
  launchBrowser,
  openPage,
  runExperiment,
  servePage,
  servePlainly,
  untilRunning,
} from './support/served_page.ts';

let server: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

beforeAll(async () => {
  server = await servePage();
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** axe is put into the page as a script of its own, which the page’s policy forbids. */
const BYPASS = { bypassCSP: true };

/** What axe calls serious or critical, as `rule: element`. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axe });
  return page.evaluate(async () => {
    const scan: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } =
      Reflect.get(window, 'axe');
    const { violations } = await scan.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
  });
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([1400, 390])(
    'axe finds nothing serious at %i pixels, and nothing is wider than the screen',
    async (width) => {
      const page = await openPage(browser, server.url, [], {
        colorScheme,
        viewport: { width, height: 844 },
        ...BYPASS,
      });
      await page.getByRole('button', { name: 'Start' }).click();
      await untilRunning(page);
      await page.getByText('How the device is built').click();
      await runExperiment(page, 'selftest');
      for (const tab of ['Experiments', 'Inspector', 'Trace', 'Lessons']) {
        await page.getByRole('tab', { name: tab }).click();
        if (tab === 'Inspector') {
          await page.getByTestId('ring-facts').waitFor();
        }
        expect(await seriousFindings(page), tab).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(width);
        await keepPicture(page, `${tab.toLowerCase()}-${colorScheme}-${width}`);
      }
      await page.context().close();
    },
  );
});

test('the whole page can be reached with the Tab key, and the terminal left with Control and ]', async () => {
  const page = await openPage(browser, server.url, []);
  await page.getByLabel('Colours').focus();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Start');
  await page.getByTestId('terminal').click();
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('xterm');
  await page.keyboard.press('Control+]');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('tab-experiments');
  await page.keyboard.press('ArrowRight');
  expect(await page.getByRole('tab', { name: 'Inspector' }).getAttribute('aria-selected')).toBe('true');
  await page.context().close();
});

describe('on a host that sends no headers of its own, in any folder', () => {
  let plain: Awaited<ReturnType<typeof servePlainly>>;

  beforeAll(async () => {
    plain = await servePlainly();
  });

  afterAll(async () => {
    await plain?.close();
  });

  test('the page is cross-origin isolated all the same, after it was loaded anew once', async () => {
    const page = await openPage(browser, 'about:blank', []);
    let loads = 0;
    page.on('load', () => loads++);
    await page.goto(plain.url);
    await page.getByRole('button', { name: 'Start' }).click();
    await untilRunning(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await page.getByText('not cross-origin isolated').count()).toBe(0);
    expect(loads).toBe(2);
    await page.context().close();
  });

  test.each([
    ['are refused', 'ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error("refused"));'],
    ['do not exist', 'delete Navigator.prototype.serviceWorker;'],
    // A browser that passes its service workers by: a page must not be loaded anew for ever.
    ['are of no use', 'Object.defineProperty(window, "crossOriginIsolated", { value: false });'],
  ])('where service workers %s, the page says what is missing and runs', async (_, script) => {
    const context = await browser.newContext();
    await context.addInitScript(script);
    const page = await context.newPage();
    await page.goto(plain.url);
    await page.getByText('not cross-origin isolated').waitFor();
    await page.getByRole('button', { name: 'Start' }).click();
    await untilRunning(page);
    await context.close();
  });

  test('a page in a frame of another says to open it in a tab', async () => {
    const page = await openPage(browser, `${plain.url}guest/manifest.json`, []);
    await page.setContent(`<iframe src="${plain.url}"></iframe>`);
    await page.frameLocator('iframe').getByText('open it in a tab of its own').waitFor();
    await page.context().close();
  });
});

test('every lesson opens in the page, with its pictures, and links to others open there, too', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, server.url, complaints);
  await page.getByRole('tab', { name: 'Lessons' }).click();
  const folder = fileURLToPath(new URL('../../docs/lessons/', import.meta.url));
  const contents = await readFile(`${folder}README.md`, 'utf8');
  const lessons = [...contents.matchAll(/^\d+\. \[(.*)\]\((.*)\)$/gm)].map(([, title, file]) => ({ title, file }));
  expect(await page.locator('#panel-lessons ol button').allInnerTexts()).toEqual(lessons.map(({ title }) => title));
  for (const { title = '', file } of lessons) {
    await page.getByRole('button', { name: title, exact: true }).click();
    await page.locator('.lesson p').first().waitFor();
    const pictures = (await readFile(folder + file, 'utf8')).match(/!\[/g)?.length ?? 0;
    expect(await page.locator('.lesson img').count(), title).toBe(pictures);
    const widths = () =>
      page.locator('.lesson img').evaluateAll((all) => all.map((one) => Reflect.get(one, 'naturalWidth')));
    await expect.poll(async () => (await widths()).every((width) => width > 0)).toBe(true);
    await page.getByRole('button', { name: 'All lessons' }).click();
  }
  await page.getByRole('button', { name: 'Sessions', exact: true }).click();
  await page.locator('.lesson a').first().click();
  await page.getByRole('heading', { name: 'What a virtqueue is' }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('without WebAssembly SIMD the page says so and what to do', async () => {
  const context = await browser.newContext();
  await context.addInitScript('WebAssembly.validate = () => false;');
  const page = await context.newPage();
  await page.goto(server.url);
  await page.getByRole('alert').filter({ hasText: 'SIMD' }).waitFor();
  expect(await page.getByRole('button', { name: 'Start' }).isDisabled()).toBe(true);
  await context.close();
});

test('without the guest’s files the page says how to make them', async () => {
  // What goes through a service worker passes by what a test puts in the page's way.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.route('**/guest/manifest.json', (route) => route.fulfill({ status: 404 }));
  await page.goto(server.url);
  await page.getByRole('alert').filter({ hasText: 'npm run web' }).waitFor();
  await context.close();
});

test('the page’s own JavaScript is at most 350 KiB gzipped', async () => {
  const folder = fileURLToPath(new URL('../../build/web/assets/', import.meta.url));
  const own = (await readdir(folder)).filter((name) => name.endsWith('.js') && !name.startsWith('v86'));
  const sizes = await Promise.all(own.map(async (name) => gzipSync(await readFile(folder + name)).length));
  expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(350 * 1024);
});
