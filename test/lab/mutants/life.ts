// Drivers with one planted bug each, in their initialisation or the set-up of a queue, and the rule that has to catch it.
import * as crypto from '../../../spec/crypto.ts';
import * as virtio from '../../../spec/virtio.ts';
import { bit, changed, ringBug, setupBug, statusBug, unreadBug, without } from '../support/mutant.ts';
import { honest, type Mutant, packed, standardRun } from './mutant.ts';

const { STATUS_ACKNOWLEDGE: ACKNOWLEDGE, STATUS_DRIVER: DRIVER, STATUS_FEATURES_OK: FEATURES_OK } = virtio;
const { STATUS_DRIVER_OK: DRIVER_OK, STATUS_FAILED: FAILED } = virtio;
const PACKED = virtio.F_RING_PACKED;

export const LIFE_MUTANTS: readonly Mutant[] = [
  {
    rule: '2.1.1-1',
    name: 'ACKNOWLEDGE is forgotten when DRIVER_OK is set',
    bug: statusBug((value) => (value & DRIVER_OK ? value & ~ACKNOWLEDGE : value)),
  },
  {
    rule: '2.1.1-2',
    name: 'it goes on after FAILED',
    bug: statusBug((value) => (value === 0 ? 0 : value | FAILED)),
  },
  {
    rule: '2.1.1-3',
    name: 'it notifies a device that needs a reset',
    bug: ringBug((stage) => stage.avail(virtio.AVAIL_RING).set(0xfff0)),
    run: async (stage) => {
      await standardRun(stage);
      // The interrupt that says so has come.
      await new Promise((resolve) => setTimeout(resolve, 10));
      stage.transport.notify(0);
    },
  },
  {
    rule: '2.2.1-1',
    name: 'it accepts a feature that was not offered',
    bug: (transport) =>
      changed(transport, {
        set driverFeatures(value: bigint) {
          transport.driverFeatures = value | bit(virtio.F_NOTIFICATION_DATA);
        },
      }),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '2.2.1-2',
    name: 'it accepts a stateless mode without REVISION_1',
    bug: (transport) =>
      changed(transport, {
        set driverFeatures(value: bigint) {
          transport.driverFeatures = value | bit(crypto.F_HASH_STATELESS_MODE);
        },
      }),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '2.4.2-1',
    name: 'it does not wait for the reset',
    bug: statusBug(
      (value) => value,
      (transport, written) => (written === 0 ? 0 : transport.status),
    ),
  },
  {
    rule: '3.1.1-1',
    name: 'it does not reset the device first',
    bug: statusBug((value) => (value === 0 ? undefined : value)),
  },
  {
    rule: '3.1.1-2',
    name: 'it leaves out ACKNOWLEDGE',
    bug: statusBug((value) => (value === ACKNOWLEDGE ? undefined : value & ~ACKNOWLEDGE)),
  },
  {
    rule: '3.1.1-3',
    name: 'it writes its features before DRIVER',
    bug: statusBug((value, transport) => {
      if (value === ACKNOWLEDGE) transport.driverFeatures = bit(virtio.F_VERSION_1);
      return value;
    }),
  },
  {
    rule: '3.1.1-3',
    name: 'it writes its features after FEATURES_OK',
    bug: setupBug(
      (place) => place,
      (stage) => {
        stage.transport.driverFeatures = bit(virtio.F_VERSION_1);
      },
    ),
  },
  {
    rule: '3.1.1-4',
    name: 'it does not read FEATURES_OK back',
    bug: statusBug(
      (value) => value,
      (transport, written) => (written & FEATURES_OK && !(written & DRIVER_OK) ? written : transport.status),
    ),
  },
  {
    rule: '3.1.1-5',
    name: 'it sets up a queue before FEATURES_OK',
    bug: honest,
    run: (stage) => {
      for (const status of [0, ACKNOWLEDGE, ACKNOWLEDGE | DRIVER]) stage.transport.status = status;
      stage.transport.enableQueue(0, 8, 0x1000, 0x2000, 0x3000);
    },
  },
  {
    rule: '3.1.1-6',
    name: 'it sets DRIVER_OK without FEATURES_OK',
    bug: statusBug(
      (value) => value & ~FEATURES_OK,
      (transport, written) => (written === 0 ? transport.status : transport.status | FEATURES_OK),
    ),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '3.1.1-7',
    name: 'it notifies the device when it has set up a queue',
    bug: setupBug(
      (place) => place,
      (stage) => stage.transport.notify(0),
    ),
  },
  {
    rule: '6.1-1',
    name: 'it does not accept VERSION_1',
    bug: honest,
    driver: { features: without(virtio.F_VERSION_1) },
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '6.1-2',
    name: 'it does not know the packed ring',
    bug: honest,
    bench: { features: { packed: true } },
    driver: { features: without(PACKED) },
  },
  {
    rule: '6.1-3',
    name: 'it does not know ACCESS_PLATFORM',
    bug: honest,
    bench: { features: { accessPlatform: true } },
    driver: { features: without(virtio.F_ACCESS_PLATFORM) },
  },
  {
    rule: '2.5.1-1',
    name: 'it reads max_size without the generation',
    bug: (transport) =>
      changed(transport, {
        get configGeneration() {
          return 0;
        },
      }),
  },
  { rule: '5.9.5.2-1', name: 'it does not read status', bug: unreadBug(crypto.CONFIG_STATUS) },
  {
    rule: '5.9.5.2-2',
    name: 'it sends requests to hardware that is not ready',
    bug: honest,
    run: async (stage) => {
      stage.driver.start();
      stage.bench.device.setHardwareReady(false);
      stage.send();
    },
  },
  { rule: '5.9.5.2-3', name: 'it does not read max_dataqueues', bug: unreadBug(crypto.CONFIG_MAX_DATAQUEUES) },
  { rule: '5.9.5.2-4', name: 'it does not read crypto_services', bug: unreadBug(crypto.CONFIG_CRYPTO_SERVICES) },
  {
    rule: '5.9.5.2-5',
    name: 'it does not read the algorithms of ciphers',
    bug: unreadBug(crypto.CONFIG_CIPHER_ALGO_L, crypto.CONFIG_CIPHER_ALGO_H),
    run: async (stage) => {
      stage.driver.start();
      const [key, iv, data] = [new Uint8Array(16), new Uint8Array(16), new Uint8Array(16)] as const;
      stage.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data }).catch(() => {});
      await Promise.resolve();
    },
  },
  { rule: '5.9.5.2-6', name: 'it does not read max_size', bug: unreadBug(crypto.CONFIG_MAX_SIZE) },
  {
    rule: '5.9.6.1-1',
    name: 'it does not set up the control queue',
    bug: setupBug((place) => (place[0] === 0 ? place : undefined)),
  },
  {
    rule: '2.7.1-1',
    name: 'a part of a split ring is not aligned',
    bug: setupBug(([index, size, desc, avail, used]) => [index, size, desc, avail + 1, used]),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '2.8.11-1',
    name: 'a part of a packed ring is not aligned',
    ...packed(),
    bug: setupBug(([index, size, desc, avail, used]) => [index, size, desc, avail + 2, used]),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '4.1.4.3.2-1',
    name: 'the size of a split ring is no power of two',
    bug: setupBug(([index, , ...areas]) => [index, 3, ...areas]),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '4.1.4.3.2-2',
    name: 'the size of a packed ring is 0',
    ...packed(),
    bug: setupBug(([index, , ...areas]) => [index, 0, ...areas]),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '4.1.4.3.2-3',
    name: 'a queue is enabled before its addresses are written',
    bug: setupBug(([index, size]) => [index, size, 0, 0, 0]),
    run: (stage) => {
      stage.driver.start();
    },
  },
  {
    rule: '4.2.2.2-1',
    name: 'a queue is larger than the device presents',
    bug: setupBug(([index, size, ...areas]) => [index, 2 * size, ...areas]),
    run: (stage) => expectThrow(() => stage.driver.start()),
  },
  {
    rule: '2.7.10.1-1',
    name: 'the flags of a used ring are left as they are in memory',
    bug: setupBug(
      (place) => place,
      (stage, [, , , , used]) => stage.word(used + virtio.USED_FLAGS).set(1),
    ),
  },
];

/** The device refuses what the driver does, which the driver sees. */
function expectThrow(work: () => void): void {
  try {
    work();
  } catch {
    return;
  }
}
