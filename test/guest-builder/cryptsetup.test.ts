import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { cryptsetupRows, cryptsetupTable } from '../../src/cli/demo/speed.ts';
import { CRYPTSETUP_COMMAND, CRYPTSETUP_RUNS, measureCryptsetup, parseCryptsetup } from '../../src/guest/cryptsetup.ts';
import { DEVICE_DRIVER, GuestMeasureError, SOFTWARE_DRIVER } from '../../src/guest/measure.ts';
import { preferredDriver, selftestOf } from '../../src/guest/proc-crypto.ts';

/** What a guest on v86 printed: Linux 6.1.176 with virtio_crypto loaded, cryptsetup 2.6.1. */
const captured = (name: string): string => readFileSync(join(import.meta.dirname, 'captured', name), 'utf8');
const WITH_DEVICE = captured('proc-crypto.txt');
/** The same kernel before virtio_crypto was loaded. */
const WITHOUT_DEVICE = WITH_DEVICE.split(/\n\n/)
  .filter((entry) => !entry.includes(DEVICE_DRIVER))
  .join('\n\n');

const line = (encrypt: string, decrypt: string): string =>
  captured('cryptsetup.txt').replace(/ +\S+ MiB\/s +\S+ MiB\/s/, `  ${encrypt}  ${decrypt}`);

test("cryptsetup's line: MiB a second, encryption before decryption", () => {
  expect(parseCryptsetup(captured('cryptsetup.txt'))).toEqual({ encryptMiBps: 85.2, decryptMiBps: 108.4 });
});

test('what cryptsetup could not measure is no figure', () => {
  expect(parseCryptsetup(line('N/A', 'N/A'))).toBeUndefined();
  expect(parseCryptsetup(line('0.0 MiB/s', '8.6 MiB/s'))).toBeUndefined();
  expect(parseCryptsetup('Cipher aes-cbc (with 256 bits key) is not available.\n')).toBeUndefined();
  expect(parseCryptsetup('')).toBeUndefined();
});

test('the kernel prefers the driver of the highest priority', () => {
  expect(preferredDriver(WITH_DEVICE, 'cbc(aes)')).toBe(DEVICE_DRIVER);
  expect(preferredDriver(WITHOUT_DEVICE, 'cbc(aes)')).toBe(SOFTWARE_DRIVER);
  expect(preferredDriver(WITH_DEVICE, 'cbc(des)')).toBeUndefined();
});

test('a driver whose self-test has not passed is given to nobody', () => {
  const untested = WITH_DEVICE.replace(
    /(driver {7}: virtio_crypto_aes_cbc\n[\s\S]*?selftest {5}: )passed/,
    '$1unknown',
  );
  expect(selftestOf(untested, DEVICE_DRIVER)).toBe('unknown');
  expect(preferredDriver(untested, 'cbc(aes)')).toBe(SOFTWARE_DRIVER);
});

function shellOf(answers: readonly string[], procCrypto: string) {
  const left = [...answers];
  return {
    run: (command: string): Promise<string> =>
      Promise.resolve(command === CRYPTSETUP_COMMAND ? (left.shift() ?? '') : procCrypto),
  };
}

test('the upper quartile of the runs counts, for each direction', async () => {
  const answers = [
    ['20.0', '99.0'],
    ['60.0', '70.0'],
    ['90.0', '80.0'],
    ['50.0', '10.0'],
    ['80.0', '40.0'],
  ].map(([encrypt, decrypt]) => line(`${encrypt} MiB/s`, `${decrypt} MiB/s`));
  let runs = 0;
  const figure = await measureCryptsetup(shellOf(answers, WITH_DEVICE), DEVICE_DRIVER, () => runs++);
  expect(figure).toEqual({ encryptMiBps: 80, decryptMiBps: 80 });
  expect(runs).toBe(CRYPTSETUP_RUNS);
});

test('figures of another driver than the one named are an error', async () => {
  const answers = Array<string>(CRYPTSETUP_RUNS).fill(captured('cryptsetup.txt'));
  await expect(measureCryptsetup(shellOf(answers, WITH_DEVICE), SOFTWARE_DRIVER)).rejects.toThrow(
    /prefers virtio_crypto_aes_cbc/,
  );
  await expect(measureCryptsetup(shellOf(answers, WITHOUT_DEVICE), DEVICE_DRIVER)).rejects.toThrow(GuestMeasureError);
});

test("a guest of the user's own without cryptsetup does without; one whose cryptsetup fails is an error", async () => {
  const absent = shellOf(['sh: cryptsetup: not found\n'], WITH_DEVICE);
  expect(await measureCryptsetup(absent, DEVICE_DRIVER)).toBeUndefined();
  const failing = shellOf(['Kernel crypto API is not available.\n'], WITH_DEVICE);
  await expect(measureCryptsetup(failing, DEVICE_DRIVER)).rejects.toThrow(/Kernel crypto API/);
});

test('the table has a row each way, and none where one side was not measured', () => {
  const rows = cryptsetupRows({ encryptMiBps: 7, decryptMiBps: 8 }, { encryptMiBps: 94, decryptMiBps: 100 });
  expect(rows).toEqual([
    { direction: 'encrypt', softwareMiBps: 7, deviceMiBps: 94, ratio: 13.43 },
    { direction: 'decrypt', softwareMiBps: 8, deviceMiBps: 100, ratio: 12.5 },
  ]);
  const table = cryptsetupTable(rows, pc.createColors(false));
  expect(table).toMatch(/encrypt │ +7\.0 │ +94\.0 │ +13\.4 × │\n.*decrypt │ +8\.0 │ +100\.0 │ +12\.5 ×/);
  expect(cryptsetupRows(undefined, { encryptMiBps: 94, decryptMiBps: 100 })).toEqual([]);
});
