import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { keepPicture, openPage, runExperiment, typeCommand, untilRunning } from './support/served_page.ts';
import { browser, complaints, page, server, sharePage } from './support/shared_page.ts';

// The built page in Chromium, with Debian's kernel in it. The tests run in order on one machine.
sharePage();

test('the prepared state goes on at a shell that answers what is typed', async () => {
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  await typeCommand(page, 'echo $((6 * 7)) is the answer', '42 is the answer');
});

test('the guest is told the size of the terminal', async () => {
  await page.setViewportSize({ width: 1000, height: 900 });
  const columns = () =>
    page
      .locator('.xterm-rows > div')
      .first()
      .evaluate((row) => row.clientWidth);
  expect(await columns()).toBeGreaterThan(0);
  await expect.poll(() => sizeInGuest(page)).not.toBe('50 200');
  await page.setViewportSize({ width: 1400, height: 1000 });
});

async function sizeInGuest(of: Page): Promise<string | undefined> {
  await typeCommand(of, 'clear; echo size: $(stty size)', /size: \d+ \d+/);
  return /size: (\d+ \d+)/.exec(await of.getByTestId('terminal').innerText())?.[1];
}

test('the kernel’s self-test passes with a click', async () => {
  expect(await runExperiment(page, 'selftest')).toContain('selftest     : passed');
  expect(await page.getByTestId('selftest').locator('.verdict').innerText()).toContain('passed');
});

test('a pause stops the guest, and it goes on from there', async () => {
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByTestId('phase').filter({ hasText: 'paused' }).waitFor();
  await page.getByRole('button', { name: 'Go on' }).click();
  await untilRunning(page);
  await typeCommand(page, 'echo $((50 - 1)) after the pause', '49 after the pause');
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

test('a file that is no machine is refused with the reason', async () => {
  const fresh = await openPage(browser, server.url, complaints);
  await fresh
    .locator('input[type=file]')
    .first()
    .setInputFiles({
      name: 'other.state',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from('something else'),
    });
  await fresh.getByRole('alert').filter({ hasText: 'holds no machine' }).waitFor();
  await fresh.context().close();
});

test('another ring, other queues and features need no other page', async () => {
  await page.getByText('How the device is built').click();
  await page.getByRole('combobox', { name: /^Ring/ }).selectOption('packed');
  await page.getByLabel('Data queues').selectOption('2');
  await page.getByLabel('VIRTIO_F_EVENT_IDX').uncheck();
  await page.getByRole('button', { name: 'Apply and boot anew' }).click();
  await page.getByTestId('phase').filter({ hasText: 'starting' }).waitFor();
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
}, 180_000);

test('no worker is left when the machine is switched off', async () => {
  expect(page.workers().length).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Switch off' }).click();
  // A browser takes its time to end what sleeps.
  await expect.poll(() => page.workers().length, { timeout: 30_000 }).toBe(0);
});
