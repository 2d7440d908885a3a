import { expect, test } from 'vitest';
import { keepPicture, runExperiment, untilRunning } from './support/served_page.ts';
import { page, sharePage } from './support/shared_page.ts';

// Debian's driver breaks one statement where a queue has two entries: its requests are chains of five descriptors in indirect tables.
sharePage();

test('the inspector shows what the driver broke: section, what was seen, and the decoded chain (2.7.5.3.1)', async () => {
  await page.getByText('How the device is built').click();
  await page.getByLabel('Queue size').selectOption('2');
  await page.getByRole('button', { name: 'Start' }).click();
  await untilRunning(page);
  await page.getByRole('tab', { name: 'Inspector' }).click();
  await page.getByText('The driver has broken no statement of the specification so far.').waitFor();
  await page.getByRole('tab', { name: 'Experiments' }).click();
  expect(await runExperiment(page, 'selftest')).toContain('selftest     : passed');
  await page.getByRole('tab', { name: 'Inspector' }).click();
  const [, ...rows] = await page.getByTestId('violations').getByRole('row').allInnerTexts();
  expect(rows).toHaveLength(1);
  expect(rows[0]).toContain('2.7.5.3.1');
  expect(rows[0]).toContain('The driver must not make a chain of more descriptors than the queue size.');
  await page.getByTestId('violations').getByRole('button', { name: 'queue 0' }).click();
  const detail = page.getByTestId('request-detail');
  const chain = detail.getByRole('table', { name: 'Descriptor chain' });
  expect(await chain.getByRole('row').count()).toBeGreaterThan(4);
  await detail.getByRole('rowheader', { name: 'opcode' }).waitFor();
  await keepPicture(page, 'violations');
});
