// The daemon and the command, with clients that connect to its socket.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { vhostUserCommand } from '../../src/cli/vhost_user/command.ts';
import { DriverChecker } from '../../src/lab/index.ts';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import {
  serveVhostUser,
  type VhostUserEvent,
  type VhostUserOptions,
  type VhostUserServer,
} from '../../src/vhost-user/index.ts';
import { Client, encode, memoryTable, system, u64 } from './support/client.ts';
import { connectTo, eventDescriptor, memoryFile, sendWith, socketPair } from './support/native.ts';

let folder: string;
let socket: string;
let server: VhostUserServer | undefined;
let events: VhostUserEvent[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vhost-'));
  socket = join(folder, 's');
  events = [];
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function serve(options: Partial<VhostUserOptions> = {}): Promise<VhostUserServer> {
  server = await serveVhostUser({ socket, backend: 'inline', onEvent: (event) => events.push(event), ...options });
  return server;
}

/** Waits for the daemon's next turn, until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
const kinds = () => events.map(({ kind }) => kind);
const saw = (kind: VhostUserEvent['kind'], times = 1) =>
  until(() => kinds().filter((one) => one === kind).length >= times);

/** The answer to GET_QUEUE_NUM, when it is there: the daemon is in this process. */
async function queueNumber(descriptor: number): Promise<bigint> {
  sendWith(descriptor, encode(protocol.GET_QUEUE_NUM));
  for (;;) {
    const received = system.receive(descriptor, 20, 0);
    if (received.kind === 'bytes') return new DataView(received.bytes.buffer).getBigUint64(12, true);
    if (received.kind === 'end') throw new Error('The daemon has ended the connection.');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('clients', () => {
  test('one after the other; a second one at once is refused', async () => {
    await serve({ dataQueues: 3 });
    const first = new Client(connectTo(socket));
    expect(await queueNumber(first.socket)).toBe(4n);
    const second = new Client(connectTo(socket));
    await saw('refused');
    await expect(queueNumber(second.socket)).rejects.toThrow();
    second.close();
    expect(await queueNumber(first.socket)).toBe(4n);
    first.close();
    const third = new Client(connectTo(socket));
    expect(await queueNumber(third.socket)).toBe(4n);
    third.close();
    await saw('disconnected', 2);
    expect(kinds()).toEqual(['listening', 'connected', 'refused', 'disconnected', 'connected', 'disconnected']);
  });

  test('a client that goes in the middle of a message, and one that sends nonsense: the next one is served', async () => {
    await serve();
    const table = encode(
      protocol.SET_MEM_TABLE,
      memoryTable([{ guestAddress: 0, bytes: 65536, userAddress: 0, fileOffset: 0 }]),
    );
    const half = connectTo(socket);
    sendWith(half, table.subarray(0, 20), [memoryFile(65536)]);
    await saw('connected');
    new Client(half).close();
    await saw('failed');
    const nonsense = connectTo(socket);
    sendWith(nonsense, new Uint8Array(4096).fill(0xee));
    await saw('failed', 2);
    const good = new Client(connectTo(socket));
    expect(await queueNumber(good.socket)).toBe(2n);
    good.close();
    expect(events.filter(({ kind }) => kind === 'failed').map(({ message }) => message)).toEqual([
      'The client has gone in the middle of a message: SET_MEM_TABLE: 20 of 52 bytes.',
      'message 4008636142: request is unknown to this device.',
    ]);
  });

  test.each([
    [
      'a file that is shorter than its region',
      () => memoryFile(4096),
      /SET_MEM_TABLE: mmap_offset 0 and memory_size 65536 exceed the file, which has 4096 bytes/,
    ],
    ['an event, which cannot be mapped', eventDescriptor, /SET_MEM_TABLE: a descriptor/],
  ])('%s', async (_, make, message) => {
    await serve();
    const client = connectTo(socket);
    const table = memoryTable([{ guestAddress: 0, bytes: 65536, userAddress: 0, fileOffset: 0 }]);
    sendWith(client, encode(protocol.SET_MEM_TABLE, table), [make()]);
    await saw('failed');
    expect(events.at(-1)?.message).toMatch(message);
  });

  test.each([
    ['SET_VRING_KICK', protocol.SET_VRING_KICK, 'a file', () => memoryFile(8)],
    ['SET_VRING_CALL', protocol.SET_VRING_CALL, 'a socket, to which a write could wait', () => socketPair()[0]],
  ])('%s with %s', async (name, request, _, make) => {
    await serve();
    const client = connectTo(socket);
    sendWith(client, encode(request, u64(0)), [make()]);
    await saw('failed');
    expect(events.at(-1)?.message).toBe(`${name}: ring 0: the descriptor is no eventfd.`);
  });

  test('more descriptors than any message has', async () => {
    await serve();
    const client = connectTo(socket);
    sendWith(client, encode(protocol.SET_OWNER), Array.from({ length: 12 }, eventDescriptor));
    await saw('failed');
    expect(events.at(-1)?.message).toBe('recvmsg: more descriptors than a message can have');
  });

  test('a client that does not read its answers', async () => {
    await serve();
    const client = connectTo(socket);
    await saw('connected');
    const question = Buffer.concat(Array.from({ length: 500 }, () => encode(protocol.GET_FEATURES)));
    while (!kinds().includes('failed')) {
      try {
        sendWith(client, question);
      } catch {
        // The socket takes no more before the daemon has read, or the daemon has closed it.
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(events.at(-1)?.message).toBe('The client does not read its answers.');
  });

  test('no descriptor and no mapping is left of a client', async () => {
    await serve();
    const state = () => [
      readdirSync('/proc/self/fd').length,
      readFileSync('/proc/self/maps', 'latin1')
        .split('\n')
        .filter((line) => line.includes('memfd:test')).length,
    ];
    const before = state();
    for (let i = 1; i <= 5; i++) {
      const client = new Client(connectTo(socket));
      const table = memoryTable([{ guestAddress: 0, bytes: 65536, userAddress: 0, fileOffset: 0 }]);
      const files = [memoryFile(65536), eventDescriptor(), eventDescriptor()];
      const [file = -1, kick = -1, call = -1] = files;
      sendWith(client.socket, encode(protocol.SET_MEM_TABLE, table), [file]);
      sendWith(client.socket, encode(protocol.SET_VRING_CALL, u64(0)), [call]);
      sendWith(client.socket, encode(protocol.SET_VRING_KICK, u64(0)), [kick]);
      await saw('failed', i);
      for (const descriptor of files) new Client(descriptor).close();
      client.close();
      expect(events.at(-1)?.message).toContain('its size was not set');
    }
    expect(state()).toEqual(before);
  });
});

describe('sockets', () => {
  test('one that another process serves is not touched', async () => {
    const other = system.listen(socket);
    await expect(serve()).rejects.toThrow(
      `The socket ${socket} cannot be made (EADDRINUSE): another process serves it`,
    );
    expect(existsSync(socket)).toBe(true);
    new Client(other).close();
  });

  test('a stale socket file is replaced', async () => {
    new Client(system.listen(socket)).close();
    expect(existsSync(socket)).toBe(true);
    const { ended } = await serve();
    server?.close();
    await ended;
    expect(existsSync(socket)).toBe(false);
  });

  test('a file that is no socket stays', async () => {
    writeFileSync(socket, 'precious');
    await expect(serve()).rejects.toThrow('it is no socket: name another path');
    expect(readFileSync(socket, 'utf8')).toBe('precious');
  });

  test.each([
    [
      'a folder that is not there',
      { socket: '/nowhere/s' },
      'cannot be made (ENOENT): name a path in a folder that exists',
    ],
    ['a path of 108 bytes', { socket: `/${'x'.repeat(107)}` }, 'socket has 108 bytes: give a path of 1 to 107 bytes.'],
    ['no path', { socket: '' }, 'socket has 0 bytes'],
    ['an unknown role', { role: 'both' }, 'role is both: give server or client.'],
    ['a server that is not there', { role: 'client' }, 'cannot be connected to (ENOENT): start the other side first'],
    ['what makes no device', { createDevice: 1 }, 'createDevice is 1: give a function.'],
    ['an option of the device', { dataQueues: 65 }, 'dataQueues is 65: give a whole number from 1 to 64.'],
  ])('%s', async (_, options, message) => {
    await expect(Reflect.apply(serve, undefined, [options])).rejects.toThrow(message);
  });

  test('the daemon connects to one that listens, and ends with it', async () => {
    const listener = system.listen(socket);
    const { ended } = await serve({ role: 'client' });
    const client = system.accept(listener) ?? expect.unreachable();
    expect(await queueNumber(client)).toBe(2n);
    new Client(client).close();
    await ended;
    new Client(listener).close();
    expect(kinds()).toEqual(['connected', 'disconnected']);
  });

  test("a device of one's own making, with the options of the daemon", async () => {
    const checker = new DriverChecker();
    const { device } = await serve({ dataQueues: 3, createDevice: checker.createDevice });
    expect(device.options).toMatchObject({ dataQueues: 3, queueSize: 1024 });
    const client = new Client(connectTo(socket));
    expect(await queueNumber(client.socket)).toBe(4n);
    client.close();
    await saw('disconnected');
    expect(checker.rules).not.toContain('2.1.1-1');
    expect(checker.violations).toEqual([]);
  });

  test('once: the daemon ends with its first client', async () => {
    const { ended } = await serve({ once: true });
    const client = new Client(connectTo(socket));
    await queueNumber(client.socket);
    client.close();
    await ended;
    expect(existsSync(socket)).toBe(false);
  });
});

describe('the command', () => {
  const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
  const start = (...args: string[]) =>
    spawn(process.execPath, [MAIN, 'vhost-user', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  type Started = ReturnType<typeof start>;

  /** What a command says, as it grows. */
  function said({ stdout, stderr }: Started): { text: string } {
    const all = { text: '' };
    for (const stream of [stdout, stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        all.text += text;
      });
    }
    return all;
  }

  const words = (command: Started, all: { text: string }, wanted: string) =>
    until(() => all.text.includes(wanted) || command.exitCode !== null);

  test('it says what QEMU needs, counts on SIGUSR1, writes a trace, and ends on SIGTERM with nothing left', async () => {
    const trace = join(folder, 'trace.jsonl');
    const command = start(
      '--socket',
      socket,
      '--backend',
      'inline',
      '--trace',
      trace,
      '--queues',
      '2',
      '--algorithms',
      'aes-cbc',
      'hmac-sha1',
    );
    const all = said(command);
    const ended = once(command, 'close');
    await words(command, all, 'num_vqs=3');
    const client = new Client(connectTo(socket));
    expect(client.ask(protocol.GET_QUEUE_NUM).getBigUint64(0, true)).toBe(3n);
    client.close();
    await words(command, all, 'The client has gone.');
    command.kill('SIGUSR1');
    await words(command, all, 'control queue');
    command.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(all.text).toContain(`-chardev socket,id=crypto0,path=${socket}`);
    expect(existsSync(socket)).toBe(false);
    expect(readFileSync(trace, 'utf8')).toContain('virtio-crypto-trace');
  });

  test('SIGINT while a client is connected', async () => {
    const command = start('--socket', socket, '--backend', 'inline');
    const all = said(command);
    const ended = once(command, 'close');
    await words(command, all, 'num_vqs');
    const client = new Client(connectTo(socket));
    client.ask(protocol.GET_FEATURES);
    command.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    client.close();
  });

  test('--once says by its status that the client failed', async () => {
    const command = start('--socket', socket, '--backend', 'inline', '--once');
    const all = said(command);
    const ended = once(command, 'close');
    await words(command, all, 'num_vqs');
    const client = connectTo(socket);
    sendWith(client, encode(99));
    expect(await ended).toEqual([1, null]);
    expect(all.text).toContain('message 99: request is unknown to this device.');
    new Client(client).close();
  });

  test.each([
    ['no socket', [], "required option '--socket <path>' not specified"],
    ['both roles', ['--socket', 's', '--server', '--client'], "'--server' cannot be used with option '--client'"],
    ['no queues', ['--socket', 's', '--queues', '0'], 'Give a whole number from 1 to 64.'],
    ['too many queues', ['--socket', 's', '--queues', '65'], 'Give a whole number from 1 to 64.'],
    ['an unknown algorithm', ['--socket', 's', '--algorithms', 'rot13'], 'algorithms has rot13, which is unknown'],
    ['a name beside all', ['--socket', 's', '--algorithms', 'all', 'aes-cbc'], 'Give names, or all, or modern alone.'],
    ['an unknown backend', ['--socket', 's', '--backend', 'gpu'], 'Allowed choices are inline, host, workers, auto'],
    ['no workers', ['--socket', 's', '--workers', '0'], 'Give a whole number from 1 to'],
    ['an unknown fault', ['--socket', 's', '--fault', 'fire'], 'Give one of status-err, status-badmsg'],
    [
      'a fault that needs what vhost-user has not',
      ['--socket', 's', '--fault', 'removal'],
      'It takes a way to take the device out of the machine, which vhost-user has not. Give one of status-err',
    ],
    ['no fault', ['--socket', 's', '--check', '--nth', '2'], '--nth is given without --fault: say what the request'],
    [
      'no request',
      ['--socket', 's', '--fault', 'status-err', '--nth', '0'],
      'Give a whole number from 1 to 1000000000.',
    ],
    ['an option that is none', ['--socket', 's', '--port', '1'], "unknown option '--port'"],
    ['a socket nowhere', ['--socket', '/nowhere/s', '--backend', 'inline'], 'cannot be made (ENOENT)'],
    ['a long socket', ['--socket', `/${'x'.repeat(120)}`, '--backend', 'inline'], 'give a path of 1 to 107 bytes'],
    [
      'a trace nowhere',
      ['--socket', 's', '--trace', '/nowhere/trace'],
      '--trace /nowhere/trace cannot be written (ENOENT)',
    ],
  ])('%s', async (_, args, message) => {
    const command = vhostUserCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toThrow(message);
  });
});
