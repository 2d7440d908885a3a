import { describe, expect, test } from 'vitest';
import { DEVICE_ID_CRYPTO } from '../../spec/crypto.ts';
import * as spec from '../../spec/virtio_pci.ts';
import { CryptoDriver } from '../../src/driver/driver.ts';
import { PciTransport } from '../../src/driver/pci_transport.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { createCryptoDevice } from '../../src/index.ts';
import { createBench } from '../../src/testing/bench.ts';
import * as layout from '../../src/transport/pci/layout.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';

const [key, iv, data] = [noise(16), noise(16, 2), noise(4096, 3)];
const request = { algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data } as const;
const expected = { status: 'ok', data: reference('encrypt', key, iv, data) };

describe('4.1.5 the reference driver over PCI', () => {
  test.each([
    ['pci', 'split', false],
    ['pci', 'split', true],
    ['pci-memory', 'split', false],
    ['pci-memory', 'split', true],
    ['pci-memory', 'packed', true],
  ] as const)('over %s with %s rings and msix %s brings the device up and uses it', async (transport, ring, msix) => {
    const bench = await createBench({ transport, ring, msix, dataQueues: 2, memoryBytes: 1024 * 1024 });
    if (!(bench.registers instanceof VirtioPci)) return expect.unreachable();
    expect(bench.registers.bars.map(({ kind }) => kind)).toEqual([
      transport === 'pci' ? 'io' : 'memory',
      ...(msix ? ['memory'] : []),
    ]);
    for (const queue of [0, 1, 0, 1]) expect(await bench.driver.cipher({ ...request, queue })).toEqual(expected);
    // A driver that starts anew maps its vectors anew.
    bench.driver.stop();
    bench.driver.start();
    expect(await bench.driver.cipher(request)).toEqual(expected);
    await bench.dispose();
  });

  test.each([1, 2, 3, 4])('with %i vectors every queue interrupts by the vector that it was given', async (vectors) => {
    const bytes = 1024 * 1024;
    const memory = new WebAssembly.Memory({ initial: bytes / 65536 });
    const device = createCryptoDevice({
      dataQueues: 2,
      guest: { memory, regions: [{ guestAddress: 0, bytes, offset: 0 }] },
    });
    const received: number[] = [];
    let driver: CryptoDriver | undefined;
    const deliver = (address: bigint, message: number) => {
      expect(address).toBe(0xfee00000n);
      received.push(message);
      queueMicrotask(() => driver?.interrupt());
    };
    const pci = new VirtioPci(device, () => expect.unreachable(), { bar: 'memory', msix: { vectors, deliver } });
    const transport = new PciTransport(pci, DEVICE_ID_CRYPTO, (vector) => ({ address: 0xfee00000n, data: vector }));
    driver = new CryptoDriver(transport, () => new Uint8Array(memory.buffer), new RamAllocator(0x10000, bytes));
    driver.start();
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
    expect(received).toEqual([transport.queueVector(2)]);
    for (const queue of [0, 1]) expect(await driver.cipherInSession(id, { ...request, queue })).toEqual(expected);
    device.setHardwareReady(false);
    expect(received).toEqual([2, 0, 1].map((queue) => transport.queueVector(queue)).concat(0));
    expect(received.every((vector) => vector < vectors)).toBe(true);
    // 4.1.4.5.2: the driver does not read the ISR status.
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_CONFIG);
    driver.stop();
  });

  test('4.1.5.1.2.2 a vector that the device cannot map is told', async () => {
    const bench = await createBench({ transport: 'pci-memory', msix: true, start: false, memoryBytes: 1024 * 1024 });
    const { registers } = bench;
    if (!(registers instanceof VirtioPci)) return expect.unreachable();
    const stubborn = {
      readConfig: registers.readConfig.bind(registers),
      writeConfig: registers.writeConfig.bind(registers),
      writeBar: registers.writeBar.bind(registers),
      readBar: (bar: number, offset: number, size: 1 | 2 | 4) =>
        offset === spec.COMMON_CONFIG_MSIX_VECTOR ? 0xffff : registers.readBar(bar, offset, size),
    };
    const transport = new PciTransport(stubborn, DEVICE_ID_CRYPTO, () => ({ address: 0n, data: 0 }));
    expect(() => {
      transport.status = 1;
    }).toThrow('The device cannot map MSI-X vector 0.');
  });

  test('MSI-X that is asked for and not there is told', async () => {
    const bench = await createBench({ start: false, memoryBytes: 1024 * 1024 });
    const { registers } = bench;
    if (!(registers instanceof VirtioPci)) return expect.unreachable();
    expect(() => new PciTransport(registers, DEVICE_ID_CRYPTO, () => ({ address: 0n, data: 0 }))).toThrow(
      'The device has no MSI-X capability.',
    );
    await expect(createBench({ transport: 'mmio', msix: true })).rejects.toThrow('MMIO has one interrupt');
  });
});
