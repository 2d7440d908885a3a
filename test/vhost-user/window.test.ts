// Files that are mapped into the engine's memory: the engine reaches them without a copy, and gives the room back.
import { closeSync, readSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createCryptoDevice } from '../../src/device/device.ts';
import { foreignGuest } from '../../src/engine/foreign/index.ts';
import { ClientMemory } from '../../src/transport/vhost-user/client_memory.ts';
import { EngineWindow } from '../../src/vhost-user/engine_window.ts';
import { createVhostBench } from './support/bench.ts';
import { system } from './support/client.ts';
import { memoryFile } from './support/native.ts';

const MIB = 1024 * 1024;

/** Maps a new file, and calls `work` with it; then the mapping ends. */
function withFile(window: EngineWindow, bytes: number, work: (offset: number, descriptor: number) => void): void {
  const descriptor = memoryFile(bytes);
  try {
    const file = window.map(descriptor, bytes) ?? expect.unreachable();
    work(file.offset, descriptor);
    file.unmap();
  } finally {
    closeSync(descriptor);
  }
}

test('what one side writes the other side reads, also after the memory has grown', () => {
  const window = new EngineWindow(system);
  withFile(window, 3 * MIB, (offset, descriptor) => {
    writeSync(descriptor, Uint8Array.of(1, 2, 3), 0, 3, 2 * MIB);
    expect(new Uint8Array(window.memory.buffer, offset + 2 * MIB, 3)).toEqual(Uint8Array.of(1, 2, 3));
    for (let times = 0; times < 5; times++) window.memory.grow(100);
    new Uint8Array(window.memory.buffer)[offset + 5] = 7;
    const read = new Uint8Array(1);
    readSync(descriptor, read, 0, 1, 5);
    expect(read).toEqual(Uint8Array.of(7));
    expect(new Uint8Array(window.memory.buffer, offset + 2 * MIB, 3)).toEqual(Uint8Array.of(1, 2, 3));
  });
});

test('a mapping that has ended leaves zeros, and its place is used again', () => {
  const window = new EngineWindow(system);
  let first = 0;
  withFile(window, 4 * MIB, (offset) => {
    first = offset;
    new Uint8Array(window.memory.buffer)[offset] = 9;
  });
  expect(new Uint8Array(window.memory.buffer)[first]).toBe(0);
  const { byteLength } = window.memory.buffer;
  for (let times = 0; times < 100; times++) {
    withFile(window, 2 * MIB, (one) =>
      withFile(window, 2 * MIB, (other) => expect([first, first + 2 * MIB].sort()).toEqual([one, other].sort())),
    );
  }
  expect(window.memory.buffer.byteLength).toBe(byteLength);
});

test('a file that finds no room is left to others, and leaves the rest as it was', () => {
  const window = new EngineWindow(system);
  const descriptor = memoryFile(4096 * MIB);
  expect(window.map(descriptor, 4096 * MIB)).toBeUndefined();
  closeSync(descriptor);
  withFile(window, MIB, (offset) => expect(offset).toBeGreaterThan(0));
});

test('a descriptor that cannot be mapped is left to others, and its place is free', () => {
  const window = new EngineWindow(system);
  expect(window.map(-1, MIB)).toBeUndefined();
  const { byteLength } = window.memory.buffer;
  withFile(window, MIB, () => expect(window.memory.buffer.byteLength).toBe(byteLength));
});

test('a region that is not aligned as guest-physical memory is reached through the port', () => {
  const region = { bytes: MIB, userAddress: 0n, fileOffset: 0, pieces: [] };
  const [aligned, odd] = new ClientMemory().regionsOf([
    { ...region, guestAddress: 8, offset: 65536 },
    { ...region, guestAddress: MIB + 4, offset: 65536 },
  ]);
  expect(aligned).toEqual({ guestAddress: 8, bytes: MIB, offset: 65536 });
  expect(odd).toEqual({ guestAddress: MIB + 4, bytes: MIB });
});

test('a device over vhost-user works in place', async () => {
  const bench = await createVhostBench({ backend: 'inline' });
  expect(bench.device.guest.regions[0]).toMatchObject({ guestAddress: 0, offset: expect.any(Number) });
  await bench.dispose();
});

test.each([
  [4, 'give an offset'],
  [0, 'give an offset'],
  [-8, 'give an offset'],
  [8 * MIB, 'make it shorter'],
])('a region at offset %i is refused', (offset, remedy) => {
  const window = new EngineWindow(system);
  const memory = new ClientMemory();
  const regions = [{ guestAddress: 0, bytes: MIB, offset }];
  expect(() => createCryptoDevice({ guest: foreignGuest(memory, regions, window.memory) })).toThrow(remedy);
});

test("a region that meets the engine's own memory is refused", async () => {
  const bench = await createVhostBench({ backend: 'inline' });
  expect(() => bench.device.setRegions([{ guestAddress: 2 ** 40, bytes: 65536, offset: 65536 }])).toThrow(
    'the device has memory of its own',
  );
  await bench.dispose();
});
