import { expect, test } from 'vitest';
import { buildMachine } from '../../src/machine/machine.ts';

test('RAM without room for the initramfs is refused, with what would be enough', async () => {
  const images = {
    bios: new ArrayBuffer(65_536),
    vgaBios: new ArrayBuffer(32_768),
    kernel: new ArrayBuffer(4096),
    initrd: new ArrayBuffer(3_500_000),
  };
  await expect(buildMachine({ images, v86: '/no/v86.wasm', memoryMiB: 68 })).rejects.toThrow(
    'memory is 68 MiB: give 69 or more: v86 puts the initramfs at 64 MiB.',
  );
});
