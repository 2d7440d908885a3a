// Makes the pictures of the README and of docs/lessons from the running page: `npm run web:image`, `npm run web:build`, then
// `node scripts/page-pictures.mjs`.
import { fileURLToPath } from 'node:url';
import { openBuiltPage } from './built_page.mjs';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { page, card, experiment, type, close } = await openBuiltPage({ width: 1280, height: 860 });
const section = (title) => page.locator('section.card').filter({ has: page.getByRole('heading', { name: title }) });
const encrypt = (bytes) =>
  `head -c ${bytes} /dev/zero > d; echo -n 0123456789abcdef > k; kcapi-enc -e -q --nounpad -c virtio_crypto_aes_cbc ` +
  '--iv 000102030405060708090a0b0c0d0e0f --keyfd 3 -i d -o e 3< k; od -An -tx1 e | head -2';

await page.getByLabel('Requests in flight').selectOption('8');
// Twice: v86 and the browser translate what has run for a while.
await experiment('speed');
await experiment('speed');
await card('speed')
  .locator('figure')
  .screenshot({ path: path('docs/lessons/speed.png') });

await page.getByRole('tab', { name: 'Inspector' }).click();
await page.getByRole('button', { name: 'Pause on next request' }).click();
await type(encrypt(64), 'kcapi');
await page.getByTestId('waiting').filter({ hasText: '1' }).waitFor();
await section('Rings').screenshot({ path: path('docs/lessons/ring.png') });
await section('Sessions').screenshot({ path: path('docs/lessons/sessions.png') });
await page.getByRole('button', { name: 'Let all pass' }).click();
const row = page
  .getByTestId('requests')
  .getByRole('row')
  .filter({ hasText: /CIPHER_ENCRYPT.*aes-cbc64 B/ })
  .first();
await row.getByRole('button').click();
await page.getByTestId('request-detail').screenshot({ path: path('docs/lessons/request.png') });

// For the README: machine and chart side by side.
await page.getByRole('tab', { name: 'Experiments' }).click();
await type('clear; uname -rm; grep -B1 -A5 virtio_crypto_aes_cbc /proc/crypto', 'selftest');
await page.setViewportSize({ width: 1280, height: 1150 });
await page.evaluate(() => scrollTo(0, 0));
await page.screenshot({ path: path('docs/page.png') });

await close();
process.exit(0);
