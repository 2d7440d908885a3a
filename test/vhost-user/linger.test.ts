// 2.7.10: a client that sends one request after the other is not asked for notifications while the daemon looks at its ring anyway.
import { afterEach, expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { LINGER_MS, Patience } from '../../src/transport/vhost-user/patience.ts';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import { RawRing } from '../support/raw_ring.ts';
import { memoryTable, ringAddresses, u32s, u64 } from './support/client.ts';
import { fakeConnection } from './support/fake_host.ts';

const FILE_BYTES = 65536;
const USER = 0x7f00_0000_0000;
const STATUS = 0x8000;
const VERSION_1 = 1n << BigInt(virtio.F_VERSION_1);
const EVENT_IDX = 1n << BigInt(virtio.F_EVENT_IDX);

let served: ReturnType<typeof fakeConnection> | undefined;
afterEach(() => served?.end());

/** A ring that runs, with a request that has no meaning and is answered at once. */
function start(features: bigint) {
  served = fakeConnection();
  const { host, send } = served;
  const file = new Uint8Array(FILE_BYTES);
  const view = (address: number, bytes: number) => new DataView(file.buffer, address, bytes);
  const ring = new RawRing({ view }, 0x1000, 64);
  send(protocol.SET_FEATURES, u64(features | (1n << 30n)));
  const table = memoryTable([{ guestAddress: 0, bytes: FILE_BYTES, userAddress: USER, fileOffset: 0 }]);
  send(protocol.SET_MEM_TABLE, table, [{ file }]);
  send(protocol.SET_VRING_NUM, u32s(0, 64));
  send(protocol.SET_VRING_ADDR, ringAddresses(0, USER + ring.desc, USER + ring.used, USER + ring.avail));
  send(protocol.SET_VRING_KICK, u64(0), ['event']);
  send(protocol.SET_VRING_ENABLE, u32s(0, 1));
  ring.describeChain([
    { address: 0x9000, bytes: 72 },
    { address: STATUS, bytes: 1, write: true },
  ]);
  const [kick] = host.handlers.values();
  return { host, ring, kick: kick ?? (() => {}) };
}

test.each([
  ['event indices', VERSION_1 | EVENT_IDX, (ring: RawRing) => ring.availEvent !== ring.availIdx],
  ['flags', VERSION_1, (ring: RawRing) => ring.usedFlags === virtio.USED_F_NO_NOTIFY],
  ['features that are not known', 0n, (ring: RawRing) => ring.availEvent !== ring.availIdx],
] as const)('requests that follow each other need no event, with %s', (_, features, isQuiet) => {
  const { host, ring, kick } = start(features);
  const once = () => {
    ring.offer(0);
    kick();
  };
  once();
  let sent = 0;
  const quiet: boolean[] = [];
  host.onLook = () => {
    if (ring.usedIdx !== ring.availIdx || sent === 5) return;
    quiet.push(isQuiet(ring));
    if (!quiet.at(-1)) return;
    ring.offer(0);
    sent++;
  };
  once();
  expect(sent).toBe(5);
  expect(ring.usedIdx).toBe(7);
  host.onLook = () => {};
  expect(features & EVENT_IDX || !(features & VERSION_1) ? ring.availEvent === 7 : ring.usedFlags === 0).toBe(true);
});

test('a client that keeps a ring busy lets other work run: the ring goes on later', () => {
  const { host, ring, kick } = start(VERSION_1 | EVENT_IDX);
  ring.offer(0);
  kick();
  host.onLook = () => {
    if (ring.usedIdx === ring.availIdx) ring.offer(0);
  };
  let later = 0;
  host.onAgain = () => later++;
  ring.offer(0);
  kick();
  expect(later).toBe(1);
});

test('each time in vain doubles the events until the next trial, up to a limit; a request resets it', () => {
  const patience = new Patience();
  const trials: number[] = [];
  patience.left(0);
  for (let event = 0; event < 4000; event++) {
    if (patience.worthwhile(0)) {
      trials.push(event);
      patience.inVain();
    }
  }
  expect(trials.slice(0, 5)).toEqual([0, 2, 6, 14, 30]);
  expect((trials.at(-1) ?? 0) - (trials.at(-2) ?? 0)).toBe(1025);
  patience.rewarded();
  patience.inVain();
  expect([patience.worthwhile(0), patience.worthwhile(0)]).toEqual([false, true]);
});

test('a request after a long time is not waited for', () => {
  const patience = new Patience();
  expect(patience.worthwhile(0)).toBe(false);
  patience.left(1);
  expect(patience.worthwhile(1 + LINGER_MS)).toBe(true);
  expect(patience.worthwhile(2)).toBe(false);
});
