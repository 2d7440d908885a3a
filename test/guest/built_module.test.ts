// By night: Debian's driver with a planted bug, built as docs/lab.md says, and what the lab says of it.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { buildGuest } from '../../src/guest/index.ts';

const SCRIPT = fileURLToPath(new URL('../../examples/build_module.sh', import.meta.url));
/** As it is built: npm test and .ci/run build it first. */
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** The session of the encryption is closed twice, and that of the decryption never. */
const BUG = '/destroy_session->session_id/s/dec_sess/enc_sess/';

const folder = mkdtempSync(join(tmpdir(), 'built-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a driver that closes the wrong session: the section, the status, and the sessions that it leaves open', async () => {
  const { kernelVersion } = await buildGuest();
  const built = join(folder, 'kernel');
  await promisify(execFile)('sh', [SCRIPT, kernelVersion, built, BUG]);
  const args = ['lab', 'guest', '--modules', join(built, 'module'), '--scenario', 'guest-af-alg', '--ring', 'split'];
  const { status, stdout } = await new Promise<{ status: number; stdout: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args, '--timeout', '600', '--report', 'json'], (error, out) => {
      resolve({ status: error ? Number(error.code) : 0, stdout: out });
    });
  });
  expect(status).toBe(1);
  const [result] = JSON.parse(stdout).results;
  expect(result).toMatchObject({ outcome: 'completed', passed: false });
  expect(result.violations).toMatchObject([{ rule: 'request:destroy-session', section: '5.9.7.2.1', queue: 1 }]);
  expect(result.leaks.sessions).toBeGreaterThan(0);
});
