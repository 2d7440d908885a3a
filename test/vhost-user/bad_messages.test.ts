// Messages that are wrong: the connection ends with a line that names the message and the field, and nothing is left of it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import { encode, memoryTable, type Region, ringAddresses, u32s, u64 } from './support/client.ts';
import { fakeConnection, type Thing } from './support/fake_host.ts';

const FILE_BYTES = 1024 * 1024;
const USER = 0x7f00_0000_0000;
const region = (changes: Partial<Region> = {}): Region => ({
  ...{ guestAddress: 0, bytes: FILE_BYTES, userAddress: USER, fileOffset: 0 },
  ...changes,
});
const file = (): Thing => ({ file: new Uint8Array(FILE_BYTES) });

let served: ReturnType<typeof fakeConnection>;
beforeEach(() => {
  served = fakeConnection();
});
afterEach(() => {
  served.end();
  expect(served.host.open.size, 'descriptors that are left').toBe(0);
  expect(served.host.mappings, 'mappings that are left').toBe(0);
});

const TOLD = (1n << 32n) | (1n << 30n);
function setUp(index = 0, changes: Partial<Record<'size' | 'desc' | 'used' | 'avail' | 'base', number>> = {}): void {
  const { size = 8, desc = USER, used = USER + 4096, avail = USER + 2048, base = 0 } = changes;
  served.send(protocol.SET_VRING_NUM, u32s(index, size));
  served.send(protocol.SET_VRING_BASE, u32s(index, base));
  served.send(protocol.SET_VRING_ADDR, ringAddresses(index, desc, used, avail));
}
const start = (index = 0) => served.send(protocol.SET_VRING_KICK, u64(index), ['event']);
const giveMemory = () => served.send(protocol.SET_MEM_TABLE, memoryTable([region()]), [file()]);

describe('headers', () => {
  test.each([
    ['an unknown message', encode(99), 'message 99: request is unknown to this device.'],
    ['a message of no offered feature', encode(6, u64(0)), 'message 6: request is unknown to this device.'],
    ['an unknown version', encode(1, undefined, 2), 'GET_FEATURES: flags is 0x2, and the version in it is not 1.'],
    ['an answer', encode(1, undefined, 5), 'GET_FEATURES: flags is 0x5, that of an answer.'],
    ['too long', encode(1, u64(0)), 'GET_FEATURES: size is 8, not 0.'],
    ['too short', encode(2, u32s(1)), 'SET_FEATURES: size is 4, not 8.'],
    ['half a region', encode(5, u32s(1, 0, 0)), 'SET_MEM_TABLE: size is 12, not 8 to 264 in steps of 32.'],
    ['nine regions', encode(5, new Uint8Array(296)), 'SET_MEM_TABLE: size is 296, not 8 to 264 in steps of 32.'],
    [
      'a session of unknown size',
      encode(26, new Uint8Array(640)),
      'CREATE_CRYPTO_SESSION: size is 640, not 632 or 1072.',
    ],
    ['a long configuration', encode(24, new Uint8Array(269)), 'GET_CONFIG: size is 269, not 12 to 268.'],
    ['4 GiB', Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255), 'SET_FEATURES: size is 4294967295, not 8.'],
  ])('%s', (_, bytes, message) => {
    expect(() => served.connection.receive(bytes.subarray(0, 12), [])).toThrow(new protocol.VhostUserError(message));
  });

  test('a message arrives in single bytes, with its descriptors beside the first one', () => {
    const bytes = encode(protocol.SET_MEM_TABLE, memoryTable([region()]));
    const descriptor = served.host.give(file());
    for (const [index, byte] of bytes.entries()) {
      expect(served.connection.wanted).toBe(index < 12 ? 12 - index : bytes.length - index);
      served.connection.receive(Uint8Array.of(byte), index === 0 ? [descriptor] : []);
    }
    expect(served.connection.unfinished).toBeUndefined();
    expect(served.memory.table).toEqual(
      [region({ userAddress: USER })].map((one) => ({ ...one, userAddress: BigInt(USER) })),
    );
  });

  test('several messages arrive at once', () => {
    served.connection.receive(Buffer.concat([encode(1), encode(15), encode(17)]), []);
    expect(served.host.sent.map((bytes) => bytes[0])).toEqual([1, 15, 17]);
  });

  test('a client that goes in the middle of a message', () => {
    served.connection.receive(encode(protocol.SET_MEM_TABLE, memoryTable([region()])).subarray(0, 30), [
      served.host.give(file()),
    ]);
    expect(served.connection.unfinished).toBe('SET_MEM_TABLE: 30 of 52 bytes');
  });

  test('an answer only where one is asked for', () => {
    expect(served.send(protocol.SET_OWNER)).toBeUndefined();
    expect(served.send(protocol.SET_OWNER, undefined, [], 9)?.getBigUint64(0, true)).toBe(0n);
    expect(served.send(protocol.GET_QUEUE_NUM, undefined, [], 9)?.getBigUint64(0, true)).toBe(2n);
    expect(served.host.sent).toHaveLength(2);
  });
});

describe('descriptors', () => {
  test.each([
    [
      'none for a region',
      protocol.SET_MEM_TABLE,
      memoryTable([region()]),
      [],
      'SET_MEM_TABLE: nregions is 1, and 0 descriptors came with it.',
    ],
    [
      'two for a region',
      protocol.SET_MEM_TABLE,
      memoryTable([region()]),
      [file(), file()],
      'SET_MEM_TABLE: nregions is 1, and 2 descriptors came with it.',
    ],
    [
      'one for a message without',
      protocol.SET_OWNER,
      u64(0).subarray(8),
      ['event'],
      'SET_OWNER: 1 descriptors came with it, 0 at most belong to it.',
    ],
    [
      'two for a kick',
      protocol.SET_VRING_KICK,
      u64(0),
      ['event', 'event'],
      'SET_VRING_KICK: 2 descriptors came with it, 1 at most belong to it.',
    ],
    [
      'none for a call',
      protocol.SET_VRING_CALL,
      u64(0),
      [],
      'SET_VRING_CALL: ring 0: 0 descriptors came with it, not 1.',
    ],
    [
      'one although none is said',
      protocol.SET_VRING_ERR,
      u64(0x100),
      ['event'],
      'SET_VRING_ERR: ring 0: 1 descriptors came with it, not 0.',
    ],
    [
      'a kick without',
      protocol.SET_VRING_KICK,
      u64(0x100),
      [],
      'SET_VRING_KICK: ring 0: no descriptor came with it, and rings are not polled.',
    ],
    [
      'a kick that is no event',
      protocol.SET_VRING_KICK,
      u64(0),
      ['socket'],
      'SET_VRING_KICK: ring 0: the descriptor is no eventfd.',
    ],
    [
      'a call that is no event',
      protocol.SET_VRING_CALL,
      u64(1),
      ['socket'],
      'SET_VRING_CALL: ring 1: the descriptor is no eventfd.',
    ],
    [
      'bits beyond',
      protocol.SET_VRING_CALL,
      u64(0x200),
      ['event'],
      'SET_VRING_CALL: ring 0: u64 is 0x200, with bits that have no meaning.',
    ],
  ] as const)('%s', (_, request, payload, things, message) => {
    expect(() => served.send(request, payload, things)).toThrow(new protocol.VhostUserError(message));
  });
});

describe('memory tables', () => {
  const two = (changes: Partial<Region>): Region[] => [
    region({ bytes: 65536 }),
    region({ bytes: 65536, guestAddress: 65536, userAddress: USER + 65536, fileOffset: 65536, ...changes }),
  ];
  test.each([
    ['an empty region', [region({ bytes: 0 })], 'region 0: memory_size is 0.'],
    [
      'a guest address that wraps',
      [region({ guestAddress: 2 ** 63 })],
      'region 0: guest_phys_addr is 0x8000000000000000, and it ends beyond 0x10000000000000.',
    ],
    [
      'the memory of the daemon',
      [region({ guestAddress: 2 ** 52 })],
      'region 0: guest_phys_addr is 0x10000000000000, and it ends beyond 0x10000000000000.',
    ],
    [
      'an endless region',
      [region({ bytes: 2 ** 63 })],
      'region 0: memory_size is 0x8000000000000000, more than a machine can have.',
    ],
    [
      'a user address that wraps',
      [region({ userAddress: 2 ** 64 - 65536 })],
      'region 0: userspace_addr is 0xffffffffffff0000, and it ends beyond the last address.',
    ],
    [
      'an offset beyond all files',
      [region({ fileOffset: 2 ** 62 })],
      'region 0: mmap_offset is 0x4000000000000000, beyond any file.',
    ],
    [
      'an odd offset',
      [region({ bytes: 4096, fileOffset: 1 })],
      'region 0: guest_phys_addr and mmap_offset are not both even or odd.',
    ],
    ['guest addresses that overlap', two({ guestAddress: 65535 - 4095 }), 'region 1 and region 0 overlap.'],
    ['user addresses that overlap', two({ userAddress: USER }), 'region 1 and region 0 overlap.'],
    ['more than the file', [region({ bytes: FILE_BYTES + 2 })], 'a region exceeds the file.'],
  ])('%s', (_, regions, message) => {
    expect(() => served.send(protocol.SET_MEM_TABLE, memoryTable(regions), regions.map(file))).toThrow(
      new protocol.VhostUserError(`SET_MEM_TABLE: ${message}`),
    );
  });

  test('a count that is not what the message has', () => {
    const payload = memoryTable([region()]);
    payload[0] = 2;
    expect(() => served.send(protocol.SET_MEM_TABLE, payload, [file()])).toThrow(
      'SET_MEM_TABLE: nregions is 2, and the message has 1 of at most 8.',
    );
  });

  test('something that cannot be mapped', () => {
    expect(() => served.send(protocol.SET_MEM_TABLE, memoryTable([region()]), ['socket'])).toThrow(
      'SET_MEM_TABLE: a descriptor cannot be mapped',
    );
  });

  test('eight regions, and another table in their place', () => {
    const regions = Array.from({ length: 8 }, (_, i) =>
      region({ guestAddress: i * 0x1_0000_0000, bytes: 65536, userAddress: USER + i * 65536, fileOffset: i * 65536 }),
    );
    served.send(protocol.SET_MEM_TABLE, memoryTable(regions), regions.map(file));
    expect(served.host.mappings).toBe(8);
    giveMemory();
    expect(served.host.mappings).toBe(1);
  });

  test.each([
    ['moves', [region({ guestAddress: 4096 })]],
    ['leaves out', [region({ bytes: 65536, userAddress: USER + 65536 })]],
    ['cuts', [region({ bytes: 4098 })]],
  ])('one that %s a ring that runs', (_, regions) => {
    served.send(protocol.SET_FEATURES, u64(1n << 30n));
    giveMemory();
    setUp();
    start();
    expect(() => served.send(protocol.SET_MEM_TABLE, memoryTable(regions), regions.map(file))).toThrow(
      'SET_MEM_TABLE: regions leave out, or move, ring 0, which runs.',
    );
  });

  test('one that keeps a ring that runs', () => {
    served.send(protocol.SET_FEATURES, u64(1n << 30n));
    giveMemory();
    setUp();
    start();
    served.send(protocol.SET_MEM_TABLE, memoryTable([region({ bytes: 65536 })]), [file()]);
    expect(served.device.queues[0]?.enabled).toBe(true);
  });
});

describe('rings', () => {
  beforeEach(() => void served.send(protocol.SET_FEATURES, u64(1n << 30n)));

  test.each([
    ['SET_VRING_NUM', protocol.SET_VRING_NUM, u32s(2, 8)],
    ['SET_VRING_BASE', protocol.SET_VRING_BASE, u32s(2, 0)],
    ['SET_VRING_ENABLE', protocol.SET_VRING_ENABLE, u32s(2, 1)],
    ['GET_VRING_BASE', protocol.GET_VRING_BASE, u32s(2, 0)],
    ['SET_VRING_ADDR', protocol.SET_VRING_ADDR, ringAddresses(2, 0, 0, 0)],
  ])('%s of a ring that is none', (name, request, payload) => {
    expect(() => served.send(request, payload)).toThrow(`${name}: index is 2, and there are 2 rings.`);
  });

  test.each([0, 32769, 0xffffffff])('a size of %i', (size) => {
    expect(() => served.send(protocol.SET_VRING_NUM, u32s(0, size))).toThrow(
      `SET_VRING_NUM: ring 0: num is ${size}, not 1 to 32768.`,
    );
  });

  test('a log, and an enable that is neither', () => {
    const payload = ringAddresses(0, 0, 0, 0);
    payload[4] = 1;
    expect(() => served.send(protocol.SET_VRING_ADDR, payload)).toThrow(
      'SET_VRING_ADDR: ring 0: flags is 1: a log is not offered.',
    );
  });

  test('an enable that is neither 0 nor 1', () => {
    expect(() => served.send(protocol.SET_VRING_ENABLE, u32s(0, 2))).toThrow(
      'SET_VRING_ENABLE: ring 0: num is 2, not 0 or 1.',
    );
  });

  test('a kick before all that it needs', () => {
    expect(() => start()).toThrow('SET_VRING_KICK: ring 0: there is no memory table yet.');
  });

  test('a kick before the size', () => {
    giveMemory();
    expect(() => start()).toThrow('SET_VRING_KICK: ring 0: its size was not set.');
  });

  test('a kick before the addresses', () => {
    giveMemory();
    served.send(protocol.SET_VRING_NUM, u32s(0, 8));
    expect(() => start()).toThrow('SET_VRING_KICK: ring 0: its addresses were not set.');
  });

  test.each([
    ['desc_user_addr', { desc: 16 }, 'desc_user_addr is 0x10, which no region has.'],
    ['used_user_addr', { used: USER + FILE_BYTES }, 'used_user_addr is 0x7f0000100000, which no region has.'],
    ['avail_user_addr', { avail: USER - 2 }, 'avail_user_addr is 0x7efffffffffe, which no region has.'],
    [
      'a part that goes beyond its region',
      { used: USER + FILE_BYTES - 16 },
      'num or an address is not possible, or a part is not inside one region.',
    ],
    [
      'a size that is no power of two',
      { size: 7 },
      'num or an address is not possible, or a part is not inside one region.',
    ],
    [
      'an address that is not aligned',
      { desc: USER + 8 },
      'num or an address is not possible, or a part is not inside one region.',
    ],
    ['a size beyond the queue', { size: 2048 }, 'num is 2048, and the queue has at most 1024.'],
  ])('%s', (_, changes, message) => {
    giveMemory();
    setUp(0, changes);
    expect(() => start()).toThrow(new protocol.VhostUserError(`SET_VRING_KICK: ring 0: ${message}`));
  });

  test('a kick of a ring that is not enabled starts nothing where the features are told', () => {
    served.send(protocol.SET_FEATURES, u64(TOLD));
    giveMemory();
    setUp();
    start();
    expect(served.device.queues[0]?.enabled).toBe(false);
    served.send(protocol.SET_VRING_ENABLE, u32s(0, 1));
    expect(served.device.queues[0]?.enabled).toBe(true);
    served.send(protocol.SET_VRING_ENABLE, u32s(0, 0));
    expect(served.device.queues[0]?.enabled).toBe(false);
  });

  test('a ring says where it stands, and stops', () => {
    giveMemory();
    setUp(0, { base: 77 });
    start();
    const answer = served.send(protocol.GET_VRING_BASE, u32s(0, 0));
    expect([answer?.getUint32(0, true), answer?.getUint32(4, true)]).toEqual([0, 77]);
    expect(served.host.handlers.size).toBe(0);
  });
});

describe('features and configuration', () => {
  test('features that are not offered', () => {
    expect(() => served.send(protocol.SET_FEATURES, u64(1n << 63n))).toThrow(
      'SET_FEATURES: features has 0x8000000000000000, which is not offered.',
    );
  });

  test('protocol features that are not offered', () => {
    expect(() => served.send(protocol.SET_PROTOCOL_FEATURES, u64(4))).toThrow(
      'SET_PROTOCOL_FEATURES: features has 0x4, which is not offered.',
    );
  });

  test('other features while a ring runs', () => {
    served.send(protocol.SET_FEATURES, u64(1n << 30n));
    giveMemory();
    setUp();
    start();
    expect(() => served.send(protocol.SET_FEATURES, u64(TOLD))).toThrow(
      'SET_FEATURES: features is 0x100000000, other ones while rings run.',
    );
  });

  test('2.6.1, 2.9: what no message carries is not offered', () => {
    const wide = fakeConnection({ features: { notificationData: true, ringReset: true } });
    expect((wide.send(protocol.GET_FEATURES)?.getBigUint64(0, true) ?? 0n) & ((1n << 38n) | (1n << 40n))).toBe(0n);
    wide.end();
  });

  test('the configuration, and what is beyond it', () => {
    const answer = served.send(protocol.GET_CONFIG, Buffer.concat([u32s(4, 60, 0), new Uint8Array(60)]));
    expect(answer?.getUint32(12, true), 'max_dataqueues').toBe(1);
    expect(answer?.getUint32(12 + 56, true)).toBe(0);
    expect(() => served.send(protocol.GET_CONFIG, Buffer.concat([u32s(0, 57, 0), new Uint8Array(56)]))).toThrow(
      'GET_CONFIG: size is 57, and the message has room for 56.',
    );
  });

  test('an offset beyond the configuration', () => {
    expect(() => served.send(protocol.GET_CONFIG, u32s(257, 0, 0))).toThrow(
      'GET_CONFIG: offset is 257, 256 at most is possible.',
    );
  });

  test('a write to the configuration changes nothing', () => {
    served.send(protocol.SET_CONFIG, Buffer.concat([u32s(0, 4, 0), u32s(7)]));
    expect(served.device.config.byte(0)).toBe(1);
  });
});
