// A client without a system, whose driver writes the ring of its first data queue by hand.

import * as protocol from '../../../src/transport/vhost-user/protocol.ts';
import { RawRing } from '../../support/raw_ring.ts';
import { memoryTable, ringAddresses, u32s, u64 } from './client.ts';
import { type FakeOptions, fakeConnection } from './fake_host.ts';

const FILE_BYTES = 65536;
const USER = 0x7f00_0000_0000;
const SIZE = 64;
/** The buffers of a request: its header, and its status. */
export const REQUEST = [
  { address: 0x9000, bytes: 72 },
  { address: 0x8000, bytes: 1, write: true },
] as const;

/** A ring that runs, and at its descriptors 0 and 1 a request that has no meaning, and is answered at once. */
export function startedRing(features: bigint, options: FakeOptions = {}) {
  const served = fakeConnection(options);
  const { host, send } = served;
  const file = new Uint8Array(FILE_BYTES);
  const view = (address: number, bytes: number) => new DataView(file.buffer, address, bytes);
  const ring = new RawRing({ view }, 0x1000, SIZE);
  const enable = (base: number) => {
    send(protocol.SET_VRING_NUM, u32s(0, SIZE));
    send(protocol.SET_VRING_BASE, u32s(0, base));
    send(protocol.SET_VRING_ADDR, ringAddresses(0, USER + ring.desc, USER + ring.used, USER + ring.avail));
    send(protocol.SET_VRING_KICK, u64(0), ['event']);
    send(protocol.SET_VRING_ENABLE, u32s(0, 1));
  };
  send(protocol.SET_FEATURES, u64(features | (1n << 30n)));
  const table = memoryTable([{ guestAddress: 0, bytes: FILE_BYTES, userAddress: USER, fileOffset: 0 }]);
  send(protocol.SET_MEM_TABLE, table, [{ file }]);
  enable(0);
  ring.describeChain(REQUEST);
  return {
    ...{ served, host, ring, view },
    /** Signals the ring's event. */
    kick: () => {
      for (const handler of host.handlers.values()) handler();
    },
    /** Stops the ring, as a client that pauses its guest. Returns where it stands. */
    stop: () => send(protocol.GET_VRING_BASE, u32s(0, 0))?.getUint32(4, true) ?? 0,
    /** Has the ring go on from there. */
    enable,
  };
}
