import { expect } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import * as code from '../../spec/engine.ts';
import type { Stretch } from './memory.ts';
import { AT, type DataRequest, expectWorks, expectWorksAfterReset, prepare, UNWRITTEN } from './requests.ts';
import { type AnyRig, NEEDS_RESET, PACKED } from './rig.ts';
import type { RawBuffer } from './test_ring.ts';
import { usedLength } from './used_length.ts';

/** Everything that the device may write while it completes chains of a ring: its own region and what it may write of the ring. */
export function ownMemory(rig: AnyRig, ring: 'data' | 'control'): Stretch[] {
  return [rig.engine, ...rig[ring].deviceWrites.map(({ address, bytes }) => rig.guest(address, bytes))];
}

/** The section that each fault breaks, in a split ring and in a packed one, where that can have it. */
export const FAULT_SECTIONS: ReadonlyMap<number, readonly [split: string, packed: string | undefined]> = new Map([
  [code.FAULT_QUEUE_SIZE, ['2.7', '2.8']],
  [code.FAULT_QUEUE_ALIGNMENT, ['2.7.1', '2.8.11']],
  [code.FAULT_QUEUE_ADDRESS, ['2.7', '2.8']],
  [code.FAULT_AVAIL_INDEX, ['2.7.6', undefined]],
  [code.FAULT_DESCRIPTOR_INDEX, ['2.7.5', undefined]],
  [code.FAULT_DESCRIPTOR_ADDRESS, ['2.7.5', '2.8.4']],
  [code.FAULT_DESCRIPTOR_LOOP, ['2.7.5.2', '2.8.17']],
  [code.FAULT_DESCRIPTOR_ORDER, ['2.7.4.2', '2.8.17']],
  [code.FAULT_CHAIN_LENGTH, ['2.7.5.3.1', '2.8.19']],
  [code.FAULT_CHAIN_BYTES, ['2.7.5.2', '2.8.17']],
  [code.FAULT_INDIRECT_NOT_NEGOTIATED, ['2.7.5.3.1', '2.8.19']],
  [code.FAULT_INDIRECT_NESTED, ['2.7.5.3.1', undefined]],
  [code.FAULT_INDIRECT_NEXT, ['2.7.5.3.1', '2.8.19']],
  [code.FAULT_INDIRECT_LENGTH, ['2.7.5.3', '2.8.7']],
  [code.FAULT_INDIRECT_ADDRESS, ['2.7.5.3', '2.8.7']],
  [code.FAULT_REQUEST_HEADER, ['5.9.7', '5.9.7']],
  [code.FAULT_REQUEST_STATUS, ['5.9.7', '5.9.7']],
  [code.FAULT_HOST, ['2.1.2', '2.1.2']],
  [code.FAULT_GUEST_MEMORY, ['2.1.2', '2.1.2']],
]);

/** The device has this fault, and names the section of the ring that was negotiated. */
export function expectFaultOf({ device }: AnyRig, fault: number, queue = 0): void {
  expect(device.fault).toMatchObject({ code: fault, queue });
  const [split, packed] = FAULT_SECTIONS.get(fault) ?? expect.unreachable(`no section of fault ${fault}`);
  const section =
    device.driverFeatures & PACKED ? (packed ?? expect.unreachable(`fault ${fault} in a packed ring`)) : split;
  expect(device.fault?.message.endsWith(` (${section})`), device.fault?.message).toBe(true);
}

/**
 * 2.1.2: what is in the rings breaks the device. Nothing is written, the driver hears of it, nothing works until a reset
 * and all works after it.
 */
export function expectFault(rig: AnyRig, fault: number, queue = 0, trigger = () => rig.device.notify(queue)): void {
  const before = rig.snapshot();
  rig.interrupts = [];
  const driverIsUp = (rig.device.status & 4) !== 0;
  trigger();
  expectFaultOf(rig, fault, queue);
  expect(rig.device.status & NEEDS_RESET).toBe(NEEDS_RESET);
  expect(rig.interrupts).toEqual(driverIsUp ? [{ kind: 'config', queue: 0 }] : []);
  rig.device.notify(0);
  rig.device.notify(rig.controlIndex);
  expect(before.changesOutside([rig.engine])).toEqual([]);
  expectWorksAfterReset(rig);
}

/** Writes a chain into the data ring, and expects expectFault() of it. */
export function expectChainFault(rig: AnyRig, fault: number, chain: readonly RawBuffer[]): void {
  rig.data.describeChain(chain);
  rig.data.offer(0);
  expectFault(rig, fault);
}

/** Sends a chain and answers what the device made of it, having checked that it wrote nowhere but where it may. */
export function sendWatched(
  rig: AnyRig,
  ring: 'data' | 'control',
  chain: readonly RawBuffer[],
  mayWrite: readonly Stretch[],
): { completed: boolean; written: number } {
  rig[ring].describeChain(chain);
  const before = rig[ring].usedIdx;
  rig[ring].offer(0);
  const snapshot = rig.snapshot();
  rig.device.notify(ring === 'data' ? 0 : rig.controlIndex);
  expect(snapshot.changesOutside([...ownMemory(rig, ring), ...mayWrite])).toEqual([]);
  return { completed: rig[ring].usedIdx !== before, written: rig[ring].usedElement(before).len };
}

/**
 * A data request gets `status` and changes nothing but its status byte; the device goes on, and works after a reset too.
 * The chain is Linux's unless the caller gives another, whose last byte must be the status.
 */
export function expectRefused(rig: AnyRig, status: number, data: DataRequest, chain?: readonly RawBuffer[]): void {
  const prepared = prepare(rig, data);
  const answer = sendWatched(rig, 'data', chain ?? prepared, [rig.guest(AT.status, 1)]);
  const writable = (chain ?? prepared).filter(({ write }) => write).reduce((sum, { bytes }) => sum + bytes, 0);
  expect(answer).toEqual({ completed: true, written: usedLength(0, writable) });
  expect(rig.read(AT.status, 1)[0]).toBe(status);
  expect(rig.needsReset).toBe(false);
  expectWorks(rig);
  expectWorksAfterReset(rig);
}

/** A create-session request gets `status` and id 0; no session comes about, the device goes on. */
export function expectSessionRefused(rig: AnyRig, status: number, chain: readonly RawBuffer[]): void {
  const sessions = rig.device.sessionCount;
  rig.write(AT.input, new Uint8Array(16).fill(UNWRITTEN));
  const answer = sendWatched(rig, 'control', chain, [rig.guest(AT.input, 16)]);
  expect(answer).toEqual({ completed: true, written: 16 });
  const input = rig.view(AT.input, 16);
  expect(input.getUint32(8, true)).toBe(status);
  expect(status).not.toBe(CRYPTO_OK);
  expect(input.getBigUint64(0, true)).toBe(0n);
  expect(rig.device.sessionCount).toBe(sessions);
  expectWorks(rig);
  expectWorksAfterReset(rig);
}
