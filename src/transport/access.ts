// What holds for an access of either transport, whatever numbers the host hands over. A size that is none, and a value that is
// no number, are mistakes of the host, and throw. An offset comes from the guest: where there is no register, reads give 0 and
// writes do nothing, as PCI has it for what is reserved (PCI 3.0, 6.1), also where the offset is negative or no whole number.
import { checkFunction, refuse } from '../check.ts';
import type { DeviceRegisters } from '../device/registers.ts';

/** Width of a register access, in bytes. */
export type AccessSize = 1 | 2 | 4;

/** What a read gives where no device answers. */
function allOnes(size: AccessSize): number {
  return 2 ** (8 * size) - 1;
}

/** @throws RangeError unless `size` is the width of an access */
function checkSize(size: AccessSize): void {
  if (size === 1 || size === 2 || size === 4) return;
  throw new RangeError(`size is ${String(size)}: give 1, 2 or 4, the bytes of one access; make two of a wider one.`);
}

/** Whether a register can stand at `offset`. */
function isOffset(offset: number): boolean {
  return Number.isInteger(offset) && offset >= 0;
}

/**
 * The bytes of `value` that an access of `size` bytes carries, as a number without a sign. What lies beyond is cut off, a fraction
 * too; NaN and infinities are 0.
 * @throws TypeError unless `value` is a number
 */
function accessBytes(size: AccessSize, value: number): number {
  if (typeof value !== 'number') refuse('value', value, 'a number');
  if (size === 4) return value >>> 0;
  return value & (size === 2 ? 0xffff : 0xff);
}

/** @throws TypeError unless a transport was given a device and a line to interrupt with */
export function checkDevice(device: DeviceRegisters, setInterruptLine: (level: boolean) => void): void {
  if (typeof device?.onInterrupt !== 'function') refuse('device', device, 'what createCryptoDevice() answers');
  checkFunction('setInterruptLine', setInterruptLine);
}

/**
 * What a read of `size` bytes at `offset` gives whatever the registers hold: all ones where the device was removed, 0 where no register
 * can stand. undefined: the registers say it.
 * @throws RangeError unless `size` is the width of an access
 */
export function readWithoutRegisters(device: DeviceRegisters, offset: number, size: AccessSize): number | undefined {
  checkSize(size);
  if (device.removed) return allOnes(size);
  return isOffset(offset) ? undefined : 0;
}

/**
 * The bytes that a write carries to a register at `offset`, as a number without a sign; undefined where it reaches none, because the
 * device was removed or no register can stand there.
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

/** Reads `size` bytes from `offset` on as one number, the lowest byte first. */
export function littleEndian(offset: number, size: number, byteAt: (offset: number) => number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + byteAt(offset + i);
  return value;
}

/** Feature bits 32n to 32n+31 of a set, or a half of an address; 0 beyond the 64 bits that exist. */
export function wordOf(bits: bigint, n: number): number {
  return n < 2 ? Number((bits >> BigInt(32 * n)) & 0xffffffffn) : 0;
}
