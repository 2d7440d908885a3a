import { describe, expect, test } from 'vitest';
import {
  interrupt,
  keepPicture,
  runExperiment,
  servePlainly,
  typeCommand,
  typeLine,
  untilRunning,
} from './support/served_page.ts';
import { browser, page, shareMachine } from './support/shared_page.ts';

shareMachine();

/** What software makes of the data, then the device's answer compared with it for as long as nobody stops it. */
const PREPARE =
  'head -c 262144 /dev/urandom > d; echo -n 0123456789abcdef > k; e() { kcapi-enc -e -q --nounpad -c "$1" ' +
  '--iv 000102030405060708090a0b0c0d0e0f --keyfd 3 -i d -o $2 3< k; }; e "cbc(aes-generic)" soft; echo pre"pared"';
const COMPARE =
  'clear; n=0; bad=0; while :; do e virtio_crypto_aes_cbc hard; cmp soft hard || bad=$((bad + 1)); n=$((n + 1)); echo "round $n"; done';

async function rounds(): Promise<number> {
  const shown = [...(await page.getByTestId('terminal').innerText()).matchAll(/round (\d+)/g)];
  return Number(shown.at(-1)?.[1] ?? 0);
}

test('a backend that is changed while the guest encrypts costs no request', async () => {
  await typeCommand(page, PREPARE, 'prepared');
  await typeLine(page, COMPARE);
  const backend = page.getByRole('combobox', { name: 'Backend' });
  for (const choice of ['workers', 'host', 'inline', 'auto', 'host', 'workers', 'auto']) {
    const before = await rounds();
    await backend.selectOption(choice);
    if (choice === 'workers') await page.getByRole('combobox', { name: 'Workers' }).selectOption('1');
    await expect.poll(rounds).toBeGreaterThan(before + 2);
  }
  await interrupt(page);
  await typeCommand(page, 'clear; echo $bad wrong', /\d+ wrong/);
  expect(await page.getByTestId('terminal').innerText()).toContain('0 wrong');
});

describe('the inspector says where requests run', () => {
  const figures = (name: string) =>
    page
      .getByTestId('places')
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name, exact: true }) })
      .getByRole('cell');
  const figure = async (name: string, column: number) => Number(await figures(name).nth(column).innerText());
  const workersShown = () => page.getByTestId('places').getByRole('rowheader', { name: /^worker \d/ });

  test('in all, and by request', async () => {
    await page.getByRole('tab', { name: 'Inspector' }).click();
    for (const name of ['inline', 'WebCrypto', 'workers', 'worker 1']) {
      expect(await figure(name, 0)).toBeGreaterThan(0);
      expect(await figure(name, 1)).toBeGreaterThan(0);
    }
    await page.getByRole('combobox', { name: 'Backend' }).selectOption('workers');
    await typeLine(page, 'clear; e virtio_crypto_aes_cbc hard; cmp soft hard && echo the sa"me"');
    await page.getByTestId('requests').getByRole('row').filter({ hasText: 'worker' }).first().waitFor();
    await page.getByTestId('terminal').filter({ hasText: 'the same' }).waitFor();
    await keepPicture(page, 'backends');
  });

  test('by worker, as fast as they are while the guest encrypts', async () => {
    await page.getByRole('combobox', { name: 'Workers' }).selectOption('2');
    await expect.poll(() => workersShown().count()).toBe(2);
    await typeLine(page, COMPARE);
    await expect.poll(() => figure('worker 2', 2)).toBeGreaterThan(0);
    await expect.poll(() => figure('worker 2', 3)).toBeGreaterThan(0);
    await interrupt(page);
    // Nothing more is under way: the workers together have done what all of them have.
    await expect.poll(() => figure('workers', 2)).toBe(0);
    expect((await figure('worker 1', 0)) + (await figure('worker 2', 0))).toBe(await figure('workers', 0));
    await page.getByRole('combobox', { name: 'Backend' }).selectOption('inline');
    await expect.poll(() => workersShown().count()).toBe(0);
    await page.getByTestId('costs').waitFor({ state: 'detached' });
  });

  test('and what they cost there, as auto learns it', async () => {
    await page.getByRole('combobox', { name: 'Backend' }).selectOption('auto');
    await typeLine(page, COMPARE);
    const row = page.getByTestId('costs').getByRole('row').filter({ hasText: 'aes-cbc-128' }).first();
    await row.waitFor();
    expect(Number(await row.getByRole('cell').nth(2).innerText())).toBeGreaterThan(0);
    await interrupt(page);
    await page.getByRole('combobox', { name: 'Backend' }).selectOption('inline');
  });
});

test('a page that is closed leaves no worker', async () => {
  const session = await browser.newBrowserCDPSession();
  const workers = async () => {
    const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'worker' }] });
    return targetInfos.length;
  };
  // A browser takes its time to end what sleeps.
  await page.getByRole('combobox', { name: 'Backend' }).selectOption('workers');
  await page.getByRole('combobox', { name: 'Workers' }).selectOption('4');
  await expect.poll(workers).toBeGreaterThanOrEqual(5);
  await page.context().close();
  await expect.poll(workers).toBe(0);
});

test('without shared memory the page says what is missing, and requests run inline', async () => {
  const plain = await servePlainly();
  const context = await browser.newContext();
  await context.addInitScript(
    'ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error("refused"));',
  );
  const bare = await context.newPage();
  await bare.goto(plain.url);
  await bare.getByText('not cross-origin isolated').waitFor();
  await bare.getByRole('combobox', { name: 'Backend' }).selectOption('workers');
  await bare.getByRole('button', { name: 'Start' }).click();
  await untilRunning(bare);
  await bare.getByText('There is no SharedArrayBuffer').waitFor();
  await runExperiment(bare, 'selftest');
  await context.close();
  await plain.close();
});
