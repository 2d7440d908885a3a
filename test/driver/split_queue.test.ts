import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { SplitQueue } from '../../src/driver/split_queue.ts';

/** A queue whose device is the test. */
function queueOf(size: number) {
  const memory = new Uint8Array(65536);
  const view = new DataView(memory.buffer);
  const features = { indirect: false, eventIdx: false, inOrder: true };
  const queue = new SplitQueue(0, size, () => memory, new RamAllocator(0x1000, 65536), features);
  let idx = 0;
  return {
    queue,
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
