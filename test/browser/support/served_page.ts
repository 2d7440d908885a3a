import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';
import { expect } from 'vitest';
import { PATIENCE } from '../../support/patience.ts';

export { launchChromium as launchBrowser } from '../../../src/cli/bench/browser/chromium.ts';

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

const BOOT_MS = 300_000;
/** On a machine that has much else to do. */
const EXPERIMENT_MS = 500_000;

/** The built page, served as `vite preview` does it: with the headers of cross-origin isolation. */
export async function servePage(): Promise<{ url: string; close(): Promise<void> }> {
  const server: PreviewServer = await preview({
    configFile: path('web/vite.config.ts'),
    logLevel: 'error',
    preview: { host: '127.0.0.1', port: 0 },
  });
  return { url: `http://127.0.0.1:${portOf(server.httpServer)}/`, close: () => server.close() };
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * The built page on a host that knows nothing of it: in some folder, with no headers but these.
 * @param prelude a script that runs in the machine's worker before its own
 * @param servicePrelude the same for the service worker
 * @param guest the folder whose folder guest/ has the guest's files
 */
export async function servePlainly(
  own: Record<string, string> = {},
  prelude = '',
  servicePrelude = '',
  guest = 'build/web',
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async ({ url = '' }, response) => {
    const file = normalize(url.replace(/^\/some\/folder\//, '').replace(/^$/, 'index.html'));
    try {
      const content = await readFile(join(path(file.startsWith('guest/') ? guest : 'build/web'), file));
      const isMachine = /^assets\/worker-[\w-]+\.js$/.test(file);
      const before = isMachine ? prelude : file === 'service_worker.js' ? servicePrelude : '';
      response
        .writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', ...own })
        .end(Buffer.concat([Buffer.from(before), content]));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}/some/folder/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A browser keeps its connections for later.
        server.closeAllConnections();
      }),
  };
}

function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port;
}

/** Opens a page; what it complains of is added to `complaints`. */
export async function openPage(browser: Browser, url: string, complaints: string[], options = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  context.setDefaultTimeout(PATIENCE.timeout);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return page;
}

/** Waits until the machine runs; fails with what the page says when it does not. */
export async function untilRunning(page: Page): Promise<void> {
  const phase = page.getByTestId('phase');
  await phase.filter({ hasText: /running|failed/ }).waitFor({ timeout: BOOT_MS });
  if ((await phase.textContent()) !== 'running') throw new Error(await page.getByRole('alert').first().innerText());
}

/** Types a line into the guest's terminal. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.getByTestId('terminal').click();
  await page.keyboard.type(`${line}\n`);
}

/** Types a line and waits until the terminal shows `answer`. */
export async function typeCommand(page: Page, line: string, answer: string | RegExp): Promise<void> {
  await typeLine(page, line);
  await page.getByTestId('terminal').filter({ hasText: answer }).waitFor();
}

/**
 * Interrupts what the guest's shell runs, as often as it takes: a SIGINT that arrives just as a command of a loop ends reaches neither it
 * nor the shell, which then goes on with the loop.
 */
export async function interrupt(page: Page): Promise<void> {
  const terminal = page.getByTestId('terminal');
  await terminal.click();
  await expect
    .poll(
      async () => {
        await page.keyboard.press('Control+c');
        // As long as an answer may take until it is shown.
        await page.waitForTimeout(300);
        return terminal.innerText();
      },
      { interval: 500 },
    )
    .toMatch(/guest#\s*$/);
}

/** Runs an experiment to its end and gives its log. */
export async function runExperiment(page: Page, id: string): Promise<string> {
  const card = page.getByTestId(id);
  await card.getByRole('button', { name: 'Run' }).click();
  await card.locator('.verdict, .log .problem').waitFor({ timeout: EXPERIMENT_MS });
  return card.locator('.log').innerText();
}

/** Keeps a picture where CI finds it, in a folder that git ignores. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path(`build/screenshots/${name}.png`), fullPage: true });
}
