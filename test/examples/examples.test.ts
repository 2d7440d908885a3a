import { execFile } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** What the examples encrypt: a block of zeros, with zeros for key and initialisation vector. */
const expected = createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16))
  .update(Buffer.alloc(16))
  .toString('hex');

// Each runs by itself, on the built library, as a reader would run it.
test.each([
  ['pci', 'messages: 0x42 -> 0xfee00000, 0x41 -> 0xfee00000, 0x42 -> 0xfee00000'],
  ['mmio', 'interrupts: 3'],
])('examples/%s.mjs plugs the device into an emulator, whose guest encrypts', async (name, interrupts) => {
  const path = fileURLToPath(new URL(`../../examples/${name}.mjs`, import.meta.url));
  const { stdout, stderr } = await run(process.execPath, [path]);
  expect(stdout.trim().split('\n')).toEqual([`ok: ${expected}`, interrupts]);
  expect(stderr).toBe('');
});

test('examples/wrong_driver.mjs has the two mistakes that docs/lab.md mends', async () => {
  const path = fileURLToPath(new URL('../../examples/wrong_driver.mjs', import.meta.url));
  const { stdout, stderr } = await run(process.execPath, [path]);
  expect(stderr).toBe('');
  const guide = await readFile(new URL('../../docs/lab.md', import.meta.url), 'utf8');
  for (const line of stdout.trim().split('\n')) expect(guide).toContain(`    ${line}\n`);
  expect(stdout.match(/^[0-9.]+ /gm)).toEqual(['3.1.1 ', '2.7.10.1 ']);
});
