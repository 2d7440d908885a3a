import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { StateError } from '../../src/device/state.ts';
import { packState, unpackState } from '../../src/machine/state_file.ts';
import { noise } from '../support/memory.ts';

const CONFIG = { memoryMiB: 128, dataQueues: 2, queueSize: 64, features: { packed: true } };
const STATE = new Uint8Array(noise(100_000)).buffer;

test('a state file carries the machine’s make and its state there and back', async () => {
  const file = await packState(CONFIG, STATE);
  expect(await unpackState(file)).toEqual({ config: CONFIG, state: STATE });
});

test('a file that a server unzipped on the way is read all the same', async () => {
  const file = new Uint8Array(gunzipSync(await packState(CONFIG, STATE)));
  expect(await unpackState(file)).toEqual({ config: CONFIG, state: STATE });
});

test.each([
  ['an empty file', new Uint8Array()],
  ['noise', new Uint8Array(noise(5000))],
  ['another format', new Uint8Array(gzipSync('{"format":"other"}\n'))],
  ['another version', new Uint8Array(gzipSync('{"format":"virtio-crypto-machine","version":2,"config":{}}\n'))],
  [
    'a machine of impossible make',
    new Uint8Array(
      gzipSync(JSON.stringify({ format: 'virtio-crypto-machine', version: 1, config: { ...CONFIG, dataQueues: 65 } })),
    ),
  ],
])('%s is refused', async (_, file) => {
  await expect(unpackState(file)).rejects.toThrow(StateError);
});

test('a file that was cut short is refused as damaged', async () => {
  const file = await packState(CONFIG, STATE);
  await expect(unpackState(file.slice(0, file.length / 2))).rejects.toThrow('damaged');
});
