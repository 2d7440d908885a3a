import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Machine, startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import type { V86Options } from '../../src/v86/attach.ts';
import { MEMORY_MIB } from './booted.ts';
import { publishedLines } from './published_lines.ts';

// OpenSSL in the guest gives through the device what it gives without: random messages beside its own code, published results, processes
// and threads that share the device, and transfers whose other end is OpenSSL's own code. One guest is booted for all.
const { NIGHTLY } = process.env;
let image: GuestImage;
let machine: Machine;

const run = async (command: string) => (await machine.console.run(command, { timeoutMs: 3_600_000 })).output.trim();
const requests = () => machine.device.requests(0);
const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

/** All that can go to the device goes there, however short. */
const ALWAYS = 'OPENSSL_CONF=/tmp/always.cnf';
const ITSELF = 'OPENSSL_CONF=/dev/null';

/** Types a file into the guest. */
async function put(path: string, text: string): Promise<void> {
  const packed = gzipSync(text).toString('base64');
  const read = `stty -F /dev/ttyS0 raw -echo; echo rea''dy; head -c ${packed.length} < /dev/ttyS0 > /tmp/packed`;
  const done = run(`${read}; stty -F /dev/ttyS0 sane cols 200 rows 50; base64 -d /tmp/packed | gunzip > ${path}`);
  await machine.console.waitFor(/ready/);
  machine.send(packed);
  await done;
}

/** Sends a text from s_client to s_server. `$1` and `$2` are where the server and the client find their configuration, the rest options. */
const TRANSFER = `
cd /tmp; rm -f outcome received; server=$1; client=$2; shift 2
OPENSSL_CONF=$server openssl s_server -accept 4434 -cert cert -key key -naccept 1 -quiet "$@" > received 2>/dev/null <>open &
server=$!
until grep -q ':1152 [0-9A-F:]* 0A' /proc/net/tcp /proc/net/tcp6; do usleep 100000; done
OPENSSL_CONF=$client openssl s_client -connect 127.0.0.1:4434 -quiet "$@" -no_ign_eof < text > /dev/null 2>&1 || kill $server
wait $server
cmp text received && echo same > outcome || echo different > outcome
`;

beforeAll(async () => {
  image = await buildGuest({ tls: true });
  machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB });
  await waitForShell(machine);
  await run('sed "s/^module.*/&\\nalways = yes/" /usr/lib/ssl/openssl.cnf > /tmp/always.cnf');
  await put('/tmp/transfer', TRANSFER);
  const certificate =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out cert -subj /CN=guest';
  await run(`busybox ifconfig lo 127.0.0.1 up; cd /tmp; mkfifo open; ${ITSELF} openssl ${certificate} 2> /dev/null`);
}, 900_000);

afterAll(async () => {
  await machine?.stop();
});

describe('messages', () => {
  test('equal those of its own code, whatever the calls', async () => {
    const [many, some] = NIGHTLY ? [5000, 5000] : [150, 100];
    const before = requests();
    expect(await run(`${ALWAYS} evp-check ${many} 21`)).toMatch(/^\d+ messages equal$/);
    expect(await run(`evp-check ${some} 22`)).toMatch(/^\d+ messages equal$/);
    expect(requests()).toBeGreaterThan(before + many / 2);
    const { services } = machine.device.statistics();
    for (const service of ['aead', 'cipher', 'hash', 'mac'] as const)
      expect(services[service].requests).toBeGreaterThan(10);
    expect(machine.device.sessionCount).toBe(0);
    expect(machine.device.fault).toBeUndefined();
  }, 7_200_000);

  test('equal published ones', async () => {
    const lines = publishedLines();
    await put('/tmp/vectors', lines.map((line) => `${line}\n`).join(''));
    const before = machine.device.statistics().services;
    expect(await run(`${ALWAYS} evp-check vectors < /tmp/vectors`)).toBe(`${lines.length} vectors`);
    const after = machine.device.statistics().services;
    for (const service of ['aead', 'cipher', 'hash', 'mac'] as const)
      expect(after[service].requests).toBeGreaterThan(before[service].requests);
  });
});

describe('processes', () => {
  test('share the device, eight with four threads each', async () => {
    const before = requests();
    const each = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => `${ALWAYS} evp-check 4 ${seed} 4 2>&1 &`).join(' ');
    expect(await run(`${each} wait`)).toMatch(/^(\d+ messages equal\s*){8}$/);
    expect(requests()).toBeGreaterThan(before + 8 * 4);
    expect(machine.device.sessionCount).toBe(0);
  });

  test('that fork in the middle of a message never get bytes of each other', async () => {
    expect(await run(`${ALWAYS} evp-check fork 40 1`)).toBe('40 forks');
    expect(machine.device.sessionCount).toBe(0);
  });
});

describe('transfers', () => {
  const CONFIGURED = '/tmp/always.cnf';
  test.each([
    { version: '1.3', options: '-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256', records: 16 },
    { version: '1.3', options: '-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256', records: 16 },
    { version: '1.2', options: '-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384', records: 0 },
    { version: '1.2', options: '-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305', records: 0 },
  ])("by TLS $version arrive at OpenSSL's own code, and come from it: $options", async ({ options, records }) => {
    await run('seq 1 9999999 | head -c 256k > /tmp/text');
    for (const ends of [`${CONFIGURED} /dev/null`, `/dev/null ${CONFIGURED}`]) {
      const before = requests();
      expect(await run(`sh /tmp/transfer ${ends} ${options}; cat /tmp/outcome`)).toBe('same');
      expect(requests()).toBeGreaterThanOrEqual(before + records);
    }
    expect(machine.device.sessionCount).toBe(0);
  });

  test.each<{ keys: string; device: V86Options }>([
    { keys: 'with its keys', device: { saveKeys: false } },
    { keys: 'without its keys', device: {} },
  ])('go on where the machine is saved and restored $keys', async ({ device }) => {
    await run('seq 1 9999999 | head -c 2m > /tmp/text');
    const before = requests();
    await run(`sh /tmp/transfer ${CONFIGURED} ${CONFIGURED} -tls1_3 > /dev/null 2>&1 &`);
    while (requests() < before + 60) await pause(20);
    const state = await machine.save();
    await machine.stop();
    // The machine that goes on is the one that the next test saves.
    machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB, device, state });
    const restored = requests();
    expect(await run('until [ -s /tmp/outcome ]; do usleep 200000; done; cat /tmp/outcome')).toBe('same');
    expect(requests()).toBeGreaterThan(restored + 60);
    expect(machine.device.fault).toBeUndefined();
  });
});
