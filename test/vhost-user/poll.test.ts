import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** As it is built: npm test and .ci/run build it first. */
const KOFFI = new URL('../../dist/src/vhost-user/koffi.js', import.meta.url).href;
/** A process of its own, in which nothing happens but two timers, and an event at a socket between them. */
const PROGRAM = `
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSystem } from '${KOFFI}';
const system = await loadSystem();
const folder = mkdtempSync(join(tmpdir(), 'poll-'));
const listener = system.listen(join(folder, 's'));
const passed = [];
let stop;
const handled = new Promise((resolve) => {
  stop = system.poll(listener, () => {
    system.accept(listener);
    passed.push('the handler');
    resolve();
  });
});
void handled.then(() => passed.push('the promise'));
setTimeout(() => system.connect(join(folder, 's')), 50);
setTimeout(() => {
  passed.push('a timer');
  stop();
  rmSync(folder, { recursive: true });
  console.log(passed.join(', '));
  process.exit();
}, 500);
`;

test('what waits for a handler of an event goes on at once, although nothing else happens', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROGRAM]);
  expect(stdout).toBe('the handler, the promise, a timer\n');
});
