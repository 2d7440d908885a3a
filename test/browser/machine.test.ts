import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { packState } from '../../src/machine/state_file.ts';
import { v86State } from '../support/v86_state.ts';
import { keepPicture, openPage, runExperiment, typeCommand, typeLine, untilRunning } from './support/served_page.ts';
import { browser, complaints, page, server, sharePage } from './support/shared_page.ts';

// The built page in Chromium, with Debian's kernel in it. The tests run in order on one machine.
sharePage();

const CONFIG = { memoryMiB: 128, dataQueues: 1, queueSize: 1024, features: {} };

test('the prepared state goes on at a shell that answers what is typed', async () => {
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  await typeCommand(page, 'echo $((6 * 7)) is the answer', '42 is the answer');
});

test('the guest is told the size of the terminal', async () => {
  // A serial line has 50 rows of 200 columns, until the page has told the guest what the terminal has.
  await expect.poll(() => sizeInGuest(page)).not.toBe('50 200');
  const before = await sizeInGuest(page);
  await page.setViewportSize({ width: 1000, height: 900 });
  const columns = () =>
    page
      .locator('.xterm-rows > div')
      .first()
      .evaluate((row) => row.clientWidth);
  expect(await columns()).toBeGreaterThan(0);
  await expect.poll(() => sizeInGuest(page)).not.toBe(before);
  // A line that is longer than the terminal goes on in the next row, and all of it is to be seen.
  const [rows = 0, cols = 0] = (await sizeInGuest(page)).split(' ').map(Number);
  const digits = '1234567890'.repeat(Math.ceil(cols / 10) + 1).slice(0, cols + 5);
  await typeCommand(page, `clear; echo ${digits}; echo wr"apped"`, 'wrapped');
  const lines = await page.locator('.xterm-rows > div').allInnerTexts();
  expect(lines).toHaveLength(rows);
  const at = lines.findIndex((line) => line.trimEnd() === digits.slice(0, cols));
  expect(at).toBeGreaterThanOrEqual(0);
  expect(lines[at + 1]?.trimEnd()).toBe(digits.slice(cols));
  const box = async (selector: string) => (await page.locator(selector).first().boundingBox()) ?? expect.unreachable();
  const [frame, screen] = [await box('[data-testid=terminal]'), await box('.xterm-screen')];
  expect(screen.y + screen.height).toBeLessThanOrEqual(frame.y + frame.height);
  expect(screen.x + screen.width).toBeLessThanOrEqual(frame.x + frame.width);
  await keepPicture(page, 'terminal');
  await page.setViewportSize({ width: 1400, height: 1000 });
});

let asked = 0;

/** Rows and columns of the guest's serial line. Each answer has a number, because the terminal may still show the one before. */
async function sizeInGuest(of: Page): Promise<string> {
  const mark = `size ${++asked}:`;
  await typeCommand(of, `clear; echo ${mark} $(stty size)`, new RegExp(`${mark} \\d+ \\d+`));
  const size = new RegExp(`${mark} (\\d+ \\d+)`).exec(await of.getByTestId('terminal').innerText())?.[1];
  return size ?? expect.unreachable();
}

test('the kernel’s self-test passes with a click', async () => {
  expect(await runExperiment(page, 'selftest')).toContain('selftest     : passed');
  expect(await page.getByTestId('selftest').locator('.verdict').innerText()).toContain('passed');
});

test('a pause stops the guest, and it goes on from there', async () => {
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByTestId('phase').filter({ hasText: 'paused' }).waitFor();
  // What is typed waits in the serial line: a guest that ran would answer within this time.
  await typeLine(page, 'echo $((50 - 1)) after the pause');
  await page.waitForTimeout(2_000);
  const terminal = page.getByTestId('terminal');
  expect(await terminal.innerText()).not.toContain('after the pause');
  await page.getByRole('button', { name: 'Go on' }).click();
  await untilRunning(page);
  await terminal.filter({ hasText: '49 after the pause' }).waitFor();
});

test('a saved machine goes on in a fresh page, with its device', async () => {
  await typeCommand(page, 'echo kept in the guest > /root/mark; cat /root/mark', /kept in the guest\s/);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save', exact: true }).click(),
  ]);
  const saved = await readFile(await download.path());
  const fresh = await openPage(browser, server.url, complaints);
  await fresh.locator('input[type=file]').first().setInputFiles({
    name: download.suggestedFilename(),
    mimeType: 'application/octet-stream',
    buffer: saved,
  });
  await untilRunning(fresh);
  await typeCommand(fresh, 'cat /root/mark', 'kept in the guest');
  await typeCommand(fresh, 'grep -c virtio_crypto_aes_cbc /proc/crypto', /^1\s/m);
  expect(await runExperiment(fresh, 'tamper')).toContain('INVSESS');
  await fresh.context().close();
});

describe('what ran goes on', () => {
  const restore = (buffer: Buffer) =>
    page.locator('input[type=file]').first().setInputFiles({
      name: 'some.state',
      mimeType: 'application/octet-stream',
      buffer,
    });
  const dialog = () => page.getByRole('dialog');
  const answers = async (mark: string) => {
    await untilRunning(page);
    await typeCommand(
      page,
      `clear; cat /root/mark; echo still "${mark}"`,
      new RegExp(`kept in the guest\\s+still ${mark}`),
    );
  };

  beforeAll(() => typeCommand(page, 'echo kept in the guest > /root/mark; cat /root/mark', /kept in the guest\s/));

  test('when a file to restore is no machine', async () => {
    await restore(Buffer.from('something else'));
    await page.getByRole('alert').filter({ hasText: 'holds no machine' }).waitFor();
    await answers('one');
  });

  test('when the visitor, asked about the work in it, keeps it', async () => {
    for (const press of ['Switch off', 'Reset']) {
      await page.getByRole('button', { name: press }).click();
      await dialog().getByText(`${press}: what was done in the machine is lost`).waitFor();
      await page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'hidden' });
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(press);
    }
    await restore(Buffer.from(await packState(CONFIG, v86State(128))));
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await answers('two');
  });

  test('when v86 cannot go on from a file that looks like a machine', async () => {
    await restore(Buffer.from(await packState(CONFIG, v86State(128))));
    await dialog().getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('alert').filter({ hasText: 'The machine that ran goes on.' }).waitFor();
    await answers('three');
  });
});

test('another ring, other queues and features need no other page', async () => {
  await page.getByText('How the device is built').click();
  await page.getByRole('combobox', { name: /^Ring/ }).selectOption('packed');
  await page.getByLabel('Data queues').selectOption('2');
  await page.getByLabel('VIRTIO_F_EVENT_IDX').uncheck();
  await page.getByRole('button', { name: 'Apply and boot anew' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Boot anew' }).click();
  await page.getByTestId('phase').filter({ hasText: 'starting' }).waitFor();
  // Long before the shell, the kernel says what it does.
  await page
    .getByTestId('terminal')
    .filter({ hasText: /Linux is starting….*Linux version/s })
    .waitFor();
  expect(await page.getByTestId('phase').innerText()).toBe('starting');
  await keepPicture(page, 'starting');
  await untilRunning(page);
  await runExperiment(page, 'selftest');
  await page.getByRole('tab', { name: 'Inspector' }).click();
  await page.getByTestId('ring-facts').filter({ hasText: 'packed ring' }).waitFor();
  const features = await page.locator('.inspector .facts').first().innerText();
  expect(features).toContain('RING_PACKED');
  expect(features).not.toContain('EVENT_IDX');
  expect(await page.locator('#panel-inspector select option').allInnerTexts()).toEqual([
    'dataq1',
    'dataq2',
    'controlq',
  ]);
});

test('no worker is left when the machine is switched off', async () => {
  expect(page.workers().length).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  // A browser takes its time to end what sleeps.
  await expect.poll(() => page.workers().length).toBe(0);
});
