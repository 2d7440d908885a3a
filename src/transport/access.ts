import { checkFunction, refuse } from '../check.ts';
import type { CryptoDevice } from '../device/device.ts';

/** Width of a register access, in bytes. */
export type AccessSize = 1 | 2 | 4;

/** What a read gives where no device answers. */
export function allOnes(size: AccessSize): number {
  return 2 ** (8 * size) - 1;
}

/** @throws TypeError unless a transport was given a device and a line to interrupt with */
export function checkDevice(device: CryptoDevice, setInterruptLine: (level: boolean) => void): void {
  if (typeof device?.onInterrupt !== 'function') refuse('device', device, 'what createCryptoDevice() answers');
  checkFunction('setInterruptLine', setInterruptLine);
}
