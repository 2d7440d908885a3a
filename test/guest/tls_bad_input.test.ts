import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Machine, startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import type { V86Options } from '../../src/v86/attach.ts';
import { MEMORY_MIB } from './booted.ts';

// What keeps OpenSSL in the guest from the device, or takes the device away from it: each time its results are the same, and one line
// says why they are its own. The tests run in order in one guest that was booted once.
let image: GuestImage;
let machine: Machine;

const FUNCTION = '0000:00:0d.0';
const SYSFS = `/sys/bus/pci/devices/${FUNCTION}`;
/** All that can go to the device goes there, however short. */
const ALWAYS = 'env OPENSSL_CONF=/tmp/always.cnf';
const CHECK = `${ALWAYS} evp-check 20 11 2>&1`;
/** A process that lacks a right (prctl, PR_CAPBSET_DROP) from the next exec on. */
const without = (capability: number) => `perl -e 'syscall(172, 24, ${capability}, 0, 0, 0); exec @ARGV'`;
const CAP_SYS_RAWIO = 17;
const CAP_SYS_ADMIN = 21;
/** Data queue 0's ring, which comes after 16 pages of the board, and its available index behind 64 descriptors and the flags. */
const AVAILABLE_INDEX = 16 * 4096 + 64 * 16 + 2;
/** The board's key of System V. */
const BOARD_KEY = 0x76630068;

const run = async (command: string) => (await machine.console.run(command, { timeoutMs: 600_000 })).output.trim();
/** Requests of the device as it is plugged in, resets included. */
const requests = () =>
  Object.values(machine.device.statistics().services).reduce((sum, { requests }) => sum + requests, 0);

/** What a command prints, and whether the device had requests meanwhile. */
async function outcome(command: string): Promise<{ text: string; device: boolean }> {
  const before = requests();
  const text = (await run(command)).replace(/\d+ messages/, 'all');
  return { text, device: requests() > before };
}

const BY_DEVICE = { text: 'all equal', device: true };
const byItself = (why: string) => ({
  text: `virtio-crypto: OpenSSL works with its own code: ${why}\nall equal, OpenSSL's own`,
  device: false,
});

beforeAll(async () => {
  image = await buildGuest({ tls: true });
  machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB });
  await waitForShell(machine);
  await run('sed "s/^module.*/&\\nalways = yes/" /usr/lib/ssl/openssl.cnf > /tmp/always.cnf');
}, 900_000);

afterAll(async () => {
  await machine?.stop();
});

/** Goes on in the same guest, whose device is another one now. */
async function withDevice(device: V86Options): Promise<void> {
  machine.device.remove();
  const state = await machine.save();
  await machine.stop();
  machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB, device, state });
  // The kernel gives the new device its ports.
  await run(`echo 1 > ${SYSFS}/remove; echo 1 > /sys/bus/pci/rescan`);
}

describe('OpenSSL works with its own code, and says why', () => {
  test('unless nothing keeps it from the device', async () => {
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
  });

  test('in a process that is not of root', async () => {
    const drop = `perl -e '$( = $) = "1000 1000"; $< = $> = 1000; exec @ARGV'`;
    expect(await outcome(`${drop} ${CHECK}`)).toEqual(
      byItself(`${FUNCTION} cannot be configured: the device takes root`),
    );
  });

  test('where the kernel hides the device from a process without CAP_SYS_ADMIN', async () => {
    const why = `the kernel does not show the capabilities of ${FUNCTION}`;
    expect(await outcome(`${without(CAP_SYS_ADMIN)} ${CHECK}`)).toEqual(byItself(why));
  });

  test('but not where iopl alone is refused: each access is a system call then', async () => {
    expect(await outcome(`${without(CAP_SYS_RAWIO)} ${CHECK}`)).toEqual(BY_DEVICE);
  });

  test('where pagemap is refused', async () => {
    const hidden = `sh -c 'mount --bind /dev/null /proc/$$/pagemap && exec ${CHECK}'`;
    expect(await outcome(hidden)).toEqual(byItself('/proc/self/pagemap does not tell where memory is'));
  });

  test("where the kernel's driver of the device is in use", async () => {
    const bind = `socket(S, 38, 5, 0); bind(S, pack("Sa14LLa64", 38, "skcipher", 0, 0, "cbc(aes)")) or die`;
    await run(
      [
        `vcrypto-selftest release; insmod /lib/modules/virtio_crypto.ko; echo ${FUNCTION} > /sys/bus/pci/drivers/virtio-pci/bind`,
        'until grep -q virtio_crypto_aes_cbc /proc/crypto; do usleep 10000; done; rm -f /tmp/up',
        `perl -e '${bind}; open(F, ">/tmp/up"); print F 1; close F; sleep 999' & echo $! > /tmp/pid`,
        'until [ -s /tmp/up ]; do usleep 10000; done',
      ].join('\n'),
    );
    const { text } = await outcome(CHECK);
    expect(text).toBe(byItself(`the kernel's driver of ${FUNCTION} is in use`).text);
    await run('kill $(cat /tmp/pid)');
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
  });

  test.each(['hold-control', 'hold-data'])('where another process has the queue: %s', async (hold) => {
    await run(
      `rm -f /tmp/up; vcrypto-selftest ${hold} > /tmp/up & echo $! > /tmp/pid; until [ -s /tmp/up ]; do usleep 10000; done`,
    );
    const busy = await outcome(CHECK);
    expect(busy.device).toBe(false);
    expect(busy.text).toMatch(
      new RegExp(`own code: another process has a queue of ${FUNCTION}\nall equal(, OpenSSL's own)?$`),
    );
    await run('kill -9 $(cat /tmp/pid)');
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
  });

  test('but not with huge pages, nor when these have gone', async () => {
    await run('vcrypto-selftest release; echo 2 > /proc/sys/vm/nr_hugepages');
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
    expect(await run('grep HugePages_Free /proc/meminfo')).toMatch(/ 1$/);
    await run('echo 0 > /proc/sys/vm/nr_hugepages');
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
    await run('vcrypto-selftest release');
    expect(await run('grep HugePages_Total /proc/meminfo')).toMatch(/ 0$/);
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
  });

  test('where there is no device', async () => {
    await run(`vcrypto-selftest release; echo 1 > ${SYSFS}/remove`);
    expect(await outcome(CHECK)).toEqual(byItself('there is no virtio crypto device (1af4:1054) on the PCI bus'));
    await run('echo 1 > /sys/bus/pci/rescan');
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
  });

  test('while the ring is broken, until the device is brought up again (2.1.2)', async () => {
    const leap = `$id = shmget(${BOARD_KEY}, 0, 0); shmread($id, $i, ${AVAILABLE_INDEX}, 2); shmwrite($id, pack("S", unpack("S", $i) + 5000), ${AVAILABLE_INDEX}, 2)`;
    await run(`perl -e '${leap}'`);
    expect(await outcome(CHECK)).toEqual(BY_DEVICE);
    expect(machine.device.fault).toBeUndefined();
  });

  test('where the device is removed in the middle', async () => {
    const before = requests();
    await run(`${ALWAYS} evp-check 200 12 > /tmp/gone 2>&1 & echo $! > /tmp/pid`);
    while (requests() < before + 20) await new Promise((resolve) => setTimeout(resolve, 10));
    machine.device.remove();
    await run('while kill -0 $(cat /tmp/pid); do usleep 100000; done 2> /dev/null');
    expect(await run('cat /tmp/gone')).toMatch(
      new RegExp(`^virtio-crypto: OpenSSL works with its own code: ${FUNCTION} is gone\n20\\d messages equal$`),
    );
  });

  test.each<{ lacks: string; device: V86Options; line: RegExp; used: boolean }>([
    {
      lacks: 'all of its algorithms',
      device: { algorithms: ['aes-ecb'] },
      line: /own code: the device offers none of its algorithms\nall equal, OpenSSL's own$/,
      used: false,
    },
    {
      lacks: 'some of them',
      device: { algorithms: ['aes-cbc', 'aes-ctr', 'gcm', 'sha1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'] },
      line: /^virtio-crypto: OpenSSL's own code computes what this device does not offer: ChaCha20-Poly1305, HMAC\nall equal$/,
      used: true,
    },
    {
      lacks: 'indirect descriptors, EVENT_IDX and long queues',
      device: { features: { indirect: false, eventIdx: false }, queueSize: 16, controlQueueSize: 16 },
      line: /^all equal$/,
      used: true,
    },
    {
      lacks: 'room for a record, or for two sessions',
      device: { maxRequestBytes: 8192, maxSessions: 1 },
      line: /^all equal$/,
      used: true,
    },
    {
      lacks: 'queues that hold a request',
      device: { features: { indirect: false }, queueSize: 2, controlQueueSize: 2 },
      line: /own code: the device has no room for a request\nall equal, OpenSSL's own$/,
      used: false,
    },
  ])('where the device lacks $lacks', async ({ device, line, used }) => {
    await withDevice(device);
    const found = await outcome(CHECK);
    expect(found.text).toMatch(line);
    expect(found.device).toBe(used);
    expect(machine.device.fault).toBeUndefined();
  });
});
