// Rules for accesses of both transports. A size other than 1, 2 or 4, and a value that is not a number, are mistakes of the host and throw.
// An offset comes from the guest, so it never throws: without a register at the offset, reads return 0 and writes do nothing, as PCI
// requires for reserved registers (PCI 3.0, 6.1). Negative offsets and fractions have no register.
import { checkFunction, refuse } from '../check.ts';
import type { DeviceRegisters } from '../device/registers.ts';

/** Width of a register access in bytes. */
export type AccessSize = 1 | 2 | 4;

/** The result of a read where there is no device. */
function allOnes(size: AccessSize): number {
  return 2 ** (8 * size) - 1;
}

/** @throws RangeError unless `size` is the width of an access */
function checkSize(size: AccessSize): void {
  if (size === 1 || size === 2 || size === 4) return;
  throw new RangeError(`size is ${String(size)}: give 1, 2 or 4, the bytes of one access; make two of a wider one.`);
}

/** Whether `offset` can be that of a register. */
function isOffset(offset: number): boolean {
  return Number.isInteger(offset) && offset >= 0;
}

/**
 * The `size` lowest bytes of `value`, as a number without a sign. Higher bytes and a fraction are cut off; NaN and infinities become 0.
 * @throws TypeError unless `value` is a number
 */
function accessBytes(size: AccessSize, value: number): number {
  if (typeof value !== 'number') refuse('value', value, 'a number');
  if (size === 4) return value >>> 0;
  return value & (size === 2 ? 0xffff : 0xff);
}

/** @throws TypeError unless `device` is a device and `setInterruptLine` a function */
export function checkDevice(device: DeviceRegisters, setInterruptLine: (level: boolean) => void): void {
  if (typeof device?.onInterrupt !== 'function') refuse('device', device, 'what createCryptoDevice() answers');
  checkFunction('setInterruptLine', setInterruptLine);
}

/**
 * The result of a read of `size` bytes at `offset` if it does not depend on the registers: all ones if the device was removed, 0 if no
 * register can be at the offset. Otherwise undefined.
 * @throws RangeError unless `size` is the width of an access
 */
export function readWithoutRegisters(device: DeviceRegisters, offset: number, size: AccessSize): number | undefined {
  checkSize(size);
  if (device.removed) return allOnes(size);
  return isOffset(offset) ? undefined : 0;
}

/**
 * The `size` lowest bytes of `value`, as a number without a sign. undefined if the write reaches no register, because the device was
 * removed or no register can be at `offset`.
 * @throws RangeError unless `size` is the width of an access, TypeError unless `value` is a number
 */
export function writtenBytes(
  device: DeviceRegisters,
  offset: number,
  size: AccessSize,
  value: number,
): number | undefined {
  checkSize(size);
  const bytes = accessBytes(size, value);
  return device.removed || !isOffset(offset) ? undefined : bytes;
}

/** Reads `size` bytes from `offset` on as one little-endian number. */
export function littleEndian(offset: number, size: number, byteAt: (offset: number) => number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + byteAt(offset + i);
  return value;
}

/** Bits 32n to 32n + 31 of a 64-bit number, such as features or an address. 0 if n is more than 1. */
export function wordOf(bits: bigint, n: number): number {
  return n < 2 ? Number((bits >> BigInt(32 * n)) & 0xffffffffn) : 0;
}
