// Drivers with one planted bug each, in a ring at work, and the rule that has to catch it.
import * as virtio from '../../../spec/virtio.ts';
import { DeviceTracer } from '../../../src/trace/index.ts';
import { type Bug, changed, ringBug, type Stage, without } from '../support/mutant.ts';
import { honest, type Mutant, packed, standardRun } from './mutant.ts';

const { DESC_F_NEXT: NEXT, DESC_F_WRITE: WRITE, DESC_F_INDIRECT: INDIRECT } = virtio;
const DIRECT = { features: without(virtio.F_INDIRECT_DESC) };

/** Changes a field of the descriptor at the head of the last chain. */
const headBug = (offset: number, change: (value: number) => number): Bug =>
  ringBug((stage) => {
    const field = stage.word(stage.lastHead() + offset);
    field.set(change(field.get()));
  });

/** The address of the indirect table of the last chain. */
const tableOf = (stage: Stage): number => Number(stage.view.getBigUint64(stage.lastHead() + virtio.DESC_ADDR, true));

/** Changes a field of an entry of the last chain's indirect table. */
const entryBug = (entry: number, offset: number, change: (value: number) => number): Bug =>
  ringBug((stage) => {
    const field = stage.word(tableOf(stage) + entry * virtio.DESC_BYTES + offset);
    field.set(change(field.get()));
  });

/** The place of the last list in a packed ring, whose lists have one descriptor. */
const lastPlace = (stage: Stage): number => {
  const { desc = 0, nextOffset = 0, size = 1 } = stage.driver.queues[0] ?? {};
  const next = nextOffset & 0x7fff;
  return desc + ((next + size - 1) % size) * virtio.DESC_BYTES;
};

export const RING_MUTANTS: readonly Mutant[] = [
  {
    rule: '2.7.4.2-1',
    name: 'a writable descriptor stands before a readable one',
    driver: DIRECT,
    bug: headBug(virtio.DESC_FLAGS, (flags) => flags | WRITE),
  },
  {
    rule: '2.7.5.2-1',
    name: 'a chain has more than 2^32 bytes',
    driver: DIRECT,
    bug: ringBug((stage) => {
      const head = stage.lastHead();
      const next = stage.word(head + virtio.DESC_NEXT).get();
      const second = (stage.driver.queues[0]?.desc ?? 0) + next * virtio.DESC_BYTES;
      for (const at of [head, second]) stage.view.setUint32(at + virtio.DESC_LEN, 0xffffffff, true);
    }),
  },
  {
    rule: '2.7.5.2-2',
    name: 'a descriptor is chained to itself',
    driver: DIRECT,
    bug: ringBug((stage) => {
      const head = stage.lastHead();
      const index = (head - (stage.driver.queues[0]?.desc ?? 0)) / virtio.DESC_BYTES;
      stage.word(head + virtio.DESC_NEXT).set(index);
    }),
  },
  {
    rule: '2.7.5.2-3',
    name: 'with IN_ORDER a descriptor is not chained to the one behind it',
    driver: { ...DIRECT, inOrder: true },
    bug: headBug(virtio.DESC_NEXT, (next) => (next + 1) % 8),
  },
  {
    rule: '2.7.5.3.1-1',
    name: 'INDIRECT without the feature',
    driver: DIRECT,
    bug: headBug(virtio.DESC_FLAGS, () => INDIRECT),
  },
  {
    rule: '2.7.5.3.1-2',
    name: 'INDIRECT within an indirect table',
    bug: entryBug(1, virtio.DESC_FLAGS, (flags) => flags | INDIRECT),
  },
  {
    rule: '2.7.5.3.1-3',
    name: 'a chain has more descriptors than the queue',
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.send([72, ...Array.from({ length: 9 }, () => 16)]);
    },
  },
  {
    rule: '2.7.5.3.1-4',
    name: 'INDIRECT with NEXT',
    bug: headBug(virtio.DESC_FLAGS, (flags) => flags | NEXT),
  },
  {
    rule: '2.7.5.3.1-5',
    name: 'with IN_ORDER an indirect table is not in order',
    driver: { inOrder: true },
    bug: entryBug(0, virtio.DESC_NEXT, () => 2),
  },
  {
    rule: '2.7.6-1',
    name: 'an entry of the available ring is no index of the table',
    bug: ringBug((stage) => stage.avail(virtio.AVAIL_RING).set(8)),
  },
  {
    rule: '2.7.6.1-1',
    name: 'the available index goes back',
    bug: honest,
    run: async (stage) => {
      await standardRun(stage);
      const idx = stage.avail(virtio.AVAIL_IDX);
      idx.set(idx.get() - 1);
      stage.transport.notify(0);
    },
  },
  {
    rule: '2.7.7.1-1',
    name: 'NO_INTERRUPT with EVENT_IDX',
    bug: ringBug((stage) => stage.avail(virtio.AVAIL_FLAGS).set(1)),
  },
  {
    rule: '2.7.7.1-1',
    name: 'the flags of the available ring are 2',
    driver: { features: without(virtio.F_EVENT_IDX) },
    bug: ringBug((stage) => stage.avail(virtio.AVAIL_FLAGS).set(2)),
  },
  {
    rule: '2.7.8-1',
    name: 'the driver writes the used index',
    bug: honest,
    run: async (stage) => {
      await standardRun(stage);
      const used = stage.word((stage.driver.queues[0]?.used ?? 0) + virtio.USED_IDX);
      used.set(used.get() + 3);
      stage.transport.notify(0);
    },
  },
  {
    rule: '2.7.10.1-2',
    name: 'a chain is made available without a notification',
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.send(undefined, undefined, true);
      stage.checker.finish();
    },
  },
  {
    rule: '2.7.10.1-2',
    name: 'the notification is sent before the index is written',
    bug: (transport, stage) =>
      changed(transport, {
        notify: (index, data) => {
          if (index !== 0) {
            transport.notify(index, data);
            return;
          }
          const idx = stage.avail(virtio.AVAIL_IDX);
          idx.set(idx.get() - 1);
          transport.notify(index, data);
          idx.set(idx.get() + 1);
        },
      }),
    run: (stage) => {
      stage.driver.start();
      stage.send();
      stage.checker.finish();
    },
  },
  {
    rule: '2.8.14-1',
    name: 'the flags of the event suppression are reserved',
    ...packed(),
    bug: ringBug((stage) => stage.avail(virtio.EVENT_SUPPRESS_FLAGS).set(3)),
  },
  {
    rule: '2.8.17-1',
    name: 'a list goes all around the ring',
    ...packed(virtio.F_INDIRECT_DESC),
    bug: ringBug((stage) => {
      const { desc = 0, size = 0 } = stage.driver.queues[0] ?? {};
      for (let place = 0; place < size; place++) {
        const flags = stage.word(desc + place * virtio.DESC_BYTES + virtio.PACKED_DESC_FLAGS);
        flags.set(flags.get() | NEXT);
      }
    }),
  },
  {
    rule: '2.8.17-2',
    name: 'a writable descriptor stands before a readable one in a packed ring',
    ...packed(virtio.F_INDIRECT_DESC),
    bug: ringBug((stage) => {
      const flags = stage.word((stage.driver.queues[0]?.desc ?? 0) + virtio.PACKED_DESC_FLAGS);
      flags.set(flags.get() | WRITE);
    }),
  },
  {
    rule: '2.8.19-1',
    name: 'INDIRECT without the feature in a packed ring',
    ...packed(virtio.F_INDIRECT_DESC),
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.driver.submit({ queue: 0, readable: [new Uint8Array(72)], writable: [1], indirect: true }).catch(() => {});
    },
  },
  {
    rule: '2.8.19-2',
    name: 'NEXT within an indirect table of a packed ring',
    ...packed(),
    bug: ringBug((stage) => {
      const table = Number(stage.view.getBigUint64(lastPlace(stage) + virtio.DESC_ADDR, true));
      stage.word(table + virtio.PACKED_DESC_FLAGS).set(NEXT);
    }),
  },
  {
    rule: '2.8.19-3',
    name: 'INDIRECT in a list of two descriptors',
    ...packed(),
    bug: ringBug((stage) => {
      const { desc = 0 } = stage.driver.queues[0] ?? {};
      const flags = stage.word(lastPlace(stage) + virtio.PACKED_DESC_FLAGS);
      const marks = flags.get() & (virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED);
      // The descriptor behind it becomes the list's last one.
      stage.word(desc + virtio.DESC_BYTES + virtio.PACKED_DESC_FLAGS).set(marks | INDIRECT);
      flags.set((flags.get() | NEXT) & ~INDIRECT);
    }),
    run: (stage) => {
      stage.driver.start();
      stage.send();
    },
  },
  {
    rule: '2.8.21.3-1',
    name: 'a list is made available without a notification',
    ...packed(),
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.send(undefined, undefined, true);
      stage.checker.finish();
    },
  },
  {
    rule: '3.3.1-1',
    name: 'a descriptor changes while the device holds its chain',
    bug: honest,
    run: async (stage) => heldThen(stage, (head) => stage.view.setUint32(head + virtio.DESC_LEN, 32, true)),
  },
  {
    rule: '3.3.1-1',
    name: 'a chain is offered again while the device holds it',
    bug: honest,
    run: async (stage) =>
      heldThen(stage, (head) => {
        const idx = stage.avail(virtio.AVAIL_IDX);
        const index = (head - (stage.driver.queues[0]?.desc ?? 0)) / virtio.DESC_BYTES;
        stage.avail(virtio.AVAIL_RING + (idx.get() & 7) * virtio.AVAIL_ELEM_BYTES).set(index);
        idx.set(idx.get() + 1);
      }),
  },
  {
    rule: '3.3.1-1',
    name: 'a descriptor of a packed ring changes while the device holds its list',
    ...packed(),
    bug: honest,
    run: async (stage) => heldThen(stage, () => stage.view.setUint32(lastPlace(stage) + virtio.DESC_LEN, 32, true)),
  },
  {
    rule: '4.1.5.2.1-1',
    name: 'it notifies of a queue that does not exist',
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.transport.notify(5);
    },
  },
];

/** Sends a chain that the device does not take, changes it, and notifies again. */
async function heldThen(stage: Stage, change: (head: number) => void): Promise<void> {
  stage.driver.start();
  const tracer = new DeviceTracer(stage.bench.device);
  tracer.hold();
  stage.send();
  change(stage.lastHead());
  stage.transport.notify(0);
  tracer.detach();
}
