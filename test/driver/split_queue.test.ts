import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { SplitQueue } from '../../src/driver/split_queue.ts';

/** A queue whose device is the test. */
function queueOf(size: number, inOrder = true) {
  const memory = new Uint8Array(65536);
  const view = new DataView(memory.buffer);
  const features = { indirect: false, eventIdx: false, inOrder };
  const queue = new SplitQueue(0, size, () => memory, new RamAllocator(0x1000, 65536), features);
  let idx = 0;
  return {
    queue,
    setUsedIdx: (value: number) => view.setUint16(queue.used + spec.USED_IDX, value, true),
    /** The device uses a batch of chains, of which `head` is the last. */
    use: (head: number, batch: number, written = 0) => {
      const element = queue.used + spec.USED_RING + (idx % size) * spec.USED_ELEM_BYTES;
      view.setUint32(element + spec.USED_ELEM_ID, head, true);
      view.setUint32(element + spec.USED_ELEM_LEN, written, true);
      idx += batch;
      view.setUint16(queue.used + spec.USED_IDX, idx, true);
    },
  };
}

const pair = { readable: [{ address: 16, bytes: 8 }], writable: [{ address: 32, bytes: 5 }] };

describe('2.7.9 in-order use of descriptors', () => {
  test('one used element stands for all chains up to its own', () => {
    const { queue, use } = queueOf(8);
    const heads = [pair, pair, pair, pair].map((chain) => queue.add(chain));
    expect(heads).toEqual([0, 2, 4, 6]);
    use(heads[2] ?? 0, 3, 4);
    expect(queue.takeUsed()).toEqual([
      { head: 0, written: 5 },
      { head: 2, written: 5 },
      { head: 4, written: 4 },
    ]);
    expect(queue.inFlight).toBe(1);
  });

  test('descriptors are used in ring order, round after round', () => {
    const { queue, use } = queueOf(8);
    const heads: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) heads.push(queue.add(pair));
      use(heads.at(-1) ?? 0, 4);
      expect(queue.takeUsed()).toHaveLength(4);
    }
    expect(heads).toEqual([0, 2, 4, 6, 0, 2, 4, 6, 0, 2, 4, 6]);
  });
});

describe('what a device may not do breaks the queue', () => {
  const message = (did: string, section: string) =>
    `Queue 0 is broken: the device ${did} (${section}). Reset the queue or the device.`;

  test.each([2, 100, 0xffff_ffff])('2.7.8 an id that is not in flight: %i', (id) => {
    const { queue, use } = queueOf(8, false);
    queue.add(pair);
    use(id, 1);
    expect(queue.takeUsed()).toEqual([]);
    expect(queue.broken?.message).toBe(message(`completed chain ${id}, which it does not hold`, '2.7.8'));
  });

  test('2.7.8 an id that comes twice: the first counts', () => {
    const { queue, use } = queueOf(8, false);
    const [first] = [queue.add(pair), queue.add(pair)];
    use(first, 1);
    use(first, 1);
    expect(queue.takeUsed()).toEqual([{ head: first, written: 0 }]);
    expect(queue.broken?.message).toBe(message(`completed chain ${first}, which it does not hold`, '2.7.8'));
    expect(queue.inFlight).toBe(1);
  });

  test('2.7.8 a length beyond the writable buffers', () => {
    const { queue, use } = queueOf(8, false);
    use(queue.add(pair), 1, 5);
    expect(queue.takeUsed()).toMatchObject([{ written: 5 }]);
    const head = queue.add(pair);
    use(head, 1, 6);
    expect(queue.takeUsed()).toEqual([]);
    const did = `says that it wrote 6 bytes into chain ${head}, of which 5 bytes may be written`;
    expect(queue.broken?.message).toBe(message(did, '2.7.8'));
  });

  test.each([2, 3, 0x8000, 0xffff])('2.7.8 a used index that is %i ahead of one chain', (ahead) => {
    const { queue, setUsedIdx } = queueOf(8, false);
    queue.add(pair);
    setUsedIdx(ahead);
    expect(queue.takeUsed()).toEqual([]);
    expect(queue.broken?.message).toBe(
      message(`moved the used index ahead by ${ahead}, while it held 1 chains`, '2.7.8'),
    );
  });

  test('2.7.9 a batch that is larger than the used index moves', () => {
    const { queue, use } = queueOf(8);
    const heads = [pair, pair, pair].map((chain) => queue.add(chain));
    use(heads[2] ?? 0, 2);
    expect(queue.takeUsed()).toEqual([]);
    const did = 'completed 3 chains at once and moved the used index ahead by 2';
    expect(queue.broken?.message).toBe(message(did, '2.7.9'));
  });
});
