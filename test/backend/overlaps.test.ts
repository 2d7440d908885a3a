// Chains that read or write what requests under way have yet to write: the result is as if each had been done before the next was looked
// at, although several of them run at once in workers.
import { afterEach, describe, expect, test } from 'vitest';
import { CIPHER_AES_CBC, CRYPTO_OK, DATA_LEGACY_BYTES } from '../../spec/crypto.ts';
import { F_IN_ORDER } from '../../spec/virtio.ts';
import { cipherRequest } from '../support/cipher_requests.ts';
import { Flight, numbers } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { IV, KEY, reference, session, UNWRITTEN } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, RIGS, VERSION_1 } from '../support/rig.ts';

const REQUESTS = 400;
/** So few areas that requests meet all the time; each begins in the middle of the one before. */
const AREAS = 12;
const AREA_BYTES = 512;
const AREAS_AT = 0x60000;
const HEADERS_AT = 0x80000;
const HEADER_BYTES = 0x100;
const STATUSES_AT = 0xf0000;
const BUFFERS = 5;

const areaAt = (area: number) => AREAS_AT + (area * AREA_BYTES) / 2;
const ALL_BYTES = ((AREAS + 1) * AREA_BYTES) / 2;

/** Which area each request reads, and which it writes: any, in place as well. */
const choices = noise(2 * REQUESTS, 71);
const pairs = numbers(REQUESTS).map((i) => [(choices[2 * i] ?? 0) % AREAS, (choices[2 * i + 1] ?? 0) % AREAS] as const);

/** What stands in the areas when each request was done in turn. */
function expected(): Uint8Array {
  const memory = noise(ALL_BYTES, 72);
  for (const [source, destination] of pairs) {
    const data = memory.slice(areaAt(source) - AREAS_AT, areaAt(source) - AREAS_AT + AREA_BYTES);
    memory.set(reference('encrypt', KEY, IV, data), areaAt(destination) - AREAS_AT);
  }
  return memory;
}

function offer(rig: AnyRig, id: bigint, index: number): void {
  const [source, destination] = pairs[index] ?? [0, 0];
  const header = HEADERS_AT + index * HEADER_BYTES;
  const sizes = { iv: IV.length, source: AREA_BYTES, destination: AREA_BYTES };
  rig.write(header, cipherRequest(id, CIPHER_AES_CBC, 'encrypt', sizes));
  rig.write(header + 0x80, IV);
  rig.write(STATUSES_AT + index, Uint8Array.of(UNWRITTEN));
  rig.data.describeChain(
    [
      { address: header, bytes: DATA_LEGACY_BYTES },
      { address: header + 0x80, bytes: IV.length },
      { address: areaAt(source), bytes: AREA_BYTES },
      { address: areaAt(destination), bytes: AREA_BYTES, write: true },
      { address: STATUSES_AT + index, bytes: 1, write: true },
    ],
    BUFFERS * index,
  );
  rig.data.offer(BUFFERS * index);
}

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  let rig: AnyRig;
  afterEach(() => rig.device.dispose());

  test.each([
    ['in any order', 0n],
    ['used in order (2.7.9)', feature(F_IN_ORDER)],
  ])('requests over the same bytes, %s, come to what one after the other does', async (_order, order) => {
    rig = makeRig({ backend: 'workers', workers: 2, queueSize: 2048, features: VERSION_1 | INDIRECT | order });
    rig.data = rig.ringAt(0x10000, 2048);
    rig.bringUp();
    await rig.device.backendReady;
    const id = session(rig);
    rig.write(AREAS_AT, noise(ALL_BYTES, 72));
    const before = rig.data.usedIdx;
    for (const index of numbers(REQUESTS)) offer(rig, id, index);
    rig.device.notify(0);
    await new Flight(rig).used(before, REQUESTS);
    expect(rig.read(AREAS_AT, ALL_BYTES)).toEqual(expected());
    expect(rig.read(STATUSES_AT, REQUESTS)).toEqual(new Uint8Array(REQUESTS).fill(CRYPTO_OK));
    expect(rig.device.statistics().elsewhere.workers).toBe(REQUESTS);
  });
});
