// QEMU and the daemon, each killed while a guest encrypts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveVhostUser, type VhostUserEvent } from '../../src/vhost-user/index.ts';
import { runWatched } from '../support/watched_process.ts';
import { buildQemuGuest } from './guest.ts';
import { debianQemu, type Qemu } from './qemu.ts';

/** Programs of the guest do not wait for each other, because a request that nobody answers never ends. */
const SCRIPT = `
while true; do
  (af_alg virtio_crypto_aes_cbc 4096 > /dev/null && echo 'guest: encrypted') &
  sleep 0.2
done
`;
/** What the guest's program says when its key is refused. */
const REFUSED = 'key: Invalid argument';
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

let folder: string;
let qemu: Qemu;
let guest: { kernel: string; initrd: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'killed-'));
  qemu = await debianQemu();
  guest = await buildQemuGuest(folder, '6.1', { script: SCRIPT });
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Arguments of a guest whose device is at a socket. */
const machine = (socket: string) => [
  ...qemu.args(socket),
  ...['-serial', 'stdio', '-monitor', `unix:${socket}.monitor,server=on,wait=off`],
  ...['-kernel', guest.kernel, '-initrd', guest.initrd],
  ...['-append', 'console=ttyS0 quiet mitigations=off tsc=reliable no_timer_check'],
];

/** How often the guest has encrypted something. */
const encryptions = (output: string) => output.split('guest: encrypted').length - 1;

test('QEMU is killed: the daemon resets the device, ends the mappings, and serves the next client', async () => {
  const socket = join(folder, 'q');
  const events: VhostUserEvent['kind'][] = [];
  const server = await serveVhostUser({ socket, backend: 'auto', onEvent: ({ kind }) => events.push(kind) });
  try {
    await runWatched(qemu.program, machine(socket), {
      env: qemu.env,
      onOutput: (output, child) => {
        if (encryptions(output) === 5) child.kill('SIGKILL');
      },
    });
    while (!events.includes('disconnected')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events).toEqual(['listening', 'connected', 'disconnected']);
    expect(server.device.sessionCount).toBe(0);
    expect(server.device.guest.regions).toHaveLength(1);
    expect(server.device.fault).toBeUndefined();
  } finally {
    server.close();
  }
});

test('the daemon is killed: QEMU and the guest live on, and the guest gets no session', async () => {
  const socket = join(folder, 'd');
  const daemon = spawn(process.execPath, [MAIN, 'vhost-user', '--socket', socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(daemon.stdout, 'data');
  let answer = '';
  const { output } = await runWatched(qemu.program, machine(socket), {
    env: qemu.env,
    onOutput: (text, child) => {
      if (encryptions(text) >= 5) daemon.kill('SIGKILL');
      if (!text.includes(REFUSED) || answer !== '') return;
      answer = 'asked';
      const monitor = connect(`${socket}.monitor`).on('data', (data) => {
        answer += data.toString('latin1');
        if (answer.includes('VM status:')) child.kill('SIGKILL');
      });
      monitor.write('info status\n');
    },
  });
  expect(answer).toContain('VM status: running');
  expect(output.slice(output.indexOf(REFUSED))).not.toContain('guest: encrypted');
});
