// Debian 12's QEMU and its stock kernel: the guest's own driver encrypts through the daemon, and QEMU keeps its sessions by messages.
import { type ChildProcess, spawn } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { DriverChecker } from '../../src/lab/index.ts';
import { serveVhostUser, type VhostUserEvent, type VhostUserServer } from '../../src/vhost-user/index.ts';
import { runWatched } from '../support/watched_process.ts';
import { buildQemuGuest } from './guest.ts';
import { debianQemu, type Qemu } from './qemu.ts';

/** Bytes of the requests whose results are compared. */
const SIZES = [16, 64, 256, 1024, 4096, 16384, 65536];
/** How often the driver is removed and loaded again in a boot. */
const RELOADS = 10;
/** What the guest says at its first boot, and at the second one, after which it shuts down. */
const DONE = 'guest: all done';
const SCRIPT = `
for bytes in ${SIZES.join(' ')}; do echo "guest: $bytes $(af_alg virtio_crypto_aes_cbc $bytes | sha256sum)"; done
for i in $(seq ${RELOADS}); do rmmod virtio_crypto && load; done
echo "guest: 16 $(af_alg virtio_crypto_aes_cbc 16 | sha256sum)"
echo '${DONE}'
read -r answer
poweroff -f
`;

let folder: string;
let qemu: Qemu;
let guest: { kernel: string; initrd: string };
let server: VhostUserServer;
const checker = new DriverChecker();
const events: VhostUserEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qemu-'));
  qemu = await debianQemu();
  guest = await buildQemuGuest(folder, '6.1', { script: SCRIPT });
  server = await serveVhostUser({
    ...{ socket: join(folder, 's'), backend: 'auto', createDevice: checker.createDevice },
    onEvent: (event) => events.push(event),
  });
}, 600_000);
afterAll(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

const requests = (queue: number) => server.device.statistics().queues[queue]?.requests ?? 0;

/** What the guest's program encrypts, encrypted here. */
function expected(bytes: number): string {
  const fill = (length: number) => Uint8Array.from({ length }, (_, i) => 7 * i + bytes);
  const cipher = createCipheriv('aes-128-cbc', fill(16), fill(16)).setAutoPadding(false);
  return createHash('sha256')
    .update(cipher.update(fill(bytes)))
    .digest('hex');
}

/** Waits until the daemon has said something. It is waited for as long as the test may take. */
async function heard(kind: VhostUserEvent['kind'], times: number): Promise<void> {
  while (events.filter((event) => event.kind === kind).length < times)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a QEMU that is killed before its guest runs: the daemon serves the next one', async () => {
  const child: ChildProcess = spawn(qemu.program, [...qemu.args(join(folder, 's')), '-S'], {
    stdio: 'ignore',
    env: { ...process.env, ...qemu.env },
  });
  onTestFailed(() => console.error('QEMU ended with', child.exitCode, child.signalCode, 'and the daemon said', events));
  const ended = once(child, 'exit');
  await heard('connected', 1);
  child.kill('SIGKILL');
  await ended;
  await heard('disconnected', 1);
  expect(server.device.guest.regions).toHaveLength(1);
});

test('self-test, AF_ALG from 16 B to 64 KiB, driver loaded again, guest rebooted, guest shut down', async () => {
  const monitor = join(folder, 'monitor');
  const before = events.length;
  const sessionsAtReset: number[] = [];
  const { status, output } = await runWatched(
    qemu.program,
    [
      ...qemu.args(join(folder, 's')),
      ...['-serial', 'stdio', '-monitor', `unix:${monitor},server=on,wait=off`],
      ...['-kernel', guest.kernel, '-initrd', guest.initrd],
      ...['-append', 'console=ttyS0 quiet mitigations=off tsc=reliable no_timer_check'],
    ],
    {
      env: qemu.env,
      progress: () => requests(0) + requests(1),
      onOutput: (text, child) => {
        const boots = text.split(DONE).length - 1;
        if (boots === 1 && sessionsAtReset.length === 0) {
          sessionsAtReset.push(server.device.sessionCount);
          connect(monitor).end('system_reset\n');
        }
        if (boots === 2) child.stdin?.end('\n');
      },
    },
  );
  expect(status, output.slice(-3000)).toBe(0);
  const lines = output.split(/\r?\n/).filter((line) => line.startsWith('guest: '));
  expect(lines.filter((line) => line.includes('cannot'))).toEqual([]);
  expect(lines.filter((line) => line === 'guest: self-test passed')).toHaveLength(2 * (1 + RELOADS));
  const results = lines.flatMap((line) => /^guest: (\d+) ([0-9a-f]{64})/.exec(line)?.slice(1).join(' ') ?? []);
  const oneBoot = [...SIZES, 16].map((bytes) => `${bytes} ${expected(bytes)}`);
  expect(results).toEqual([...oneBoot, ...oneBoot]);
  // The results alone prove nothing: the kernel could have computed them itself.
  expect(requests(0)).toBeGreaterThan(2 * (1 + RELOADS) * 50);
  expect(requests(1)).toBeGreaterThan(2 * (1 + RELOADS) * 100);
  expect(server.device.statistics().services.cipher.errors).toMatchObject({
    err: 0,
    badmsg: 0,
    notsupp: 0,
    invsess: 0,
  });
  await heard('disconnected', 2);
  expect(events.slice(before).map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
    'connected: A client has connected.',
    'disconnected: The client has gone.',
  ]);
  expect(server.device.sessionCount).toBe(0);
  expect(checker.violations).toEqual([]);
});
