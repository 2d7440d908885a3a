// A driver of forty lines with two mistakes, and the checker that finds both. docs/lab.md mends them one after the other.
import { PciTransport } from 'virtio-crypto-wasm/driver';
import { DriverChecker } from 'virtio-crypto-wasm/lab';
import { createBench } from 'virtio-crypto-wasm/testing';

const checker = new DriverChecker();
const bench = await createBench({ createDevice: checker.createDevice, backend: 'inline', start: false });
const device = new PciTransport(bench.registers, 20);
const ram = () => new DataView(bench.ram().buffer, bench.ram().byteOffset);

// 3.1.1: reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK, queues, DRIVER_OK.
device.status = 0;
while (device.status !== 0);
device.status = 1;
device.status = 1 | 2;
device.driverFeatures = 1n << 32n; // VIRTIO_F_VERSION_1
device.status = 1 | 2 | 8; // The first mistake: is FEATURES_OK still set?
const queue = { desc: 0x1000, avail: 0x2000, used: 0x3000 };
device.enableQueue(0, 8, queue.desc, queue.avail, queue.used);
device.enableQueue(1, 8, 0x4000, 0x5000, 0x6000);
for (const offset of [0, 4, 8]) device.readConfig(offset, 4); // status, max_dataqueues, crypto_services
device.configGeneration;
for (const offset of [48, 52]) device.readConfig(offset, 4); // max_size
device.configGeneration;
device.status = 1 | 2 | 8 | 4;

// 2.7.13: a chain of a readable header and a writable status, its head in the available ring, then the index, then the notification.
const describe = (index, address, bytes, flags, next) => {
  ram().setBigUint64(queue.desc + 16 * index, BigInt(address), true);
  ram().setUint32(queue.desc + 16 * index + 8, bytes, true);
  ram().setUint16(queue.desc + 16 * index + 12, flags, true);
  ram().setUint16(queue.desc + 16 * index + 14, next, true);
};
describe(0, 0x8000, 72, 1, 1); // NEXT
describe(1, 0x9000, 1, 2, 0); // WRITE
ram().setUint32(0x8000, 0x0100, true); // VIRTIO_CRYPTO_HASH, of a session that does not exist
ram().setUint16(queue.avail + 4, 0, true);
device.notify(0); // The second mistake: the index is written too late.
ram().setUint16(queue.avail + 2, 1, true);

for (const { section, statement, seen } of checker.finish()) console.log(`${section}  ${statement}\n    ${seen}`);
await bench.dispose();
