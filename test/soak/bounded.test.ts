import { describe, expect, test } from 'vitest';
import { CRYPTO_ERR } from '../../spec/crypto.ts';
import { memoryNow } from '../support/heap.ts';
import { noise } from '../support/memory.ts';
import { AT, IV, KEY, openSession, prepare, reference, send, session } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';
import type { RawBuffer } from '../support/test_ring.ts';

const { SOAK_SECONDS = '0' } = process.env;
/** Half of the time for each kind of ring: so many rounds are done, and more while there is time. */
const SOAK_MS = (Number(SOAK_SECONDS) * 1000) / 2;
/** Code is compiled, allocators take what they will keep. */
const WARM_UP_ROUNDS = 4;
/** Eight bytes that each of a round's chains leaves behind are more than the heap may grow by. */
const ROUNDS = 8;
const MIB = 1024 * 1024;
const QUEUE_SIZE = 32768;
const SESSIONS = 1024;

/** What the heap may have grown by after full collections: the runtime's own caches. One large request that leaks is twice that. */
const HEAP_GROWTH_MAX = MIB;
/** The process's memory counts pages that its allocator keeps, too: more noise, and still less than a leak in all rounds. */
const PROCESS_GROWTH_MAX = 16 * MIB;
/**
 * The process may grow in some of these trials: Node 26's V8 lets its young generation grow for about 30 rounds, to 100 MB more than at
 * first, and keeps the pages. In one trial it must not grow. What leaks in each round grows in all of them.
 */
const TRIALS = 8;

/** Guest-physical: the large ring, and source and destination of large requests. */
const RAM_BYTES = 8 * MIB;
const RING_AT = 2 * MIB;
const SOURCE_AT = 4 * MIB;
const DESTINATION_AT = 6 * MIB;

const LARGE = noise(MIB, 63);
const LARGE_RESULT = reference('encrypt', KEY, IV, LARGE);

/** Everything that a guest may ask for at once, and then a reset in the middle of it. */
function round(rig: AnyRig): void {
  const ids = Array.from({ length: SESSIONS }, () => session(rig));
  expect(rig.device.sessionCount).toBe(SESSIONS);
  expect(openSession(rig).status).toBe(CRYPTO_ERR);
  const [id = 0n] = ids;

  // As many chains as the ring has descriptors: each is a table.
  const chain = prepare(rig, { id });
  for (let i = 0; i < QUEUE_SIZE; i++) rig.data.describeIndirect(chain, AT.table, i);
  const before = rig.device.requests(0);
  for (let i = 0; i < QUEUE_SIZE; i++) rig.data.offer(i);
  rig.device.notify(0);
  expect(rig.device.requests(0)).toBe(before + QUEUE_SIZE);

  const large = largeRequest(rig, id);
  for (let i = 0; i < 4; i++) {
    rig.data.describeIndirect(large, AT.table);
    expect(send(rig, 'data').completed).toBe(true);
    expect(Buffer.compare(rig.read(DESTINATION_AT, LARGE.length), LARGE_RESULT)).toBe(0);
  }

  // What is available is lost with the reset.
  rig.data.offer(0);
  rig.bringUp();
  expect(rig.device.sessionCount).toBe(0);
}

function largeRequest(rig: AnyRig, id: bigint): RawBuffer[] {
  const chain = prepare(rig, { id, source: LARGE });
  rig.write(SOURCE_AT, LARGE);
  return chain.map((buffer) => {
    if (buffer.address === AT.source) return { ...buffer, address: SOURCE_AT };
    return buffer.address === AT.destination ? { ...buffer, address: DESTINATION_AT } : buffer;
  });
}

describe.each(RIGS)('the worst legal load on a %s ring', (_, makeRig) => {
  test('32,768 chains, requests of 1 MiB, sessions to the limit and resets leave memory as it was', () => {
    const regions = [{ guestAddress: 0, bytes: RAM_BYTES, offset: 65536 }];
    const rig = makeRig({
      queueSize: QUEUE_SIZE,
      maxSessions: SESSIONS,
      // IV, source and destination of a request together.
      maxRequestBytes: IV.length + 2 * MIB,
      regions,
      ringSize: 64,
      start: false,
    });
    rig.data = rig.ringAt(RING_AT, QUEUE_SIZE);
    rig.bringUp();
    const wasmBytes = rig.memory.buffer.byteLength;
    const started = performance.now();
    /** @returns how many rounds there were */
    const soak = (least: number, untilMs: number) => {
      let rounds = 0;
      for (; rounds < least || performance.now() - started < untilMs; rounds++) round(rig);
      return rounds;
    };
    soak(WARM_UP_ROUNDS, SOAK_MS / 3);
    let grown = Number.POSITIVE_INFINITY;
    for (let trial = 0; trial < TRIALS && grown >= PROCESS_GROWTH_MAX; trial++) {
      const before = memoryNow();
      const rounds = soak(ROUNDS, SOAK_MS);
      const after = memoryNow();
      console.log(`${rounds} rounds after warm-up`, before, after);
      expect(rig.memory.buffer.byteLength).toBe(wasmBytes);
      expect(after.heap - before.heap).toBeLessThan(HEAP_GROWTH_MAX);
      grown = after.process - before.process;
    }
    expect(grown).toBeLessThan(PROCESS_GROWTH_MAX);
  }, 600_000);
});
