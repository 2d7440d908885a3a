// Linux's driver lists the rest of a scattered content again with each piece of it: chains of hundreds of buffers, few of which
// carry anything.
import { afterEach, expect, test } from 'vitest';
import { CIPHER_AES_CBC, CRYPTO_OK, DATA_LEGACY_BYTES } from '../../spec/crypto.ts';
import { cipherRequest } from '../support/cipher_requests.ts';
import { numbers, turn } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { KEY, reference, session, UNWRITTEN } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';
import type { RawBuffer } from '../support/test_ring.ts';

const HEADER = 0x80000;
const IV = 0x80100;
const SOURCE = 0x81000;
const DESTINATION = 0x90000;
const STATUS = 0xa0000;
const PIECE = 64;
const PIECES = 32;

let rig: AnyRig;
afterEach(() => rig.device.dispose());

/** All pieces, then all but the first, and so on. */
function scattered(from: number, write: boolean): RawBuffer[] {
  return numbers(PIECES).flatMap((first) =>
    numbers(PIECES - first).map((index) => ({ address: from + (first + index) * PIECE, bytes: PIECE, write })),
  );
}

test.each(RIGS)('a request in a thousand buffers runs in a worker (%s ring)', async (_, makeRig) => {
  rig = makeRig({ backend: 'workers', workers: 1, queueSize: 2048 });
  await rig.device.backendReady;
  const id = session(rig);
  const bytes = PIECES * PIECE;
  rig.write(HEADER, cipherRequest(id, CIPHER_AES_CBC, 'encrypt', { iv: 16, source: bytes, destination: bytes }));
  rig.write(IV, noise(16, 1));
  rig.write(SOURCE, noise(bytes, 2));
  rig.write(STATUS, Uint8Array.of(UNWRITTEN));
  const chain: RawBuffer[] = [
    { address: HEADER, bytes: DATA_LEGACY_BYTES },
    { address: IV, bytes: 16 },
    ...scattered(SOURCE, false),
    ...scattered(DESTINATION, true),
    { address: STATUS, bytes: 1, write: true },
  ];
  const before = rig.data.usedIdx;
  rig.data.describeChain(chain, 0);
  rig.data.offer(0);
  rig.device.notify(0);
  while (rig.data.usedIdx === before) await turn();
  expect(rig.device.statistics().elsewhere.workers).toBe(1);
  expect(rig.read(STATUS, 1)).toEqual(Uint8Array.of(CRYPTO_OK));
  expect(rig.read(DESTINATION, bytes)).toEqual(reference('encrypt', KEY, noise(16, 1), noise(bytes, 2)));
});
