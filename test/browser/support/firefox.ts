import { existsSync } from 'node:fs';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { expect } from 'vitest';

/** Debian's, unless the environment names another. Playwright drives only a Firefox of its own; WebDriver BiDi drives any. */
const { FIREFOX = '/usr/bin/firefox-esr' } = process.env;
const LAUNCH_MS = 300_000;

/** Starts Firefox without a window. */
export async function launchFirefox(): Promise<Browser> {
  if (!existsSync(FIREFOX)) {
    throw new Error(
      `There is no Firefox at ${FIREFOX}: install it (on Debian, apt-get install firefox-esr), or name another in the environment variable FIREFOX.`,
    );
  }
  return launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, timeout: LAUNCH_MS });
}

/** Opens a page; what it complains of is added to `complaints`. */
export async function openInFirefox(browser: Browser, url: string, complaints: string[]): Promise<Page> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1400, height: 1000 });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return page;
}

/** Presses the button of this name, once it is there and can be pressed. */
export async function press(page: Page, name: string, within = 'body'): Promise<void> {
  const isThere = () =>
    page.evaluate(
      (scope, text) => {
        const buttons = [...(document.querySelector(scope)?.querySelectorAll('button') ?? [])];
        const button = buttons.find((one) => one.textContent?.trim() === text && !one.disabled);
        button?.scrollIntoView();
        button?.click();
        return button !== undefined;
      },
      within,
      name,
    );
  await expect.poll(isThere, { interval: 500 }).toBe(true);
}

/** The text of the first element of a selector; empty while there is none. */
export function textOf(page: Page, selector: string): Promise<string> {
  return page.evaluate((of) => document.querySelector(of)?.textContent ?? '', selector);
}

/** Waits until an element has this text. */
export async function untilText(page: Page, selector: string, text: RegExp): Promise<void> {
  await expect.poll(() => textOf(page, selector), { interval: 500 }).toMatch(text);
}

/** Waits until an element's attribute has this value. */
export async function untilAttribute(page: Page, selector: string, name: string, value: string): Promise<void> {
  const read = () =>
    page.evaluate((of, attribute) => document.querySelector(of)?.getAttribute(attribute), selector, name);
  await expect.poll(read, { interval: 100 }).toBe(value);
}

/** Runs an experiment to its end and gives its log. */
export async function experimentInFirefox(page: Page, id: string): Promise<string> {
  const log = `[data-testid=${id}] .log`;
  await press(page, 'Run', `[data-testid=${id}]`);
  await untilText(page, log, /[✔✘]/);
  return textOf(page, log);
}
