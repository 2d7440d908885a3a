// What a client of vhost-user needs of the system, for tests: shared memory, events, and sockets that carry descriptors.
import { closeSync, ftruncateSync } from 'node:fs';
import koffi from 'koffi';

const c = koffi.load(null);
const calls = {
  memfd_create: c.func('int memfd_create(str, unsigned int)'),
  mmap: c.func('intptr_t mmap(intptr_t, size_t, int, int, int, int64_t)'),
  munmap: c.func('int munmap(intptr_t, size_t)'),
  eventfd: c.func('int eventfd(unsigned int, int)'),
  socketpair: c.func('int socketpair(int, int, int, _Out_ int *)'),
  socket: c.func('int socket(int, int, int)'),
  connect: c.func('int connect(int, void *, unsigned int)'),
  sendmsg: c.func('intptr_t sendmsg(int, void *, int)'),
};

function checked(call: keyof typeof calls, ...args: unknown[]): number {
  const answer = Number(calls[call](...args));
  if (answer < 0) throw new Error(`${call} failed: error ${koffi.errno()}`);
  return answer;
}

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;

/** A file in memory. @param sealing whether it may be forbidden to shrink */
export function memoryFile(bytes: number, sealing = true): number {
  const descriptor = checked('memfd_create', 'test', MFD_CLOEXEC | (sealing ? MFD_ALLOW_SEALING : 0));
  ftruncateSync(descriptor, bytes);
  return descriptor;
}

/** A file in memory, mapped. Closing it ends the mapping too: no view may be used afterwards. */
export function sharedMemory(bytes: number): { descriptor: number; bytes: Uint8Array<ArrayBuffer>; close: () => void } {
  const descriptor = memoryFile(bytes);
  const address = checked('mmap', 0, bytes, 3, 1, descriptor, 0);
  return {
    descriptor,
    bytes: new Uint8Array(koffi.view(BigInt(address), bytes)),
    close: () => {
      calls.munmap(address, bytes);
      closeSync(descriptor);
    },
  };
}

export function eventDescriptor(): number {
  return checked('eventfd', 0, NONBLOCK | CLOEXEC);
}

/** Two connected sockets. */
export function socketPair(): [number, number] {
  const pair: [number, number] = [-1, -1];
  checked('socketpair', 1, 1 | NONBLOCK | CLOEXEC, 0, pair);
  return pair;
}

/** Connects to a Unix socket. */
export function connectTo(path: string): number {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1, 0);
  address.write(path, 2);
  const socket = checked('socket', 1, 1 | NONBLOCK | CLOEXEC, 0);
  try {
    checked('connect', socket, address, address.length);
  } catch (error) {
    closeSync(socket);
    throw error;
  }
  return socket;
}

/** Buffers that stay: the structures hold their addresses, which keep nothing from being collected. */
const data = Buffer.alloc(65536);
const control = Buffer.alloc(256);
const iov = Buffer.alloc(16);
const message = Buffer.alloc(56);

/** Sends at most 64 KiB, with descriptors beside the first byte. */
export function sendWith(socket: number, bytes: Uint8Array, descriptors: readonly number[] = []): void {
  data.set(bytes);
  iov.writeBigUInt64LE(koffi.address(data), 0);
  iov.writeBigUInt64LE(BigInt(bytes.length), 8);
  message.fill(0);
  message.writeBigUInt64LE(koffi.address(iov), 16);
  message.writeBigUInt64LE(1n, 24);
  if (descriptors.length > 0) {
    control.writeBigUInt64LE(BigInt(16 + 4 * descriptors.length), 0);
    control.writeInt32LE(1, 8);
    control.writeInt32LE(1, 12);
    for (const [index, descriptor] of descriptors.entries()) control.writeInt32LE(descriptor, 16 + 4 * index);
    message.writeBigUInt64LE(koffi.address(control), 32);
    message.writeBigUInt64LE(BigInt(16 + 8 * Math.ceil(descriptors.length / 2)), 40);
  }
  checked('sendmsg', socket, message, 0x4000);
}
