import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { StateError } from '../../src/device/state.ts';
import { packState, unpackState } from '../../src/machine/state_file.ts';
import { noise } from '../support/memory.ts';
import { v86State } from '../support/v86_state.ts';

const CONFIG = { memoryMiB: 128, dataQueues: 2, queueSize: 64, features: { packed: true } };
const STATE = v86State(CONFIG.memoryMiB);

/** A file whose first line says this, with `content` behind it. */
function fileOf(header: unknown, content: ArrayBuffer = STATE): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), Buffer.from(content)])));
}

const HEADER = { format: 'virtio-crypto-machine', version: 1, config: CONFIG };

test('a state file carries the machine’s make and its state there and back', async () => {
  const file = await packState(CONFIG, STATE);
  expect(await unpackState(file)).toEqual({ config: CONFIG, state: STATE });
  expect(await unpackState(new Blob([file]))).toEqual({ config: CONFIG, state: STATE });
});

test('a file that a server unzipped on the way is read all the same', async () => {
  const file = new Uint8Array(gunzipSync(await packState(CONFIG, STATE)));
  expect(await unpackState(file)).toEqual({ config: CONFIG, state: STATE });
});

test.each([
  ['an empty file', new Uint8Array(), 'holds no machine'],
  ['noise', new Uint8Array(noise(5000)), 'holds no machine'],
  ['another format', fileOf({ format: 'other' }), 'holds no machine'],
  ['another version', fileOf({ ...HEADER, version: 2 }), 'saved in format 2, and this page reads format 1'],
  ['a machine of impossible make', fileOf({ ...HEADER, config: { ...CONFIG, dataQueues: 65 } }), 'damaged'],
  ['a header with nothing behind it', fileOf(HEADER, new ArrayBuffer()), 'no state of v86'],
  ['a header before something else', fileOf(HEADER, new Uint8Array(noise(5000)).buffer), 'no state of v86'],
  ['a state of another v86', fileOf(HEADER, v86State(128, { version: 7 })), 'states of version 7, and this one has 6'],
  ['a state of a machine with other memory', fileOf(HEADER, v86State(64)), 'more or less memory'],
])('%s is refused with the reason', async (_, file, reason) => {
  const refused = unpackState(file);
  await expect(refused).rejects.toThrow(StateError);
  await expect(refused).rejects.toThrow(reason);
});

describe('a file that was cut short is refused as damaged', () => {
  test.each([0.5, 0.999])('after %f of it', async (part) => {
    const file = await packState(CONFIG, STATE);
    await expect(unpackState(file.slice(0, file.length * part))).rejects.toThrow('damaged: it cannot be unzipped');
  });

  test('when a server unzipped it on the way', async () => {
    const file = new Uint8Array(gunzipSync(await packState(CONFIG, STATE)));
    await expect(unpackState(file.slice(0, -1))).rejects.toThrow(
      `it has ${STATE.byteLength - 1} bytes of ${STATE.byteLength}`,
    );
  });
});

test('a state whose list of values is damaged is refused', async () => {
  const state = STATE.slice();
  new Uint8Array(state).set([0x7d], 16);
  await expect(unpackState(fileOf(HEADER, state))).rejects.toThrow('list of values');
});

test('a state whose list names a buffer that is not there is refused', async () => {
  const text = new TextDecoder().decode(new Uint8Array(STATE, 16, 120));
  const state = new Uint8Array(STATE.slice());
  state.set(new TextEncoder().encode('999999'), 16 + text.indexOf('100000'));
  await expect(unpackState(fileOf(HEADER, state.buffer))).rejects.toThrow('a part of it is missing');
});

test('a file that unzips to far more than its machine has memory is not unzipped to its end', async () => {
  const small = { ...CONFIG, memoryMiB: 1 };
  let read = 0;
  const piece = new Uint8Array(8 * 1024 * 1024);
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const header = new TextEncoder().encode(`${JSON.stringify({ ...HEADER, config: small })}\n`);
      controller.enqueue(read === 0 ? header : piece);
      read += piece.length;
    },
  });
  const blob = new Blob();
  blob.stream = () => endless;
  await expect(unpackState(blob)).rejects.toThrow('more than its machine has memory');
  expect(read).toBeLessThan(128 * 1024 * 1024);
});

test('a file that is gone when it is read says so', async () => {
  const blob = new Blob();
  blob.stream = () =>
    new ReadableStream({
      pull: () => Promise.reject(new DOMException('it was moved', 'NotFoundError')),
    });
  await expect(unpackState(blob)).rejects.toThrow('cannot be read: it was moved');
});
