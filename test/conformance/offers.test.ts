import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { AEAD_ALGORITHMS, CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS } from '../../spec/names.ts';
import { SERVICES } from '../../spec/services.ts';
import * as virtio from '../../spec/virtio.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import type { FeatureOptions } from '../../src/device/features.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { expectWorks, request, session } from '../support/requests.ts';
import { feature, Rig, UP } from '../support/rig.ts';

/** Features for all devices that this one knows (6). None requires another; crypto features do (5.9.3.1). */
const KNOWN = [
  virtio.F_INDIRECT_DESC,
  virtio.F_EVENT_IDX,
  virtio.F_VERSION_1,
  virtio.F_ACCESS_PLATFORM,
  virtio.F_RING_PACKED,
  virtio.F_IN_ORDER,
  virtio.F_NOTIFICATION_DATA,
  virtio.F_RING_RESET,
  virtio.F_ADMIN_VQ,
  virtio.F_SUSPEND,
];
const F_SR_IOV = 37;
const REVISION_1 = feature(0);
/** Stateless modes of CIPHER, HASH, MAC and AEAD, each of which requires REVISION_1. */
const STATELESS_MODES = [1, 2, 3, 4];

const NAMES = [
  'indirect',
  'eventIdx',
  'packed',
  'inOrder',
  'notificationData',
  'ringReset',
  'suspend',
  'adminQueue',
  'accessPlatform',
  'revision1',
  'stateless',
] as const satisfies (keyof FeatureOptions)[];

/** What a device offers with each choice of the optional features, and of the services. */
function offers(): bigint[] {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const guest = { memory, regions: [{ guestAddress: 0, bytes: 65536, offset: 65536 }] };
  const found: bigint[] = [];
  for (let mask = 0; mask < 1 << NAMES.length; mask++) {
    const features = Object.fromEntries(NAMES.map((name, bit) => [name, ((mask >> bit) & 1) === 1]));
    for (const algorithms of [['aes-cbc'], ['cmac-aes', 'gcm']] as const) {
      const device = createCryptoDevice({ guest, features, algorithms, maxSessions: 1, maxRequestBytes: 1024 });
      found.push(device.offeredFeatures);
    }
  }
  return found;
}

describe('2.2.2 feature bits, with every choice of options', () => {
  const offered = offers();

  test('none is offered that requires another which is not [2.2.2-1]', () => {
    for (const features of offered) {
      for (const bit of STATELESS_MODES) {
        if (features & feature(bit)) expect(features & REVISION_1).toBe(REVISION_1);
      }
    }
  });

  test('none is offered but those that are known, and SR_IOV never is [2.2.2-4] [6.2-4]', () => {
    const known = [...KNOWN.map(feature), REVISION_1, ...STATELESS_MODES.map(feature)].reduce((all, bit) => all | bit);
    for (const features of offered) {
      expect(features & ~known).toBe(0n);
      expect(features & feature(F_SR_IOV)).toBe(0n);
    }
  });
});

test('2.5.2 the configuration space reads the same before any feature was negotiated and after [2.5.2-1]', () => {
  const rig = new Rig({ start: false });
  const registers = new VirtioMmio(rig.device, () => {});
  const contents = () => Array.from({ length: crypto.CONFIG_BYTES / 4 }, (_, i) => registers.read(0x100 + 4 * i, 4));
  const before = contents();
  expect(rig.device.status).toBe(0);
  expect(before[crypto.CONFIG_MAX_DATAQUEUES / 4]).toBe(1);
  rig.bringUp();
  expect(contents()).toEqual(before);
});

test('5.9.5.1 each service that is shown has algorithms, all of them defined, and the others have none [5.9.5.1-5] [5.9.5.1-6] [5.9.5.1-7]', () => {
  const masks = {
    cipher: [crypto.CONFIG_CIPHER_ALGO_L, 8],
    hash: [crypto.CONFIG_HASH_ALGO, 4],
    mac: [crypto.CONFIG_MAC_ALGO_L, 8],
    aead: [crypto.CONFIG_AEAD_ALGO, 4],
  } as const;
  const defined = {
    cipher: Object.values(CIPHER_ALGORITHMS),
    hash: Object.values(HASH_ALGORITHMS),
    mac: Object.values(MAC_ALGORITHMS),
    aead: Object.values(AEAD_ALGORITHMS),
  } as const;
  const choices = ['all', 'modern', ['aes-cbc'], ['sha-256', 'cmac-aes'], ['gcm']] as const;
  for (const algorithms of choices) {
    const { config } = new Rig({ algorithms, start: false }).device;
    const read = (offset: number, bytes: number) =>
      Array.from({ length: bytes }, (_, i) => BigInt(config.byte(offset + i)) << BigInt(8 * i)).reduce((a, b) => a | b);
    const services = Number(read(crypto.CONFIG_CRYPTO_SERVICES, 4));
    for (const name of ['cipher', 'hash', 'mac', 'aead'] as const) {
      const [offset, bytes] = masks[name];
      const mask = read(offset, bytes);
      expect(mask !== 0n).toBe(((services >> SERVICES[name].number) & 1) === 1);
      const known: readonly number[] = defined[name];
      expect(mask & ~known.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)).toBe(0n);
    }
  }
});

describe('5.9.5.1 the status field', () => {
  test('shows HW_READY or nothing [5.9.5.1-2] [5.9.5.1-3]', () => {
    const rig = new Rig();
    const status = () => [0, 1, 2, 3].map((byte) => rig.device.config.byte(crypto.CONFIG_STATUS + byte));
    expect(status()).toEqual([crypto.S_HW_READY, 0, 0, 0]);
    rig.device.setHardwareReady(false);
    expect(status()).toEqual([0, 0, 0, 0]);
  });

  test('while it shows HW_READY requests are taken and handled [5.9.5.1-4]', () => {
    const rig = new Rig({ start: false });
    rig.device.setHardwareReady(false);
    rig.device.setHardwareReady(true);
    rig.bringUp();
    expect(rig.device.status).toBe(UP);
    expectWorks(rig);
    expect(request(rig, { id: session(rig) })).toMatchObject({ completed: true, status: crypto.CRYPTO_OK });
  });
});
