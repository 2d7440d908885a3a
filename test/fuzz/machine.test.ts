import { describe, expect, test } from 'vitest';
import { Input } from './input.ts';
import { HIGH, LOW, Machine, Violation } from './machine.ts';
import { Guest, SECRETS } from './program.ts';

/** A guest that has brought its device up, with split rings and nothing else. */
function machineAtWork(): { machine: Machine; memory: Uint8Array } {
  const machine = new Machine('pci', SECRETS);
  new Guest(machine, new Input(new Uint8Array()), () => {}).run();
  return { machine, memory: new Uint8Array(machine.memory.buffer) };
}

describe('a fuzzed machine notices', () => {
  test('a byte that is written before, between or behind the regions of RAM', () => {
    const { machine, memory } = machineAtWork();
    for (const at of [0, LOW.offset - 1, LOW.offset + LOW.bytes, HIGH.offset - 1, HIGH.offset + HIGH.bytes]) {
      const byte = memory[at] ?? 0;
      expect(() => machine.watch(() => memory.set([byte ^ 1], at))).toThrow(Violation);
      memory[at] = byte;
      machine.watch(() => {});
    }
  });

  test('a byte of RAM that no ring gives the device to write, and not one of a used ring', () => {
    const { machine, memory } = machineAtWork();
    const used = LOW.offset + Number(machine.device.queues[0]?.device);
    machine.watch(() => memory.set([7], used));
    expect(() => machine.watch(() => memory.set([7], LOW.offset + 0x1900))).toThrow(Violation);
  });

  test("what belongs to another session's key", () => {
    const { machine } = machineAtWork();
    const [secret = expect.unreachable()] = SECRETS;
    machine.write(HIGH.guestAddress, secret);
    expect(() => machine.expectIntact()).toThrow(Violation);
  });
});
