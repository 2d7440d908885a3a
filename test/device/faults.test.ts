import { describe, expect, test } from 'vitest';
import * as engine from '../../spec/engine.ts';
import { describeFault, isFault } from '../../src/device/faults.ts';
import { FAULT_SECTIONS } from '../support/expectations.ts';
import { PackedRig, Rig, VERSION_1 } from '../support/rig.ts';

const CODES = Object.entries(engine).flatMap(([name, value]) =>
  name.startsWith('FAULT_') && name !== 'FAULT_NONE' ? [[name, Number(value)] as const] : [],
);

test('every fault of the engine has a text', () => {
  expect(CODES.length).toBeGreaterThan(0);
  for (const [name, code] of CODES) {
    expect(isFault(code), name).toBe(true);
    expect(FAULT_SECTIONS.has(code), name).toBe(true);
  }
  expect(isFault(Math.max(...CODES.map(([, code]) => code)) + 1)).toBe(false);
});

describe.each(CODES)('%s', (name, code) => {
  const [split, packed] = FAULT_SECTIONS.get(code) ?? expect.unreachable(name);
  const section = (ring: 'split' | 'packed') => / \(([\d.]+)\)$/.exec(describeFault(code, 1, ring).message)?.[1];

  test('names the section of a split ring', () => {
    expect(section('split')).toBe(split);
    expect(describeFault(code, 1, 'split')).toMatchObject({ code, queue: 1 });
  });

  test('names the section of a packed ring, or the only one that there is', () => {
    expect(section('packed')).toBe(packed ?? split);
  });
});

describe('the ring is that which was negotiated', () => {
  const misaligned = (rig: Rig | PackedRig) =>
    rig instanceof Rig
      ? rig.enable(0, rig.data, { desc: BigInt(rig.data.desc) + 8n })
      : rig.enable(0, rig.data, { desc: BigInt(rig.data.desc) + 8n });

  test('packed', () => {
    const rig = new PackedRig({ start: false });
    rig.negotiate();
    misaligned(rig);
    expect(rig.device.fault?.message).toBe('a part of the virtqueue is not aligned (2.8.11)');
  });

  test('split, on a device that was packed before its reset', () => {
    const rig = new PackedRig();
    rig.negotiate(VERSION_1);
    misaligned(rig);
    expect(rig.device.fault?.message).toBe('a part of the virtqueue is not aligned (2.7.1)');
  });

  test('packed again, in a state that was saved', () => {
    const from = new PackedRig({ start: false });
    from.negotiate();
    misaligned(from);
    const to = new PackedRig({ start: false });
    to.device.restore(from.device.save());
    expect(to.device.fault).toEqual(from.device.fault);
  });
});
