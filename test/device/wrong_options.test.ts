// Options that TypeScript refuses and JavaScript lets through: each error names the option, what it was, and what to give.
import type { V86 } from 'v86';
import { describe, expect, test } from 'vitest';
import type { CreateOptions } from '../../src/device/contract.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import { type BenchOptions, createBench } from '../../src/testing/bench.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { type PciOptions, VirtioPci } from '../../src/transport/pci/pci.ts';
import { attachVirtioCrypto, type V86Options } from '../../src/v86/attach.ts';

const memory = () => new WebAssembly.Memory({ initial: 2, maximum: 4096 });
const RAM = { guestAddress: 0, bytes: 65536, offset: 0 };
const guest = () => ({ memory: memory(), regions: [RAM] });
const device = () => createCryptoDevice({ guest: guest(), maxSessions: 1, maxRequestBytes: 1024 });
/** What TypeScript would not take. */
const any = (value: unknown) => value as never;

describe('createCryptoDevice', () => {
  test.each<[unknown, string]>([
    [undefined, 'options is undefined: give an object.'],
    [null, 'options is null: give an object.'],
    [{}, 'guest is undefined: give an object.'],
    [{ guest: {} }, "guest.memory is undefined: give the WebAssembly.Memory of the guest's RAM."],
    [{ guest: { memory: new ArrayBuffer(8), regions: [] } }, 'guest.memory is [object ArrayBuffer]: give the WebAss'],
    [{ guest: { memory: memory() } }, 'guest.regions is undefined: give an array.'],
    [{ guest: { memory: memory(), regions: [null] } }, 'guest.regions[0] is null: give an object.'],
    [{ guest: guest(), features: 5 }, 'features is 5: give an object.'],
    [{ guest: guest(), features: null }, 'features is null: give an object.'],
    [{ guest: guest(), features: ['packed'] }, 'features is an array: give an object.'],
    [{ guest: guest(), limits: 5 }, 'limits is 5: give an object.'],
    [{ guest: guest(), limits: null }, 'limits is null: give an object.'],
    [{ guest: guest(), algorithms: [undefined] }, 'algorithms has undefined, which is unknown: give of arc4, '],
    [{ guest: guest(), algorithms: ['aes-cbc', 'sha256'] }, 'algorithms has sha256, which is unknown: give of arc4, '],
    [{ guest: guest(), onWrite: true }, 'onWrite is true: give a function.'],
    [{ guest: guest(), clock: 5 }, 'clock is 5: give an object.'],
    [{ guest: guest(), clock: { now: () => 0 } }, 'clock.schedule is undefined: give a function.'],
  ])('of %j', (options, message) => {
    const create = () => createCryptoDevice(options as CreateOptions);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(message);
  });

  test('regions that have a guest-physical address in common are refused; beside each other they may stand', () => {
    const regions = (second: number) => [
      { guestAddress: 4096, bytes: 4096, offset: 0 },
      { guestAddress: second, bytes: 4096, offset: 8192 },
    ];
    const create = (second: number) => () =>
      createCryptoDevice({ guest: { memory: memory(), regions: regions(second) }, maxRequestBytes: 1024 });
    for (const second of [0, 8192]) expect(create(second)).not.toThrow();
    for (const second of [1, 4096, 8191]) {
      expect(create(second)).toThrow(
        new RangeError(
          `guest.regions[1].guestAddress is ${second}, which guest.regions[0] has already: give regions apart from each other.`,
        ),
      );
    }
  });
});

test.each<[unknown, string]>([
  [null, 'options is null: give an object.'],
  [{ memoryBytes: 2 ** 40 }, 'memoryBytes is 1099511627776: give 3 GiB at most.'],
  [{ msix: 'yes' }, 'msix is yes: give true or false.'],
  [{ start: 1 }, 'start is 1: give true or false.'],
  [
    { layout: 'revision1', features: { revision1: false } },
    'layout is revision1, and features.revision1 is false: give layout legacy, or offer it.',
  ],
  [
    { ring: 'packed', features: { packed: false } },
    'ring is packed, and features.packed is false: give ring split, or offer it.',
  ],
  [{ driver: null }, 'driver is null: give an object.'],
  [{ driver: { layout: 'linux' } }, 'driver.layout is linux: give one of legacy, revision1.'],
  [{ driver: { features: 5 } }, 'driver.features is 5: give a bigint of bits.'],
  [{ driver: { inOrder: 1 } }, 'driver.inOrder is 1: give true or false.'],
  [{ driver: { stateless: 0 } }, 'driver.stateless is 0: give true or false.'],
  [{ driver: { queueSize: 0 } }, 'driver.queueSize is 0: give a whole number from 1.'],
  [{ driver: { queueSize: '16' } }, 'driver.queueSize is 16: give a whole number from 1.'],
  [{ driver: { queueSize: 3 } }, 'driver.queueSize is 3: give a power of two, or take up VIRTIO_F_RING_PACKED.'],
])('createBench of %j', async (options, message) => {
  await expect(createBench(options as BenchOptions)).rejects.toThrow(message);
});

describe.each([
  ['VirtioPci', VirtioPci],
  ['VirtioMmio', VirtioMmio],
] as const)('%s', (_, Transport) => {
  test('takes a device, a line and options', () => {
    expect(() => new Transport(any(undefined), () => {})).toThrow(
      new TypeError('device is undefined: give what createCryptoDevice() answers.'),
    );
    expect(() => new Transport(any({}), () => {})).toThrow('device is [object Object]: give what createCryptoDevice()');
    expect(() => new Transport(device(), any(undefined))).toThrow(
      new TypeError('setInterruptLine is undefined: give a function.'),
    );
    expect(() => new Transport(device(), () => {}, any(null))).toThrow('options is null: give an object.');
    expect(() => new Transport(device(), () => {}, any({ notify: 5 }))).toThrow('notify is 5: give a function.');
  });
});

test.each<[unknown, string]>([
  [{ bar: 'ports' }, 'bar is ports: give io or memory.'],
  [{ msix: true }, 'msix is true: give an object.'],
  [{ msix: {} }, 'msix.deliver is undefined: give a function.'],
  [{ msix: { vectors: 0, deliver: () => {} } }, 'msix.vectors is 0: give a whole number from 1 to 2048.'],
])('VirtioPci of %j', (options, message) => {
  expect(() => new VirtioPci(device(), () => {}, options as PciOptions)).toThrow(message);
});

test.each<[unknown, unknown, string]>([
  [{}, {}, 'emulator is [object Object]: give what new V86(...) answers.'],
  [undefined, {}, 'emulator is undefined: give what new V86(...) answers.'],
  [{}, null, 'options is null: give an object.'],
  [{}, { transport: 'ccw' }, 'transport is ccw: give pci or mmio.'],
  [{}, { irq: 99 }, 'irq is 99: give one that v86 leaves free'],
  [{}, { transport: 'mmio', slot: 99 }, 'slot is 99: give one that v86 leaves free'],
])('attachVirtioCrypto to %j with %j', (emulator, options, message) => {
  expect(() => attachVirtioCrypto(emulator as V86, options as V86Options)).toThrow(message);
});
