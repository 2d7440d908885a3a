import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATUS_DRIVER_OK } from '../../spec/virtio.ts';
import { type Machine, startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import { MEMORY_MIB } from './booted.ts';

// OpenSSL's command line, libssl and a program of EVP calls in Debian's guest on v86, over the user-space driver and the provider that
// guest/ has. Nothing is made up: the device answers, or OpenSSL's own code does. The tests run in order on one machine.
let image: GuestImage;
let machine: Machine;

const run = async (command: string) => (await machine.console.run(command, { timeoutMs: 600_000 })).output.trim();
const requests = () => machine.device.requests(0);
const UNBIND = 'echo 0000:00:0d.0 > /sys/bus/pci/drivers/virtio-pci/unbind';
/** Runs a command as another user than root. */
const asUser = (command: string) =>
  `perl -e '$) = "1000 1000"; $( = 1000; ($<, $>) = (1000, 1000); exec @ARGV' ${command}`;

beforeAll(async () => {
  image = await buildGuest({ tls: true });
  machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB });
  await waitForShell(machine);
}, 900_000);

afterAll(async () => {
  await machine?.stop();
});

describe('OpenSSL in the guest', () => {
  test('has a driver that gives the published results of GCM and ChaCha20-Poly1305, and ends its sessions', async () => {
    expect(await run('vcrypto-selftest')).toBe(
      ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'].map((name) => `${name}: passed`).join('\n'),
    );
    expect(machine.device.sessionCount).toBe(0);
    expect(machine.device.status & STATUS_DRIVER_OK).toBe(STATUS_DRIVER_OK);
  });

  test('gets from the device what its own code gives, in messages of all shapes', async () => {
    const before = requests();
    expect(await run('evp-check 200 1')).toMatch(/^20\d messages equal$/);
    expect(requests()).toBeGreaterThan(before + 50);
    expect(machine.device.sessionCount).toBe(0);
    expect(machine.device.fault).toBeUndefined();
  });

  test('shares the device between four threads, and between four processes', async () => {
    const before = requests();
    expect(await run('evp-check 15 2 4')).toMatch(/^6\d messages equal$/);
    const each = [3, 4, 5, 6].map((seed) => `evp-check 15 ${seed} &`).join(' ');
    expect(await run(`${each} wait`)).toMatch(/^(1\d messages equal\s*){4}$/);
    expect(requests()).toBeGreaterThan(before + 30);
    expect(machine.device.sessionCount).toBe(0);
  });

  test('goes on after a process was killed, whose sessions end', async () => {
    for (let round = 0; round < 3; round++) {
      const before = requests();
      await run('evp-check 100000 7 > /tmp/killed 2>&1 & echo $! > /tmp/pid');
      while (requests() < before + 20) await new Promise((resolve) => setTimeout(resolve, 20));
      await run('kill -9 $(cat /tmp/pid)');
    }
    expect(await run('evp-check 15 8')).toMatch(/messages equal$/);
    expect(machine.device.sessionCount).toBe(0);
  });

  test('never computes wrong bytes where the device is reset under it', async () => {
    await run('evp-check 120 9 > /tmp/reset 2>&1 & echo $! > /tmp/pid');
    for (let round = 0; round < 4; round++) {
      const before = requests();
      while (requests() < before + 5) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await run('vcrypto-selftest release')).toBe('');
    }
    expect(await run('while kill -0 $(cat /tmp/pid) 2>/dev/null; do sleep 0.2; done; cat /tmp/reset')).toMatch(
      /^12\d messages equal$/,
    );
  });

  test('sends records of TLS 1.3 from process to process through the device', async () => {
    await run('busybox ifconfig lo 127.0.0.1 up; seq 1 99999 | head -c 400000 > /tmp/text; mkfifo /tmp/open');
    await run(
      'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /tmp/key -out /tmp/cert -subj /CN=guest 2>/dev/null',
    );
    for (const suite of ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256']) {
      const before = requests();
      const options = `-quiet -tls1_3 -ciphersuites ${suite}`;
      await run(
        `openssl s_server -accept 4433 -cert /tmp/cert -key /tmp/key -naccept 1 ${options} > /tmp/received 2>/tmp/log <>/tmp/open & echo $! > /tmp/pid`,
      );
      await run(
        'until netstat -ltn 2>/dev/null | grep -q 4433 || busybox netstat -ltn | grep -q 4433; do sleep 0.2; done',
      );
      await run(`openssl s_client -connect 127.0.0.1:4433 -no_ign_eof ${options} < /tmp/text > /dev/null 2>&1`);
      await run('while kill -0 $(cat /tmp/pid) 2>/dev/null; do sleep 0.2; done');
      expect(await run('cmp /tmp/text /tmp/received && echo same')).toBe('same');
      // 25 records, each encrypted and decrypted.
      expect(requests()).toBeGreaterThanOrEqual(before + 50);
    }
  });

  test('goes on from a state that was saved in the middle of its work', async () => {
    const before = requests();
    await run('evp-check 60 10 > /tmp/saved 2>&1 & echo $! > /tmp/pid');
    while (requests() < before + 10) await new Promise((resolve) => setTimeout(resolve, 20));
    const state = await machine.save();
    await machine.stop();
    machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB, state });
    expect(await run('while kill -0 $(cat /tmp/pid) 2>/dev/null; do sleep 0.2; done; cat /tmp/saved')).toMatch(
      /^6\d messages equal$/,
    );
    expect(requests()).toBeGreaterThan(0);
    expect(machine.device.sessionCount).toBe(0);
  });
});

describe('OpenSSL works on with its own code, and one line says why,', () => {
  const digest = 'openssl list -providers 2>&1 | head -1';

  test('where the process is not root', async () => {
    expect(await run(asUser('openssl list -providers 2>&1 | head -1'))).toBe(
      'virtio-crypto: OpenSSL works with its own code: 0000:00:0d.0 cannot be configured: the device takes root',
    );
  });

  test("where the kernel's driver of the device is in use", async () => {
    await run('vcrypto-selftest release; echo 0000:00:0d.0 > /sys/bus/pci/drivers/virtio-pci/bind');
    await run('insmod /lib/modules/virtio_crypto.ko; printf 0123456789abcdef > /tmp/aes; mkfifo /tmp/stay');
    await run(
      `kcapi-enc -e -q -c virtio_crypto_aes_cbc --iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/aes < /tmp/stay > /dev/null 2>&1 & sleep 3600 > /tmp/stay & echo $! > /tmp/pid`,
    );
    await run('until [ "$(cat /sys/module/virtio_crypto/refcnt)" -gt 0 ]; do sleep 0.2; done');
    expect(await run(digest)).toBe(
      "virtio-crypto: OpenSSL works with its own code: the kernel's driver of 0000:00:0d.0 is in use",
    );
    await run('kill $(cat /tmp/pid); until [ "$(cat /sys/module/virtio_crypto/refcnt)" -eq 0 ]; do sleep 0.2; done');
  });

  test('until the kernel no longer uses it', async () => {
    expect(await run('vcrypto-selftest')).toMatch(/^(\S+: passed\s*){3}$/);
    await run(`rmmod virtio_crypto; ${UNBIND} 2>/dev/null`);
  });

  test('where there is no device', async () => {
    machine.device.remove();
    const text = await run(
      'echo text | openssl enc -aes-256-ctr -K 00 -iv 00 2>&1 | head -1; echo 1 > /sys/bus/pci/devices/0000:00:0d.0/remove; openssl list -providers 2>&1 | head -1',
    );
    expect(text).toContain(
      'virtio-crypto: OpenSSL works with its own code: there is no virtio crypto device (1af4:1054) on the PCI bus',
    );
  });
});
