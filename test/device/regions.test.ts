// Guest memory that is plugged and unplugged while the device runs, in the engine's memory and elsewhere.
import { afterEach, describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import { FAULT_DESCRIPTOR_ADDRESS } from '../../spec/engine.ts';
import type { ForeignRegion } from '../../src/engine/foreign/port.ts';
import type { GuestRegion } from '../../src/engine/memory.ts';
import { turn } from '../support/flight.ts';
import { asForeign } from '../support/foreign.ts';
import { noise } from '../support/memory.ts';
import { AT, expectWorksAfterReset, IV, KEY, prepare, reference, session } from '../support/requests.ts';
import { Rig, type RigOptions } from '../support/rig.ts';

const LOW: GuestRegion = { guestAddress: 0, bytes: 1024 * 1024, offset: 65536 };
const HIGH: GuestRegion = { guestAddress: 0x4000_0000, bytes: 65536, offset: 65536 + 1024 * 1024 };
const BYTES = 1024;
const SOURCE = noise(BYTES, 40);

let rig: Rig | undefined;
afterEach(() => rig?.device.dispose());

describe.each([
  ['in the memory of the engine', {}],
  ['foreign', { guestMemory: asForeign }],
] as const)('guest memory %s', (_kind, kind) => {
  // An offset would say that a foreign region lies in the engine's memory.
  const given = ({ offset, ...region }: GuestRegion): ForeignRegion =>
    'guestMemory' in kind ? region : { ...region, offset };
  const [low, high] = [given(LOW), given(HIGH)] as const;

  /** A device whose memory has both regions, and is told of the lower one alone. */
  function up(options: RigOptions = {}): Rig {
    rig = new Rig({ regions: [LOW, HIGH], ...kind, ...options });
    rig.device.setRegions([low]);
    return rig;
  }

  /** Offers a request whose source and result stand in the higher region. */
  function offer(to: Rig, id: bigint): void {
    const [header, iv, , , status] = prepare(to, { id, source: SOURCE });
    if (!header || !iv || !status) throw new RangeError('The chain has five buffers.');
    to.write(HIGH.guestAddress, SOURCE);
    to.data.describeChain([
      header,
      iv,
      { address: HIGH.guestAddress, bytes: BYTES },
      { address: HIGH.guestAddress + BYTES, bytes: BYTES, write: true },
      status,
    ]);
    to.data.offer(0);
    to.device.notify(0);
  }
  const starts = (of: Rig) => of.device.guest.regions.map(({ guestAddress }) => guestAddress);
  const result = (of: Rig) => of.read(HIGH.guestAddress + BYTES, BYTES);

  test('a region that is added is RAM at once, and one that was removed is none', () => {
    const made = up();
    const id = session(made);
    made.device.setRegions([low, high]);
    offer(made, id);
    expect(made.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    expect(result(made)).toEqual(reference('encrypt', KEY, IV, SOURCE));
    expect(starts(made)).toEqual([LOW.guestAddress, HIGH.guestAddress]);
    made.device.setRegions([low]);
    offer(made, id);
    expect(made.device.fault).toMatchObject({ code: FAULT_DESCRIPTOR_ADDRESS, queue: 0 });
    made.bringUp();
    expectWorksAfterReset(made);
  });

  test.each(['inline', 'workers'] as const)(
    'a request that is under way when its region goes is completed there: %s',
    async (backend) => {
      const made = up({ backend, workers: 1 });
      await made.device.backendReady;
      const id = session(made);
      made.device.setRegions([low, high]);
      offer(made, id);
      made.device.setRegions([low]);
      expect(made.data.usedIdx).toBe(1);
      expect(result(made)).toEqual(reference('encrypt', KEY, IV, SOURCE));
      await turn();
      expect(made.needsReset).toBe(false);
    },
  );

  test('a region with the ring of a queue that is enabled stays until that queue is reset', () => {
    const made = up();
    made.device.setRegions([low, high]);
    made.data = made.ringAt(HIGH.guestAddress, 16);
    made.bringUp();
    const refused = 'regions leave out, or move, memory at 0x40000000 where queue 0 has its ring: reset that queue';
    expect(() => made.device.setRegions([low])).toThrow(refused);
    expect(() => made.device.setRegions([low, { ...high, guestAddress: HIGH.guestAddress + 4096 }])).toThrow(refused);
    expect(starts(made)).toEqual([LOW.guestAddress, HIGH.guestAddress]);
    expectWorksAfterReset(made);
    made.device.resetQueue(0);
    made.device.setRegions([low]);
    expect(starts(made)).toEqual([LOW.guestAddress]);
  });

  test('regions that cannot be are refused by name, and those of before stay', () => {
    const made = up();
    expect(() => made.device.setRegions([low, { ...high, guestAddress: 4096 }])).toThrow(
      'regions[1].guestAddress is 4096, which regions[0] has already: give regions apart from each other.',
    );
    expect(() => Reflect.apply(made.device.setRegions, made.device, [undefined])).toThrow(
      'regions is undefined: give an array.',
    );
    expect(starts(made)).toEqual([LOW.guestAddress]);
    expectWorksAfterReset(made);
  });
});

test('regions of the memory of the engine stay away from what the device has of it', () => {
  rig = new Rig({ regions: [LOW] });
  const { engine } = rig;
  const move = (offset: number, bytes: number) => () =>
    rig?.device.setRegions([LOW, { guestAddress: 0x4000_0000, bytes, offset }]);
  expect(move(engine.start - 1, 2)).toThrow(
    `regions[1].offset is ${engine.start - 1}, and the device has memory of its own`,
  );
  expect(move(engine.end - 1, 1)).toThrow('give a region apart from it.');
  expect(move(engine.end, 2 ** 31)).toThrow('make it shorter, or the memory larger.');
  expect(() => rig?.device.setRegions([LOW, Object.assign({}, { guestAddress: 0x4000_0000, bytes: 16 })])).toThrow(
    'regions[1].offset is undefined: give a whole number of bytes.',
  );
});
