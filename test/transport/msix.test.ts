import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio_pci.ts';
import { StateError } from '../../src/device/state.ts';
import { findMsix } from '../../src/driver/pci_bus.ts';
import * as layout from '../../src/transport/pci/layout.ts';
import { type PciState, VirtioPci } from '../../src/transport/pci/pci.ts';
import { expectWorks, prepare, session } from '../support/requests.ts';
import { NEEDS_RESET, Rig, type RigOptions, UP } from '../support/rig.ts';

const NO_VECTOR = 0xffff;

interface Message {
  address: bigint;
  data: number;
}

/** A function with MSI-X whose driver is the test. `vectors` of undefined leaves the number to the device. */
function plugged(vectors?: number, options: RigOptions = {}) {
  const rig = new Rig(options);
  const lines: boolean[] = [];
  const messages: Message[] = [];
  const deliver = (address: bigint, data: number) => messages.push({ address, data });
  const pci = new VirtioPci(rig.device, (level) => lines.push(level), {
    bar: 'memory',
    msix: { deliver, ...(vectors === undefined ? {} : { vectors }) },
  });
  const msix = findMsix(pci) ?? expect.unreachable();
  const pendingAt = pci.readConfig(msix.at + spec.MSIX_PENDING, 4) & ~7;
  const id = session(rig);
  pci.read(layout.ISR.offset, 1);
  lines.length = 0;
  rig.data.describeChain(prepare(rig, { id }));
  return {
    rig,
    pci,
    lines,
    messages,
    msix,
    /** One request on the data queue. */
    request: () => {
      rig.data.offer(0);
      pci.write(layout.NOTIFY.offset, 2, 0);
    },
    control: (bits: number) => pci.writeConfig(msix.at + spec.MSIX_CONTROL, 2, bits),
    entry: (vector: number, { address = 0xfee00000n, data = 0x40 + vector, masked = false } = {}) => {
      const at = msix.offset + vector * spec.MSIX_ENTRY_BYTES;
      pci.writeBar(msix.bar, at, 4, Number(address & 0xffffffffn));
      pci.writeBar(msix.bar, at + 4, 4, Number(address >> 32n));
      pci.writeBar(msix.bar, at + 8, 4, data);
      pci.writeBar(msix.bar, at + 12, 4, masked ? 1 : 0);
    },
    mask: (vector: number, masked: boolean) => pci.writeBar(msix.bar, 16 * vector + 12, 4, masked ? 1 : 0),
    pending: (vector: number) => (pci.readBar(msix.bar, pendingAt + (vector >> 3), 1) >> (vector & 7)) & 1,
    map: (queue: number, vector: number) => {
      pci.write(spec.COMMON_QUEUE_SELECT, 2, queue);
      pci.write(spec.COMMON_QUEUE_MSIX_VECTOR, 2, vector);
      return pci.read(spec.COMMON_QUEUE_MSIX_VECTOR, 2);
    },
    mapConfig: (vector: number) => {
      pci.write(spec.COMMON_CONFIG_MSIX_VECTOR, 2, vector);
      return pci.read(spec.COMMON_CONFIG_MSIX_VECTOR, 2);
    },
  };
}

/** One with MSI-X enabled: vector 0 for the configuration, vector 1 for the data queue. */
function enabled() {
  const at = plugged();
  for (let vector = 0; vector < at.msix.vectors; vector++) at.entry(vector);
  at.control(spec.MSIX_CONTROL_ENABLE);
  at.mapConfig(0);
  at.map(0, 1);
  return at;
}

describe('4.1.5.1.2 MSI-X vector configuration', () => {
  test('4.1.5.1.2.1 Table Size reports the vectors: by default one for each queue and one for the configuration [4.1.5.1.2.1-2] [4.1.5.1.2.1-3]', () => {
    expect(plugged().msix.vectors).toBe(3);
    expect(plugged(undefined, { dataQueues: 7 }).msix.vectors).toBe(9);
    for (const vectors of [1, 2, 64, 65, 2048]) expect(plugged(vectors).msix.vectors).toBe(vectors);
  });

  test('4.1.5.1.2.1 2 to 0x800 vectors are possible, of which every one can be mapped [4.1.5.1.2.1-1] [4.1.5.1.2.1-8]', () => {
    for (const vectors of [2, 2048]) {
      const { map } = plugged(vectors);
      for (let vector = 0; vector < vectors; vector++) expect(map(0, vector)).toBe(vector);
    }
  });

  test.each([0, -1, 2049, 1.5, Number.NaN])('%s vectors are refused', (vectors) => {
    expect(() => plugged(vectors)).toThrow(`msix.vectors is ${vectors}: give a whole number from 1 to 2048.`);
  });

  test('4.1.5.1.2.1 any event can be mapped to any vector of the table, and unmapped [4.1.5.1.2.1-4] [4.1.5.1.2.1-5]', () => {
    const { map, mapConfig } = plugged(2048);
    for (const vector of [0, 1, 2, 1000, 2047, NO_VECTOR]) {
      expect(mapConfig(vector)).toBe(vector);
      for (const queue of [0, 1]) expect(map(queue, vector)).toBe(vector);
    }
  });

  test('4.1.5.1.2.1 a vector beyond the table cannot be mapped: NO_VECTOR is read, and what was mapped no longer is [4.1.5.1.2.1-9]', () => {
    const { map, mapConfig } = plugged(4);
    for (const vector of [4, 5, 2047, 2048, 0x8000, 0xfffe]) {
      expect(mapConfig(3)).toBe(3);
      expect(mapConfig(vector)).toBe(NO_VECTOR);
      expect(map(0, 3)).toBe(3);
      expect(map(0, vector)).toBe(NO_VECTOR);
    }
  });

  test('4.1.5.1.2.1 each queue shows the vector of its own [4.1.5.1.2.1-6]', () => {
    const { pci, map } = plugged(8, { dataQueues: 3 });
    for (const queue of [0, 1, 2, 3]) map(queue, 7 - queue);
    for (const queue of [0, 1, 2, 3]) {
      pci.write(spec.COMMON_QUEUE_SELECT, 2, queue);
      expect(pci.read(spec.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(7 - queue);
    }
    expect(map(4, 1)).toBe(NO_VECTOR);
  });

  test.each(['driver', 'machine'])(
    '4.1.5.1.2.1 after a reset by the %s all events are unmapped [4.1.5.1.2.1-7]',
    (by) => {
      const { pci, map, mapConfig } = plugged(4, { dataQueues: 2 });
      mapConfig(1);
      for (const queue of [0, 1, 2]) map(queue, 2);
      if (by === 'driver') pci.write(spec.COMMON_DEVICE_STATUS, 1, 0);
      else pci.reset();
      expect(pci.read(spec.COMMON_CONFIG_MSIX_VECTOR, 2)).toBe(NO_VECTOR);
      for (const queue of [0, 1, 2]) {
        pci.write(spec.COMMON_QUEUE_SELECT, 2, queue);
        expect(pci.read(spec.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(NO_VECTOR);
      }
    },
  );

  test('2.6.1.1.1 the reset of a queue unmaps it, and no other', () => {
    const offersReset = (1n << 32n) | (1n << 40n);
    const { pci, map } = plugged(4, { features: offersReset });
    map(0, 1);
    map(1, 2);
    pci.write(spec.COMMON_QUEUE_SELECT, 2, 0);
    pci.write(spec.COMMON_QUEUE_RESET, 2, 1);
    expect(pci.read(spec.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(NO_VECTOR);
    pci.write(spec.COMMON_QUEUE_SELECT, 2, 1);
    expect(pci.read(spec.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(2);
  });
});

describe('4.1.5.3 used buffer notifications', () => {
  test('with MSI-X enabled the vector of the queue is requested, and neither INTx nor the ISR status is used', () => {
    const { request, messages, lines, pci, rig } = enabled();
    request();
    expect(rig.data.usedIdx).toBe(1);
    expect(messages).toEqual([{ address: 0xfee00000n, data: 0x41 }]);
    request();
    expect(messages).toHaveLength(2);
    expect(lines).toEqual([]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(0);
  });

  test('4.1.5.3.1 with MSI-X enabled and NO_VECTOR there is no interrupt at all [4.1.5.3.1-1]', () => {
    const { request, messages, lines, map, pci, rig } = enabled();
    map(0, NO_VECTOR);
    request();
    expect(rig.data.usedIdx).toBe(1);
    expect(messages).toEqual([]);
    expect(lines).toEqual([]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(0);
  });

  test('with MSI-X disabled the ISR status and INTx are used, whatever is mapped', () => {
    const { request, messages, lines, control, pci } = enabled();
    control(0);
    request();
    expect(messages).toEqual([]);
    expect(lines).toEqual([true]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_QUEUE);
    expect(lines).toEqual([true, false]);
  });
});

describe('4.1.5.4 notification of configuration changes', () => {
  test('4.1.4.5.1 the vector of the configuration is requested, after the bit of the ISR status was set [4.1.4.5.1-2]', () => {
    const { rig, pci, messages, lines } = enabled();
    rig.device.setHardwareReady(false);
    expect(messages).toEqual([{ address: 0xfee00000n, data: 0x40 }]);
    expect(lines).toEqual([]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_CONFIG);
  });

  test('4.1.5.4.1 with NO_VECTOR there is no interrupt [4.1.5.4.1-1]', () => {
    const { rig, mapConfig, messages, lines } = enabled();
    mapConfig(NO_VECTOR);
    rig.device.setHardwareReady(false);
    expect(messages).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('2.1.2 DEVICE_NEEDS_RESET comes by it', () => {
    const { rig, pci, messages } = enabled();
    rig.data.setAvailIdx(1000);
    pci.write(layout.NOTIFY.offset, 2, 0);
    expect(rig.device.status).toBe(UP | NEEDS_RESET);
    expect(messages).toEqual([{ address: 0xfee00000n, data: 0x40 }]);
  });
});

describe('the MSI-X table (PCI 3.0, 6.8.2)', () => {
  test('after power-on MSI-X is off, every vector masked and nothing pending', () => {
    const { pci, msix } = plugged(5);
    expect(pci.readConfig(msix.at + spec.MSIX_CONTROL, 2)).toBe(4);
    for (let vector = 0; vector < 5; vector++) {
      expect([0, 4, 8, 12].map((field) => pci.readBar(msix.bar, 16 * vector + field, 4))).toEqual([0, 0, 0, 1]);
    }
  });

  test('table and pending bits lie apart from each other, within their BAR', () => {
    for (const vectors of [1, 3, 128, 129, 2048]) {
      const { pci, msix } = plugged(vectors);
      const { bytes, kind } = pci.bars[msix.bar] ?? expect.unreachable();
      const pendingAt = pci.readConfig(msix.at + spec.MSIX_PENDING, 4);
      expect(pendingAt & 7).toBe(msix.bar);
      expect(pendingAt & ~7).toBeGreaterThanOrEqual(msix.offset + 16 * vectors);
      expect((pendingAt & ~7) + 8 * Math.ceil(vectors / 64)).toBeLessThanOrEqual(bytes);
      expect(kind).toBe('memory');
      expect(bytes & (bytes - 1)).toBe(0);
    }
  });

  test('a message goes to all 64 bits of its address, with all 32 bits of its data', () => {
    const { entry, request, messages } = enabled();
    entry(1, { address: 0xfedcba98_76543210n, data: 0xffffffff });
    request();
    expect(messages).toEqual([{ address: 0xfedcba98_76543210n, data: 0xffffffff }]);
  });

  test('the mask of a vector keeps its message pending, once, until it is lifted', () => {
    const { mask, pending, request, messages } = enabled();
    mask(1, true);
    request();
    request();
    expect(messages).toEqual([]);
    expect([0, 1, 2].map(pending)).toEqual([0, 1, 0]);
    mask(1, false);
    expect(messages).toEqual([{ address: 0xfee00000n, data: 0x41 }]);
    expect(pending(1)).toBe(0);
    mask(1, false);
    expect(messages).toHaveLength(1);
  });

  test('the message that is sent then is the one that the entry holds then', () => {
    const { mask, entry, request, messages } = enabled();
    mask(1, true);
    request();
    entry(1, { address: 0xfee01000n, data: 0x77 });
    expect(messages).toEqual([{ address: 0xfee01000n, data: 0x77 }]);
  });

  test('the function mask holds all vectors back, and lifting it sends what is not masked by itself', () => {
    const { rig, control, mask, pending, request, messages } = enabled();
    control(spec.MSIX_CONTROL_ENABLE | spec.MSIX_CONTROL_FUNCTION_MASK);
    request();
    rig.device.setHardwareReady(false);
    expect(messages).toEqual([]);
    expect([0, 1, 2].map(pending)).toEqual([1, 1, 0]);
    mask(0, true);
    control(spec.MSIX_CONTROL_ENABLE);
    expect(messages).toEqual([{ address: 0xfee00000n, data: 0x41 }]);
    expect([0, 1, 2].map(pending)).toEqual([1, 0, 0]);
  });

  test('Table Size and the reserved bits of message control are read-only', () => {
    const { pci, msix, control } = plugged(5);
    control(0xffff);
    expect(pci.readConfig(msix.at + spec.MSIX_CONTROL, 2)).toBe(0xc004);
    control(0);
    expect(pci.readConfig(msix.at + spec.MSIX_CONTROL, 2)).toBe(4);
    for (const offset of [spec.MSIX_TABLE, spec.MSIX_PENDING]) {
      const before = pci.readConfig(msix.at + offset, 4);
      pci.writeConfig(msix.at + offset, 4, 0xffffffff);
      expect(pci.readConfig(msix.at + offset, 4)).toBe(before);
    }
  });

  test('the pending bits are read-only, an address has no lower bits, and a control word has one bit', () => {
    const { pci, msix, pending } = plugged(3);
    pci.writeBar(msix.bar, pci.readConfig(msix.at + spec.MSIX_PENDING, 4) & ~7, 4, 0xffffffff);
    expect([0, 1, 2].map(pending)).toEqual([0, 0, 0]);
    for (const field of [0, 4, 8, 12]) pci.writeBar(msix.bar, 16 + field, 4, 0xffffffff);
    expect([0, 4, 8, 12].map((field) => pci.readBar(msix.bar, 16 + field, 4))).toEqual([
      0xfffffffc, 0xffffffff, 0xffffffff, 1,
    ]);
  });

  test('no access to any offset of the BARs, in any width, throws or reaches beyond the table', () => {
    const { pci, msix, rig } = plugged(3);
    for (const bar of [msix.bar, 2, 5, 6, 255, -1]) {
      for (let offset = -4; offset < 4100; offset++) {
        for (const size of [1, 2, 4] as const) {
          const read = pci.readBar(bar, offset, size);
          expect(Number.isInteger(read) && read >= 0 && read < 2 ** (8 * size)).toBe(true);
          pci.writeBar(bar, offset, size, 0xffffffff);
        }
      }
    }
    expectWorks(rig);
  });

  test('switching MSI-X on takes the interrupt line back, and switching it off raises it for what the ISR still says', () => {
    const { rig, control, lines } = plugged();
    rig.device.setHardwareReady(false);
    expect(lines).toEqual([true]);
    control(spec.MSIX_CONTROL_ENABLE);
    expect(lines).toEqual([true, false]);
    control(0);
    expect(lines).toEqual([true, false, true]);
  });

  test("a reset by the driver forgets what is pending, and leaves the operating system's table alone", () => {
    const { pci, msix, mask, pending, request, messages } = enabled();
    mask(1, true);
    request();
    pci.write(spec.COMMON_DEVICE_STATUS, 1, 0);
    expect(pending(1)).toBe(0);
    mask(1, false);
    expect(messages).toEqual([]);
    expect(pci.readBar(msix.bar, 16 + 8, 4)).toBe(0x41);
    expect(pci.readConfig(msix.at + spec.MSIX_CONTROL, 2) & spec.MSIX_CONTROL_ENABLE).not.toBe(0);
  });

  test('a reset of the machine switches MSI-X off and empties the table', () => {
    const { pci, msix, rig } = enabled();
    pci.reset();
    expect(pci.readConfig(msix.at + spec.MSIX_CONTROL, 2)).toBe(2);
    expect([0, 4, 8, 12].map((field) => pci.readBar(msix.bar, 16 + field, 4))).toEqual([0, 0, 0, 1]);
    rig.bringUp();
    expectWorks(rig);
  });

  test('a device that was taken out sends nothing, and its table reads as all ones', () => {
    const { pci, msix, mask, request, messages } = enabled();
    mask(1, true);
    request();
    pci.remove();
    mask(1, false);
    expect(messages).toEqual([]);
    expect(pci.readBar(msix.bar, 0, 4)).toBe(0xffffffff);
    expect(pci.readConfig(0, 4)).toBe(0xffffffff);
  });
});

describe('saving MSI-X', () => {
  test('table, masks, pending bits, vectors and message control are kept, through JSON, and nothing is sent anew', () => {
    const from = enabled();
    from.mask(1, true);
    from.request();
    const to = plugged();
    to.rig.device.restore(JSON.parse(JSON.stringify(from.rig.device.save())));
    to.pci.restore(JSON.parse(JSON.stringify(from.pci.save())));
    expect(to.pci.save()).toEqual(from.pci.save());
    expect(to.messages).toEqual([]);
    expect(to.pending(1)).toBe(1);
    to.mask(1, false);
    expect(to.messages).toEqual([{ address: 0xfee00000n, data: 0x41 }]);
    to.rig.device.setHardwareReady(false);
    expect(to.messages.at(-1)).toEqual({ address: 0xfee00000n, data: 0x40 });
  });

  test('the state of a function with other vectors, or without MSI-X, is refused', () => {
    const saved = plugged(3).pci.save();
    expect(() => plugged(4).pci.restore(saved)).toThrow('of a function with other options');
    const without = new VirtioPci(new Rig().device, () => {});
    expect(() => without.restore(saved)).toThrow('differ in MSI-X');
    expect(() => plugged(3).pci.restore(without.save())).toThrow('differ in MSI-X');
  });

  test.each([
    [undefined, 'state'],
    [{ isr: 4 }, 'isr'],
    [{ isr: '1' }, 'isr'],
    [{ selected: {} }, 'selected.deviceFeature'],
    [{ selected: { deviceFeature: 0, driverFeature: 0.5, queue: 0 } }, 'selected.driverFeature'],
    [{ config: 5 }, 'config'],
    [{ config: 'xy' }, 'config'],
    [{ msix: {} }, 'msix.table'],
    [{ msix: { table: '', pending: '', vectors: { config: 0, queues: 'none' } } }, 'msix.vectors.queues'],
    [{ msix: { table: '', pending: '', vectors: { config: 65536, queues: [] } } }, 'msix.vectors.config'],
    [{ extra: 1 }, 'extra'],
  ])('restore() refuses %j, and takes nothing of it', (change, place) => {
    const { pci } = enabled();
    const before = pci.save();
    const restore = () => pci.restore((change && { ...before, ...change }) as PciState);
    expect(restore).toThrow(StateError);
    expect(restore).toThrow(`The saved state of the PCI transport is damaged: ${place}: `);
    expect(pci.save()).toEqual(before);
  });
});
