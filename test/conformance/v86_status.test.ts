import { createRequire } from 'node:module';
import { V86 } from 'v86';
import { expect, test } from 'vitest';
import * as pci from '../../spec/virtio_pci.ts';
import { COMMON, ISR } from '../../src/transport/pci/layout.ts';
import { attachVirtioCrypto } from '../../src/v86/attach.ts';
import { cpuOf } from '../../src/v86/internals.ts';
import { UP } from '../support/rig.ts';

const WASM = createRequire(import.meta.url).resolve('v86/build/v86.wasm');
const SLOT = 13;
const INTERRUPT_STATUS = 1 << 19;
const PORT = 0xac00;
const DRIVER_FEATURE_SELECT = PORT + COMMON.offset + pci.COMMON_DRIVER_FEATURE_SELECT;
const DRIVER_FEATURE = PORT + COMMON.offset + pci.COMMON_DRIVER_FEATURE;
const DEVICE_STATUS = PORT + COMMON.offset + pci.COMMON_DEVICE_STATUS;
const ISR_STATUS = PORT + ISR.offset;

test('4.1.4.5.1 on v86 the Interrupt Status bit of the PCI status register follows the ISR status [4.1.4.5.1-4]', async () => {
  const emulator = new V86({ wasm_path: WASM, autostart: false, memory_size: 16 * 1024 * 1024 });
  const device = await attachVirtioCrypto(emulator, { slot: SLOT, port: PORT }).ready;
  const { ports } = cpuOf(emulator).io;
  const at = (port: number) => ports[port] ?? expect.unreachable();
  const call = <T>(port: number, access: (...given: number[]) => T, value: number) =>
    access.call(at(port).device, value);
  const interruptStatus = () => {
    call(0xcf8, at(0xcf8).write32, 0x80000000 | (SLOT << 11) | 4);
    return (call(0xcfc, at(0xcfc).read32, 0xcfc) & INTERRUPT_STATUS) !== 0;
  };
  expect(interruptStatus()).toBe(false);
  call(DRIVER_FEATURE_SELECT, at(DRIVER_FEATURE_SELECT).write32, 1);
  call(DRIVER_FEATURE, at(DRIVER_FEATURE).write32, 1);
  for (const value of [1, 3, 11, UP]) call(DEVICE_STATUS, at(DEVICE_STATUS).write8, value);
  expect(device.status).toBe(UP);
  device.setHardwareReady(false);
  expect(interruptStatus()).toBe(true);
  expect(call(ISR_STATUS, at(ISR_STATUS).read8, ISR_STATUS)).toBe(pci.ISR_CONFIG);
  expect(interruptStatus()).toBe(false);
  await emulator.destroy();
});
