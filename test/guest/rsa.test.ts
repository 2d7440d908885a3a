import * as crypto from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVICE_AKCIPHER } from '../../spec/crypto.ts';
import type { Machine } from '../../src/cli/machine.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { MODULE_FOLDER } from '../../src/guest/init.ts';
import { KEYRING_PROGRAM, PKCS8_MODULE } from '../../src/guest/keyring.ts';
import { selftestOf } from '../../src/guest/proc-crypto.ts';
import { loadDriver, waitForSelftest } from '../../src/guest/selftest.ts';
import { bootedMachine } from './booted.ts';

// Debian's kernel, its driver's RSA and its keyrings, on v86. The tests run in order on one machine.
let machine: Machine;
const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const MESSAGE = Buffer.from('a message of the guest');

const run = (command: string) => machine.console.run(command);

async function send(path: string, bytes: Uint8Array): Promise<void> {
  await run(`: > ${path}.b64`);
  for (const line of Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,640}/g) ?? []) {
    await run(`echo ${line} >> ${path}.b64`);
  }
  await run(`base64 -d ${path}.b64 > ${path}`);
}

async function receive(path: string): Promise<Buffer> {
  const { output } = await run(`base64 ${path}`);
  return Buffer.from(output.replaceAll(/\s/g, ''), 'base64');
}

/** Requests of the AKCIPHER service that the device has answered. */
const requests = (): number => machine.device.statistics().services.akcipher.requests;

/** Runs an operation in the guest's keyring. Fails if the device had no part in it. */
async function pkey(operation: string, info: string, input: Uint8Array): Promise<Buffer> {
  await send('/tmp/in', input);
  const before = requests();
  expect(await run(`/tmp/pkey ${operation} '${info}' /tmp/in /tmp/out`)).toMatchObject({ status: 0 });
  expect(requests()).toBeGreaterThan(before);
  return receive('/tmp/out');
}

beforeAll(async () => {
  machine = await bootedMachine(await buildGuest());
  await loadDriver(machine.console);
}, 600_000);

afterAll(async () => {
  await machine?.stop();
});

describe("RSA of a stock Linux guest, by the device's driver", () => {
  test("passes the kernel's own self-test", async () => {
    expect(await waitForSelftest(machine.console)).toBe('passed');
    const verdict = async () => selftestOf((await run('cat /proc/crypto')).output, 'virtio-crypto-rsa');
    await expect.poll(verdict, { interval: 500 }).toBe('passed');
    expect((await run("dmesg | grep 'alg: .*rsa.*failed'")).output).toBe('');
    expect(requests()).toBeGreaterThan(0);
    expect(machine.device.config.byte(8) >> SERVICE_AKCIPHER).toBe(1);
  });

  test.each(['sha1', 'sha256', 'sha512'])(
    'signs in the keyring as node:crypto does, with %s, and verifies',
    async (hash) => {
      await run(`insmod ${MODULE_FOLDER}/${PKCS8_MODULE}.ko`);
      await send('/tmp/pkey', Buffer.from(KEYRING_PROGRAM));
      await run('chmod +x /tmp/pkey');
      await send('/tmp/key', privateKey.export({ type: 'pkcs8', format: 'der' }));
      const digest = crypto.createHash(hash).update(MESSAGE).digest();
      const info = `enc=pkcs1 hash=${hash}`;
      const signature = crypto.sign(hash, MESSAGE, privateKey);
      expect(await pkey('sign', info, digest)).toEqual(signature);
      const before = requests();
      await send('/tmp/signature', signature);
      expect((await run(`/tmp/pkey verify '${info}' /tmp/in /tmp/signature`)).status).toBe(0);
      signature[100] = (signature[100] ?? 0) ^ 1;
      await send('/tmp/signature', signature);
      expect((await run(`/tmp/pkey verify '${info}' /tmp/in /tmp/signature`)).status).not.toBe(0);
      expect(requests()).toBe(before + 2);
    },
  );

  test('encrypts what the host decrypts, and decrypts what the host encrypts', async () => {
    const encrypted = await pkey('encrypt', 'enc=pkcs1', MESSAGE);
    const block = crypto.privateDecrypt({ key: privateKey, padding: crypto.constants.RSA_NO_PADDING }, encrypted);
    expect([...block.subarray(0, 2)]).toEqual([0, 2]);
    expect(block.subarray(-MESSAGE.length - 1)).toEqual(Buffer.concat([Buffer.alloc(1), MESSAGE]));
    const padding = crypto.constants.RSA_PKCS1_PADDING;
    const theirs = crypto.publicEncrypt({ key: publicKey, padding }, MESSAGE);
    expect(await pkey('decrypt', 'enc=pkcs1', theirs)).toEqual(MESSAGE);
  });

  test('closes its sessions, and leaves the device in order', async () => {
    await expect.poll(() => machine.device.sessionCount).toBe(0);
    expect(machine.device.fault).toBeUndefined();
  });
});
