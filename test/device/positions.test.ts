import { describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import { noise } from '../support/memory.ts';
import { AT, IV, KEY, reference, request, session } from '../support/requests.ts';
import { RIGS } from '../support/rig.ts';

describe.each(RIGS)('%s ring', (_ring, makeRig) => {
  test('a queue that begins where another one stopped goes on there', () => {
    const rig = makeRig({ ringSize: 8 });
    const id = session(rig);
    const source = noise(64, 5);
    for (let i = 0; i < 3; i++) request(rig, { id, source });
    const stopped = rig.device.positions(0);
    rig.device.resetQueue(0);
    const queue = rig.device.queues[0];
    if (!queue) throw new RangeError('No queue 0.');
    queue.size = rig.data.size;
    queue.desc = BigInt(rig.data.desc);
    queue.driver = BigInt(rig.data.avail);
    queue.device = BigInt(rig.data.used);
    rig.device.enableQueue(0);
    expect(rig.device.positions(0)).not.toEqual(stopped);
    rig.device.setPositions(0, stopped);
    expect(rig.device.positions(0)).toEqual(stopped);
    // The driver's side knows nothing of it: its ring is where it was.
    expect(request(rig, { id, source })).toMatchObject({ completed: true, status: CRYPTO_OK });
    expect(rig.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, source));
  });

  test('positions that a ring does not have, and queues that are not enabled, are refused by name', () => {
    const { device } = makeRig({ ringSize: 8 });
    const start = device.positions(0);
    expect(() => device.setPositions(0, { nextAvail: -1, nextUsed: 0 })).toThrow(
      'positions.nextAvail is -1: give a whole number from 0 to 65535.',
    );
    expect(() => device.setPositions(0, { nextAvail: 0, nextUsed: 65536 })).toThrow('positions.nextUsed is 65536');
    expect(() => device.setPositions(7, start)).toThrow('index is 7: give that of a queue that is enabled.');
    device.resetQueue(0);
    expect(() => device.setPositions(0, start)).toThrow('index is 0: give that of a queue that is enabled.');
  });
});

test('2.8.1 a place beyond the end of a packed ring is refused', () => {
  const [, [, makePacked]] = RIGS;
  const { device } = makePacked({ ringSize: 8 });
  expect(() => device.setPositions(0, { nextAvail: 8, nextUsed: 0x8000 })).toThrow(
    'positions is 8, 32768: give places of queue 0, with the wrap counters in bit 15 (2.8.1).',
  );
});
