import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import headers from '../../web/headers.json' with { type: 'json' };
import {
  keepPicture,
  openPage,
  runExperiment,
  servePage,
  servePlainly,
  typeCommand,
  untilRunning,
} from './support/served_page.ts';
import { browser, complaints, page, sharePage } from './support/shared_page.ts';

// The built page in Chromium, with a guest that has OpenSSL over the device. This guest is in a folder of its own, because the other suites
// use the plain one. The tests run in order on one machine.
const GUEST = 'build/web-tls';
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

sharePage(async () => {
  const script = path('scripts/web-guest.mjs');
  await promisify(execFile)(process.execPath, [script, '--booted', '--tls', '--to', path(GUEST)]);
  return servePlainly(headers, '', '', GUEST);
});

const card = () => page.getByTestId('tls');
const runButton = () => card().getByRole('button', { name: 'Run' });
const DEVICE = '/sys/bus/pci/devices/0000:00:0d.0';

test('the lists of files say which guest has OpenSSL', async () => {
  const manifest = async (folder: string) => JSON.parse(await readFile(path(`${folder}/guest/manifest.json`), 'utf8'));
  expect((await manifest(GUEST)).tls).toBe(true);
  expect((await manifest('build/web')).tls).toBe(false);
});

test('a page whose guest has none says how to get it, and has nothing to run', async () => {
  const plain = await servePage();
  const other = await openPage(browser, plain.url, complaints);
  await other.getByTestId('tls').filter({ hasText: 'npm run web -- --tls' }).waitFor();
  expect(await other.getByTestId('tls').getByRole('button').count()).toBe(0);
  await other.context().close();
  await plain.close();
});

test('records and a transfer have a speed by software, and one by the device', async () => {
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  const log = await runExperiment(page, 'tls');
  expect(log).toContain('aes-128-gcm: passed');
  expect(log).toMatch(/✔ Records of 16 KiB: software [\d.]+ MB\/s, device [\d.]+ MB\/s/);
  const speeds = async (label: RegExp) => {
    const row = page.getByTestId('tls-table').getByRole('row').filter({ hasText: label });
    const [software = 0, device = 0] = (await row.getByRole('cell').allInnerTexts()).map(Number);
    return { software, device };
  };
  for (const label of [/^16 KiB/, /^transfer of 2 MiB/]) {
    const { software, device } = await speeds(label);
    expect(software).toBeGreaterThan(0);
    expect(device).toBeGreaterThan(0);
  }
  await keepPicture(page, 'tls');
});

test('the inspector shows the records of the transfer, with the header of TLS as additional data', async () => {
  await page.getByRole('tab', { name: 'Inspector' }).click();
  const row = page
    .getByTestId('requests')
    .getByRole('row')
    .filter({ hasText: /AEAD_ENCRYPT.*gcm.*8 KiB.*OK/ })
    .first();
  await row.getByRole('button').click();
  const field = page
    .getByTestId('request-detail')
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: 'aad', exact: true }) });
  // Application data (23), the version of TLS 1.2 (RFC 8446, 5.2), and 8192 + 17 bytes: the text that s_client
  // reads at once, its type and the tag.
  expect(await field.getByRole('cell').nth(1).innerText()).toBe('17 03 03 20 11');
  await keepPicture(page, 'tls-inspector');
  await page.getByRole('tab', { name: 'Experiments' }).click();
});

test('the kernel’s driver has the device back afterwards', async () => {
  expect(await runExperiment(page, 'selftest')).toContain('selftest     : passed');
});

test('while a program uses the kernel’s driver, the page says to end it', async () => {
  const bind =
    'socket(S, 38, 5, 0); bind(S, pack("Sa14LLa64", 38, "skcipher", 0, 0, "cbc(aes)")) or die; print "bo", "und\\n"; sleep 999';
  await typeCommand(page, `clear; perl -e '$| = 1; ${bind}' & `, /bound/);
  expect(await runExperiment(page, 'tls')).toContain(
    '✘ A program of the guest uses the kernel’s driver: end the program',
  );
  await typeCommand(page, 'clear; kill $!; wait; echo en"ded"', /ended/);
});

test('without a device the page says so, and works again when it is back', async () => {
  await typeCommand(page, `clear; echo 1 > ${DEVICE}/remove; echo re"moved"`, /removed/);
  expect(await runExperiment(page, 'tls')).toContain(
    '✘ OpenSSL cannot use the device: there is no virtio crypto device (1af4:1054) on the PCI bus. Reset the machine',
  );
  await typeCommand(page, 'clear; echo 1 > /sys/bus/pci/rescan; echo sc"anned"', /scanned/);
});

test('a device that goes in the middle gives no figures of the device', async () => {
  await runButton().click();
  await card().locator('.log').filter({ hasText: 'evp-check speed AES-128-GCM 64' }).waitFor();
  await typeCommand(page, `clear; echo 1 > ${DEVICE}/remove; echo re"moved"`, /removed/);
  const problem = card().locator('.log .problem');
  await problem.waitFor();
  expect(await problem.innerText()).toContain(
    'OpenSSL lost the device: there is no virtio crypto device (1af4:1054) on the PCI bus. Reset the machine',
  );
  expect(
    await page
      .getByTestId('tls-table')
      .getByRole('row')
      .filter({ hasText: /^16 KiB/ })
      .innerText(),
  ).toContain('–');
  await typeCommand(page, 'clear; echo 1 > /sys/bus/pci/rescan; echo sc"anned"', /scanned/);
});

test('a reset in the middle ends the experiment, and the page says to run it again', async () => {
  await runButton().click();
  await card().locator('.log').filter({ hasText: 'aes-128-gcm: passed' }).waitFor();
  await page.getByRole('button', { name: 'Reset', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  const problem = card().locator('.log .problem');
  await problem.waitFor();
  expect(await problem.innerText()).toContain(
    'The machine was stopped. Start the machine, or reset it, and run the experiment again.',
  );
  expect(await runButton().innerText()).toBe('Run');
});

test('a machine that was restored from a file of the plain guest says what it lacks', async () => {
  await page.locator('input[type=file]').first().setInputFiles(path('build/web/guest/booted.state'));
  await untilRunning(page);
  expect(await runExperiment(page, 'tls')).toContain(
    '✘ This machine has no OpenSSL over the device, because it was restored from a file of another guest',
  );
});
