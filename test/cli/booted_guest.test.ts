// The booted guest that the demo keeps, with the state of a machine that the test makes up.
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BootedGuest, type BootedIdentity } from '../../src/cli/demo/booted_guest.ts';
import { v86State } from '../support/v86_state.ts';

const MEMORY_MIB = 64;
let folder: string;
let identity: BootedIdentity;
let state: ArrayBuffer;
const machine = { save: () => Promise.resolve(state) };
const kept = (change: Partial<BootedIdentity> = {}) => BootedGuest.of(folder, { ...identity, ...change });
const states = async () => (await readdir(folder)).filter((name) => name.includes('booted'));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booted-guest-'));
  const file = async (name: string) => {
    const path = join(folder, name);
    await writeFile(path, name);
    return path;
  };
  const [kernel, initrd, bios, vgaBios] = [await file('k'), await file('i'), await file('b'), await file('v')];
  identity = { files: { kernel, initrd, bios, vgaBios }, memoryMiB: MEMORY_MIB, append: '' };
  state = v86State(MEMORY_MIB);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('there is none at first, and then the one that was kept, for the same guest alone', async () => {
  expect(await (await kept()).find()).toBeUndefined();
  await (await kept()).keep(machine);
  expect(new Uint8Array((await (await kept()).find()) ?? expect.unreachable())).toEqual(new Uint8Array(state));
  expect(await (await kept({ memoryMiB: 128 })).find()).toBeUndefined();
  expect(await (await kept({ append: 'quiet' })).find()).toBeUndefined();
  await writeFile(identity.files.initrd, 'another');
  expect(await (await kept()).find()).toBeUndefined();
});

test.each([
  ['cut', (file: Buffer) => file.subarray(0, file.length / 2)],
  [
    'with a changed byte',
    (file: Buffer) => Buffer.concat([file.subarray(0, -9), Buffer.from([(file.at(-9) ?? 0) ^ 1]), file.subarray(-8)]),
  ],
  ['with another hash', (file: Buffer) => Buffer.concat([Buffer.from('0'), file.subarray(1)])],
  ['empty', () => Buffer.alloc(0)],
])('a file %s is as good as none, and is removed', async (_, damage) => {
  await (await kept()).keep(machine);
  const [name = ''] = await states();
  await writeFile(join(folder, name), damage(await readFile(join(folder, name))));
  expect(await (await kept()).find()).toBeUndefined();
  expect(await states()).toEqual([]);
});

test('a state that v86 could not go on from is as good as none', async () => {
  state = new ArrayBuffer(64);
  await (await kept()).keep(machine);
  expect(await (await kept()).find()).toBeUndefined();
});

test('what is forgotten is gone', async () => {
  await (await kept()).keep(machine);
  await (await kept()).forget();
  expect(await states()).toEqual([]);
});

test('guests that were not started for a week go when another is kept; one that is in use stays', async () => {
  await (await kept({ append: 'one' })).keep(machine);
  await (await kept({ append: 'two' })).keep(machine);
  await writeFile(join(folder, '.build-booted-of-a-killed-process'), '');
  const old = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000);
  for (const name of await states()) await utimes(join(folder, name), old, old);
  await (await kept({ append: 'two' })).find();
  await (await kept()).keep(machine);
  expect(await states()).toHaveLength(2);
  expect(await (await kept({ append: 'two' })).find()).toBeDefined();
});

test('a folder that cannot be written to is an error, and nothing is left', async () => {
  const booted = await BootedGuest.of(join(folder, 'k'), identity);
  await expect(booted.keep(machine)).rejects.toThrow(/ENOTDIR/);
});
