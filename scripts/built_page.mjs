// The built page in Chromium, /usr/bin/chromium unless CHROMIUM names another, for scripts that use it as a visitor does.
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const { CHROMIUM = '/usr/bin/chromium' } = process.env;

/** Serves the page, opens it and starts its machine; resolves when the kernel has tested its device. */
export async function openBuiltPage(viewport) {
  const server = await preview({
    configFile: fileURLToPath(new URL('../web/vite.config.ts', import.meta.url)),
    logLevel: 'error',
    preview: { host: '127.0.0.1', port: 0 },
  });
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  const page = await browser.newPage({ viewport });
  await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/`);
  const card = (id) => page.getByTestId(id);
  const terminal = page.getByTestId('terminal');
  /** Runs an experiment to its end. */
  const experiment = async (id) => {
    await card(id).getByRole('button', { name: 'Run' }).click();
    await card(id).locator('.verdict').waitFor({ timeout: 180_000 });
  };
  /** Types a line into the guest's terminal, and waits until `answer` stands there. */
  const type = async (line, answer) => {
    await terminal.click();
    await page.keyboard.type(`${line}\n`);
    await terminal.filter({ hasText: answer }).waitFor();
  };
  const close = async () => {
    await browser.close();
    await server.close();
  };
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByTestId('phase').filter({ hasText: 'running' }).waitFor({ timeout: 120_000 });
  await experiment('selftest');
  return { browser, page, card, terminal, experiment, type, close };
}
