// VIRTIO_F_SUSPEND (3.4 of virtio 1.4): the device finishes what it has begun, and then leaves everything alone until it resumes.
import { afterEach, describe, expect, test } from 'vitest';
import { CONFIG_STATUS, CRYPTO_OK, S_HW_READY } from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import * as mmio from '../../spec/virtio_mmio.ts';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { type DeviceState, StateError } from '../../src/device/state.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { createBench } from '../support/bench.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { Flight, numbers } from '../support/flight.ts';
import { moved } from '../support/moved.ts';
import { AT, expectWorks, prepare, request, session, UNWRITTEN } from '../support/requests.ts';
import {
  type AnyRig,
  feature,
  INDIRECT,
  NEEDS_RESET,
  PACKED,
  RIGS,
  type RigOptions,
  UP,
  VERSION_1,
} from '../support/rig.ts';

const FEATURES = VERSION_1 | INDIRECT | feature(virtio.F_SUSPEND);
const { STATUS_SUSPEND, STATUS_DRIVER_OK, STATUS_FEATURES_OK } = virtio;
const SUSPENDED = (UP & ~STATUS_DRIVER_OK) | STATUS_SUSPEND;

describe.each(RIGS)('with a %s ring', (ring, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  function up(options: RigOptions = {}): AnyRig {
    const rig = makeRig({ features: FEATURES, ...options });
    rigs.push(rig);
    return rig;
  }

  /** A device whose workers take requests. */
  async function upWithWorkers(workers: number): Promise<AnyRig> {
    const events: BackendEvent[] = [];
    const rig = up({ backend: 'workers', workers, queueSize: 1024, onBackendEvent: (event) => events.push(event) });
    await rig.device.backendReady;
    expect(events).toEqual([]);
    return rig;
  }

  const suspend = (rig: AnyRig) => rig.device.writeStatus(rig.device.status | STATUS_SUSPEND);
  const resume = (rig: AnyRig) => rig.device.writeStatus(rig.device.status | STATUS_DRIVER_OK);

  test('3.4.2 SUSPEND takes the place of DRIVER_OK, and DRIVER_OK that of SUSPEND [3.4.2-5] [3.4.2-6]', () => {
    const rig = up();
    suspend(rig);
    expect(rig.device.status).toBe(SUSPENDED);
    resume(rig);
    expect(rig.device.status).toBe(UP);
    expectWorks(rig);
  });

  test('3.4.2 a driver may write SUSPEND without DRIVER_OK, and DRIVER_OK without SUSPEND', () => {
    const rig = up();
    rig.device.writeStatus(SUSPENDED);
    expect(rig.device.status).toBe(SUSPENDED);
    rig.device.writeStatus(SUSPENDED & ~STATUS_SUSPEND);
    expect(rig.device.status).toBe(SUSPENDED);
    rig.device.writeStatus(UP);
    expect(rig.device.status).toBe(UP);
    expectWorks(rig);
  });

  test('3.4.2 SUSPEND is ignored until the device is initialised, and if it was not negotiated [3.4.2-1]', () => {
    const unstarted = up({ start: false });
    unstarted.negotiate();
    suspend(unstarted);
    expect(unstarted.device.status).toBe(UP & ~STATUS_DRIVER_OK);
    unstarted.device.writeStatus(UP | STATUS_SUSPEND);
    expect(unstarted.device.status).toBe(UP);
    const without = up({ features: VERSION_1 | INDIRECT });
    suspend(without);
    expect(without.device.status).toBe(UP);
    expectWorks(without);
  });

  test('3.4.2 a device that needs a reset does not suspend itself, and keeps DEVICE_NEEDS_RESET', () => {
    const rig = up();
    rig.data.describeChain([{ address: 0xffff_0000, bytes: 16 }]);
    rig.data.offer(0);
    rig.device.notify(0);
    suspend(rig);
    expect(rig.device.status).toBe(UP | NEEDS_RESET);
  });

  test('3.4.2 while suspended it touches no queue and tells nothing, and then runs what is in the rings [3.4.2-3]', () => {
    const clock = new FakeClock();
    const rig = up({ clock });
    const chain = prepare(rig, { id: session(rig) });
    suspend(rig);
    rig.interrupts = [];
    rig.data.describeChain(chain);
    rig.data.offer(0);
    const before = rig.snapshot();
    rig.device.notify(0);
    rig.device.settle();
    clock.advance(1000);
    expect(before.changes()).toEqual([]);
    expect(rig.interrupts).toEqual([]);
    expect(rig.read(AT.status, 1)[0]).toBe(UNWRITTEN);
    resume(rig);
    expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    expect(rig.interrupts).toEqual([{ kind: 'queue', queue: 0 }]);
  });

  test('3.4.2 the configuration changes and the driver is told when it resumes [3.4.2-3] [3.4.2-4]', () => {
    const rig = up();
    const ready = () => rig.device.config.byte(CONFIG_STATUS);
    suspend(rig);
    rig.interrupts = [];
    const { generation } = rig.device.config;
    rig.device.setHardwareReady(false);
    expect([ready(), rig.device.config.generation, rig.interrupts]).toEqual([S_HW_READY, generation, []]);
    resume(rig);
    expect([ready(), rig.device.config.generation]).toEqual([0, generation + 1]);
    expect(rig.interrupts).toEqual([{ kind: 'config', queue: 0 }]);
    suspend(rig);
    rig.device.setHardwareReady(true);
    rig.device.setHardwareReady(false);
    rig.interrupts = [];
    resume(rig);
    expect(rig.interrupts).toEqual([]);
  });

  test('a reset ends the suspension, and makes a change that waited', () => {
    const rig = up();
    suspend(rig);
    rig.device.setHardwareReady(false);
    rig.bringUp();
    expect(rig.device.config.byte(CONFIG_STATUS)).toBe(0);
    rig.device.setHardwareReady(true);
    expectWorks(rig);
  });

  test('3.4.2 requests in workers are used, and the driver is told, before SUSPEND shows [3.4.2-7]', async () => {
    const rig = await upWithWorkers(2);
    const flight = new Flight(rig);
    const id = session(rig);
    for (const place of numbers(20)) flight.offer(place, id);
    rig.device.notify(0);
    const seen: number[] = [];
    rig.device.onInterrupt(() => {
      seen.push(rig.device.status);
      rig.device.notify(0);
    });
    const before = rig.data.usedIdx;
    suspend(rig);
    expect(rig.device.status).toBe(SUSPENDED);
    expect((before + rig.data.usedIdx) & 0xffff).toBeGreaterThanOrEqual(20);
    for (const place of numbers(20)) flight.expectDone(place);
    expect(new Set(seen)).toEqual(new Set([UP]));
  });

  test('a handler that resets the device while it suspends itself has the last word', async () => {
    const rig = await upWithWorkers(1);
    const flight = new Flight(rig);
    flight.offer(0, session(rig));
    rig.device.notify(0);
    rig.device.onInterrupt(() => rig.device.reset());
    suspend(rig);
    expect(rig.device.status).toBe(0);
    rig.device.onInterrupt(() => {});
    rig.bringUp();
    expect(rig.device.status).toBe(UP);
  });

  test('what waits for limits stays in the ring, and goes on afterwards', () => {
    const clock = new FakeClock();
    const rig = up({ clock, limits: { requestsPerSecond: 1, burstRequests: 1 } });
    const id = session(rig);
    expect(request(rig, { id }).completed).toBe(true);
    expect(request(rig, { id }).completed).toBe(false);
    expect(clock.pending).toBe(1);
    suspend(rig);
    expect(clock.pending).toBe(0);
    resume(rig);
    clock.advance(1000);
    expect(rig.data.usedIdx).toBe(2);
  });

  test('it is saved and restored with its sessions, its waiting request and its waiting change', () => {
    const from = up();
    const chain = prepare(from, { id: session(from) });
    suspend(from);
    from.device.setHardwareReady(false);
    from.data.describeChain(chain);
    from.data.offer(0);
    const to = moved(from);
    rigs.push(to);
    expect(to.device.status).toBe(SUSPENDED);
    expect(to.device.config.byte(CONFIG_STATUS)).toBe(S_HW_READY);
    expect(to.data.usedIdx).toBe(0);
    resume(to);
    expect(to.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    expect(to.device.config.byte(CONFIG_STATUS)).toBe(0);
    expect(to.interrupts).toContainEqual({ kind: 'config', queue: 0 });
  });

  test.each<[string, Partial<DeviceState>]>([
    ['SUSPEND beside DRIVER_OK', { status: UP | STATUS_SUSPEND }],
    ['SUSPEND without FEATURES_OK', { status: SUSPENDED & ~STATUS_FEATURES_OK }],
    ['SUSPEND without the feature', { driverFeatures: `${ring === 'packed' ? VERSION_1 | PACKED : VERSION_1}` }],
  ])('a state with %s is refused', (_what, damage) => {
    const rig = up();
    suspend(rig);
    const saved = { ...rig.device.save(), ...damage };
    expect(() => rig.device.restore(saved)).toThrow(StateError);
  });

  test('a device that was removed while suspended stays silent', () => {
    const rig = up();
    suspend(rig);
    rig.device.remove();
    resume(rig);
    expect(rig.device.status).toBe(0);
    expect(rig.interrupts).toEqual([]);
  });

  test('3.4.2 the MMIO status register suspends and resumes it', () => {
    const rig = up();
    const registers = new VirtioMmio(rig.device, () => {});
    registers.write(mmio.MMIO_STATUS, 4, UP | STATUS_SUSPEND);
    expect(registers.read(mmio.MMIO_STATUS, 4)).toBe(SUSPENDED);
    registers.write(mmio.MMIO_STATUS, 4, SUSPENDED | STATUS_DRIVER_OK);
    expect(registers.read(mmio.MMIO_STATUS, 4)).toBe(UP);
  });
});

describe.each(['pci', 'pci-memory', 'mmio'] as const)('the reference driver over %s', (transport) => {
  const zeros = new Uint8Array(16);
  const cipher = { algorithm: 'aes-cbc', direction: 'encrypt', key: zeros, iv: zeros, data: zeros } as const;

  test('suspends and resumes the device, and sends nothing meanwhile', async () => {
    const { driver, device, dispose } = await createBench({ transport });
    const { id } = await driver.createSession({ service: 'cipher', ...cipher });
    const first = driver.cipherInSession(id, cipher);
    driver.suspend();
    expect(device.status & STATUS_SUSPEND).toBe(STATUS_SUSPEND);
    expect(() => driver.notify(0)).toThrow('The device is suspended: resume() it first.');
    await expect(driver.cipher(cipher)).rejects.toThrow('The device is suspended');
    driver.resume();
    expect((await first).status).toBe('ok');
    expect((await driver.cipher(cipher)).status).toBe('ok');
    await dispose();
  });

  test('says what is missing', async () => {
    const without = await createBench({ transport, features: { suspend: false } });
    expect(() => without.driver.suspend()).toThrow('VIRTIO_F_SUSPEND was not negotiated.');
    await without.dispose();
    const bench = await createBench({ transport });
    expect(() => bench.driver.resume()).toThrow('The device is not suspended');
    bench.device.remove();
    expect(() => bench.driver.suspend()).toThrow('The device does not suspend itself (3.4): reset it.');
    await bench.dispose();
  });
});
