import { describe, expect, test } from 'vitest';
import { keepPicture, openPage, runExperiment, typeCommand, typeLine } from './support/served_page.ts';
import { browser, complaints, page, server, shareMachine } from './support/shared_page.ts';

shareMachine();

describe('the experiments', () => {
  test('the chart has a speed of software, and one of the device', async () => {
    await page.getByLabel('Requests in flight').selectOption('8');
    await runExperiment(page, 'speed');
    const row = page
      .getByTestId('speed-table')
      .getByRole('row')
      .filter({ hasText: /^4 KiB/ });
    const [software = 0, device = 0] = (await row.getByRole('cell').allInnerTexts()).map(Number);
    expect(software).toBeGreaterThan(0);
    expect(device).toBeGreaterThan(0);
    await keepPicture(page, 'experiments');
  });

  test('what the device writes to a LUKS volume is read back without it', async () => {
    const log = await runExperiment(page, 'luks');
    expect(log).toContain('What the device wrote, software reads.');
    // What comes next finds the driver as it was.
    expect(log.trimEnd()).toMatch(/insmod \/lib\/modules\/virtio_crypto.ko\s+✔/);
  });

  test.each([
    ['session', 'VIRTIO_CRYPTO_INVSESS'],
    ['iv', 'VIRTIO_CRYPTO_ERR'],
    ['length', 'VIRTIO_CRYPTO_ERR'],
    ['opcode', 'VIRTIO_CRYPTO_NOTSUPP'],
  ])('a request with another %s is answered with %s', async (field, status) => {
    await page.getByLabel('Field').selectOption(field);
    expect(await runExperiment(page, 'tamper')).toContain(status);
  });
});

describe('the inspector', () => {
  const KEY = '30313233343536373839616263646566';
  const IV = '000102030405060708090a0b0c0d0e0f';
  const spaced = (text: string) => text.replace(/..(?!$)/g, '$& ');
  /** Encrypts sixteen bytes of 'A' in the guest. */
  const encrypt =
    `echo -n AAAAAAAAAAAAAAAA > d; echo -n 0123456789abcdef > k; kcapi-enc -e -q --nounpad -c virtio_crypto_aes_cbc ` +
    `--iv ${IV} --keyfd 3 -i d -o e 3< k; od -An -tx1 e; echo do''ne`;

  test('shows the fields of a request as the guest sent them, and what it got', async () => {
    await page.getByRole('tab', { name: 'Inspector' }).click();
    await page.getByTestId('ring-facts').waitFor();
    await typeCommand(page, `clear; ${encrypt}`, 'done');
    const row = page
      .getByTestId('requests')
      .getByRole('row')
      .filter({ hasText: /CIPHER_ENCRYPT.*aes-cbc16 B/ })
      .first();
    await row.getByRole('button').click();
    const detail = page.getByTestId('request-detail');
    const bytesOf = (field: string) =>
      detail
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: field, exact: true }) })
        .getByRole('cell')
        .nth(1)
        .innerText();
    expect(await bytesOf('iv')).toBe(spaced(IV));
    expect(await bytesOf('src_data')).toBe(spaced('41'.repeat(16)));
    const shown = (await page.getByTestId('terminal').innerText()).replace(/\s+/g, ' ');
    expect(shown).toContain(await bytesOf('dst_data'));
    expect(await bytesOf('status')).toBe('00');
    await keepPicture(page, 'inspector');
  });

  test('hides keys until they are asked for', async () => {
    const row = page.getByTestId('requests').getByRole('row').filter({ hasText: 'CIPHER_CREATE_SESSION' }).first();
    await row.getByRole('button').click();
    const detail = page.getByTestId('request-detail');
    expect(await detail.innerText()).not.toContain(spaced(KEY));
    await detail.getByLabel('Show the key').check();
    expect(await detail.innerText()).toContain(spaced(KEY));
  });

  test('holds the next request in its ring, and lets one through at a time', async () => {
    const waiting = page.getByTestId('waiting');
    await page.getByRole('button', { name: 'Pause on next request' }).click();
    await typeLine(
      page,
      'clear; head -c 131072 /dev/zero > d; kcapi-enc -e -q --nounpad -c virtio_crypto_aes_cbc --iv 00000000000000000000000000000000 --keyfd 3 -i d -o e 3< k; echo all do"ne"',
    );
    await expect.poll(() => waiting.innerText()).toBe('1');
    const used = page.getByTestId('used-idx');
    const before = Number(await used.innerText());
    await keepPicture(page, 'held');
    const status = page.getByTestId('hold-status');
    await status.filter({ hasText: 'A request waits in dataq1' }).waitFor();
    // What the device has not looked at is decoded, and has no answer.
    const fields = page.getByTestId('waiting-requests');
    await fields.getByRole('row').filter({ hasText: 'src_data' }).filter({ hasText: '00 00 00 00' }).first().waitFor();
    expect(await fields.innerText()).toContain('CIPHER_ENCRYPT');
    expect(await fields.innerText()).not.toContain('What the device wrote');
    await page.getByRole('button', { name: 'Step one request' }).click();
    await expect.poll(async () => Number(await used.innerText())).toBe(before + 1);
    await status.filter({ hasText: 'One request of dataq1 was answered. A request waits' }).waitFor();
    await page.getByRole('button', { name: 'Let all pass' }).click();
    await page.getByTestId('terminal').filter({ hasText: 'all done' }).waitFor();
    await fields.waitFor({ state: 'detached' });
    expect(await status.innerText()).toBe('Requests pass freely.');
  });

  test('without a driver says how to load it, and that works', async () => {
    await typeCommand(page, 'clear; rmmod virtio_crypto; echo un"loaded"', 'unloaded');
    await page.getByText('has not loaded the device’s driver').waitFor();
    await page.getByRole('button', { name: 'Load the driver' }).click();
    await page.getByText('has not loaded the device’s driver').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Encrypt 4 KiB' }).click();
    await page.getByTestId('requests').getByRole('row').filter({ hasText: '4 KiB' }).first().waitFor();
  });

  test('lists the sessions that are open', async () => {
    await page.getByRole('button', { name: 'Pause on next request' }).click();
    await typeLine(page, `clear; ${encrypt}`);
    await page
      .getByRole('button', { name: /Show the key of session/ })
      .first()
      .click();
    await page.getByText(KEY).first().waitFor();
    await page.getByRole('button', { name: 'Let all pass' }).click();
    await page.getByTestId('terminal').filter({ hasText: 'done' }).waitFor();
  });
});

describe('a trace', () => {
  test('is recorded, saved in both forms, and opened again without a machine', async () => {
    await page.getByRole('tab', { name: 'Trace' }).click();
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    await page.getByText('Recording…').waitFor();
    await typeCommand(
      page,
      'clear; kcapi-enc -e -q --nounpad -c virtio_crypto_aes_cbc --iv 00000000000000000000000000000000 --keyfd 3 -i d -o e 3< k; echo re"corded"',
      'recorded',
    );
    await page.getByRole('button', { name: 'Stop recording' }).click();
    const save = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return { name: download.suggestedFilename(), path: await download.path() };
    };
    const chrome = await save('Save for Chrome or Perfetto');
    expect(chrome.name).toMatch(/\.json$/);
    const lines = await save('Save as JSON lines');
    const fresh = await openPage(browser, server.url, complaints);
    await fresh.getByRole('tab', { name: 'Trace' }).click();
    await fresh.locator('input[accept=".jsonl"]').setInputFiles(lines.path);
    await fresh
      .getByTestId('panel-trace')
      .or(fresh.locator('#panel-trace'))
      .getByText('CIPHER_ENCRYPT')
      .first()
      .waitFor();
    expect(fresh.workers()).toHaveLength(0);
    await keepPicture(fresh, 'trace');
    await fresh.context().close();
  });
});
