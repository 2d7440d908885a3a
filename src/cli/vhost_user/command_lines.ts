import { resolve } from 'node:path';

/** The command lines of QEMU and DPDK that go with a daemon, as far as they concern the device. @param queues data queues */
export function commandLines(socket: string, queues: number, listens: boolean): string {
  const path = resolve(socket).replaceAll(',', ',,');
  const chardev = `-chardev socket,id=crypto0,path=${path}${listens ? '' : ',server=on'}`;
  return [
    'QEMU, with a guest of 1 GiB; its memory must be shared:',
    '  -object memory-backend-memfd,id=mem,size=1G,share=on -machine q35,memory-backend=mem -m 1G',
    `  ${chardev}`,
    'and then, up to 11.0 or for sessions that QEMU itself keeps (with -accel tcg, QEMU 7 also needs vectors=0):',
    '  -object cryptodev-vhost-user,id=cryptodev0,chardev=crypto0 -device virtio-crypto-pci,cryptodev=cryptodev0',
    'or, from 11.1 on, for all that the device offers:',
    `  -device vhost-user-test-device-pci,chardev=crypto0,virtio-id=20,num_vqs=${queues + 1},config_size=56,vq_size=1024`,
  ].join('\n');
}
