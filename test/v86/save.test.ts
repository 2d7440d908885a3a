import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { CryptoDriver } from '../../src/driver/driver.ts';
import { attachVirtioCrypto, type V86Options } from '../../src/v86/attach.ts';
import { cpuOf, type V86Cpu } from '../../src/v86/internals.ts';
import { builtMachine, clearIdeBars, driverOf, newEmulator, onInterrupt, ramOf } from '../support/v86_guest.ts';
import {
  BEFORE_TRIAL,
  encrypt,
  expected,
  heldBack,
  key,
  type Result,
  type Started,
  started,
  upToTrial,
} from '../support/v86_requests.ts';

/** Bytes of a request that a worker takes a while for. */
const LARGE = 128 << 10;

/** The index of a queue's used ring as the driver sees it in RAM. */
function usedIndex(cpu: V86Cpu, driver: CryptoDriver, queue: number): number {
  const { used } = driver.queues[queue] ?? expect.unreachable();
  return new DataView(ramOf(cpu).buffer, ramOf(cpu).byteOffset).getUint16(used + 2, true);
}

/** What a saved state says of a queue, once another machine has taken it over: the device's position, and the RAM's. */
async function positionsIn(state: ArrayBuffer, driver: CryptoDriver, options: V86Options, queue = 0) {
  const other = await builtMachine(options);
  await other.emulator.restore_state(state);
  const device = other.attached.device ?? expect.unreachable();
  return { ...device.positions(queue), inRam: usedIndex(other.cpu, driver, queue) };
}

const slice = (cpu: V86Cpu) => cpu.run_hardware_timers(0, performance.now());

describe.each(['inline', 'workers', 'auto'] as const)('with the backend %s, a machine is saved', (backend) => {
  test('after a notification that was held back is answered: the state and the RAM are of one moment', async () => {
    const options = { backend, workers: 1 };
    const machine = await started(options);
    await machine.device.backendReady;
    await upToTrial(machine);
    const result = heldBack(machine, LARGE);
    const state = await machine.emulator.save_state();
    const at = BEFORE_TRIAL + 1;
    expect(await positionsIn(state, machine.driver, options)).toEqual({ nextAvail: at, nextUsed: at, inRam: at });
    await machine.emulator.restore_state(state);
    machine.driver.interrupt();
    expect(await result).toEqual(expected(LARGE));
    const next = machine.request(64);
    slice(machine.cpu);
    slice(machine.cpu);
    machine.device.settle();
    machine.driver.interrupt();
    expect(await next).toEqual(expected(64));
  });

  test('while requests are under way and the next notification is held back', async () => {
    const options = { backend, workers: 1 };
    const machine = await started(options);
    await machine.device.backendReady;
    await upToTrial(machine);
    // The first is held back. Two slices without a halt answer it, and the policy gives up: the next ones are answered at once.
    const results = [heldBack(machine, 3 * LARGE)];
    slice(machine.cpu);
    slice(machine.cpu);
    results.push(machine.request(2 * LARGE), machine.request(LARGE));
    const state = await machine.emulator.save_state();
    const at = BEFORE_TRIAL + 3;
    expect(await positionsIn(state, machine.driver, options)).toEqual({ nextAvail: at, nextUsed: at, inRam: at });
    machine.driver.interrupt();
    expect(await Promise.all(results)).toEqual([3 * LARGE, 2 * LARGE, LARGE].map(expected));
  });
});

test('what the limits hold back is in the saved state, and goes on from there', async () => {
  const machine = await started({ limits: { requestsPerSecond: 100, burstRequests: 1 } });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  vi.advanceTimersByTime(1000);
  const results = [machine.request(64), machine.request(128)];
  const state = await machine.emulator.save_state();
  expect(machine.device.positions(0).nextAvail).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(machine.device.positions(0).nextAvail).toBe(2);
  // RAM and device go back to the moment before.
  await machine.emulator.restore_state(state);
  expect(machine.device.positions(0)).toEqual({ nextAvail: 1, nextUsed: 1 });
  vi.advanceTimersByTime(1000);
  expect(machine.device.positions(0)).toEqual({ nextAvail: 2, nextUsed: 2 });
  machine.driver.interrupt();
  expect(await Promise.all(results)).toEqual([expected(64), expected(128)]);
});

test('two devices of one machine are saved at one moment', async () => {
  const places = [
    { slot: 0x0d, port: 0xac00 },
    { slot: 0x0e, port: 0xad00 },
  ];
  const emulator = newEmulator();
  const attached = places.map((place) => attachVirtioCrypto(emulator, { ...place, backend: 'workers', workers: 1 }));
  const devices = await Promise.all(attached.map(({ ready }) => ready));
  await Promise.all(devices.map(({ backendReady }) => backendReady));
  const cpu = cpuOf(emulator);
  clearIdeBars(cpu);
  const drivers = places.map((place, i) => driverOf(cpu, place, 0x100000 + i * 0x700000));
  const machines: Started[] = [];
  for (const [i, driver] of drivers.entries()) {
    const device = devices[i] ?? expect.unreachable();
    driver.start();
    const session = driver.createCipherSession('aes-cbc', 'encrypt', key);
    driver.interrupt();
    const machine = { emulator, cpu, device, driver, attached: attached[i] ?? expect.unreachable() };
    const { id } = await session;
    const request = (bytes: number) => encrypt(driver, id, bytes);
    machines.push({ ...machine, request });
  }
  for (const machine of machines) await upToTrial(machine);
  const results = machines.map((machine) => heldBack(machine, LARGE));
  const state = await emulator.save_state();
  await emulator.restore_state(state);
  for (const [i, driver] of drivers.entries()) {
    const at = BEFORE_TRIAL + 1;
    expect(devices[i]?.positions(0)).toEqual({ nextAvail: at, nextUsed: at });
    expect(usedIndex(cpu, driver, 0)).toBe(at);
    driver.interrupt();
  }
  expect(await Promise.all(results)).toEqual([expected(LARGE), expected(LARGE)]);
});

describe('an interrupt of what was held back', () => {
  /** Both queues have a notification that is held back; the handler runs once, at the first interrupt. */
  async function twoHeldQueues(handler: (machine: Started) => void) {
    const machine = await started({ dataQueues: 2 });
    for (const queue of [0, 1]) await upToTrial(machine, queue);
    const results = [heldBack(machine, 128, 0), heldBack(machine, 256, 1)];
    let calls = 0;
    onInterrupt(machine.cpu, () => {
      if (calls++ === 0) handler(machine);
    });
    machine.cpu.in_hlt[0] = 1;
    slice(machine.cpu);
    expect(calls).toBeGreaterThan(0);
    return { ...machine, results };
  }

  test('may save the machine: the other queue is answered in that state', async () => {
    let state: Promise<ArrayBuffer> | undefined;
    const { driver, results } = await twoHeldQueues(({ emulator }) => {
      state = emulator.save_state();
    });
    const saved = (await state) ?? expect.unreachable();
    const at = BEFORE_TRIAL + 1;
    for (const queue of [0, 1]) {
      const positions = await positionsIn(saved, driver, { dataQueues: 2 }, queue);
      expect(positions).toEqual({ nextAvail: at, nextUsed: at, inRam: at });
    }
    driver.interrupt();
    expect(await Promise.all(results)).toEqual([expected(128), expected(256)]);
  });

  test('may notify again: that is answered too', async () => {
    let again: Promise<Result> | undefined;
    const { driver, results, cpu } = await twoHeldQueues(({ request }) => {
      again = request(512);
    });
    slice(cpu);
    driver.interrupt();
    expect(await Promise.all([...results, again])).toEqual([expected(128), expected(256), expected(512)]);
  });

  test('may take the device out', async () => {
    const { device, cpu } = await twoHeldQueues(({ attached }) => attached.remove());
    slice(cpu);
    expect(device.removed).toBe(true);
    expect(device.statistics().queues.map(({ requests }) => requests)).toEqual([BEFORE_TRIAL + 1, BEFORE_TRIAL, 1]);
  });

  test('may reboot the machine: nothing of the other queue is answered afterwards', async () => {
    const { device, cpu } = await twoHeldQueues(({ cpu: machine }) => machine.reboot_internal());
    slice(cpu);
    slice(cpu);
    expect(device.status).toBe(0);
    expect(device.statistics().queues.map(({ requests }) => requests)).toEqual([BEFORE_TRIAL + 1, BEFORE_TRIAL, 1]);
  });
});

test('a restored machine hears nothing of what the machine before it held back', async () => {
  const machine = await started();
  const { driver, device, cpu, emulator } = machine;
  const state = await emulator.save_state();
  await upToTrial(machine);
  const lost = heldBack(machine, 64);
  lost.catch(() => {});
  await emulator.restore_state(state);
  expect(device.positions(0)).toEqual({ nextAvail: 0, nextUsed: 0 });
  // As the restored guest does before it notifies: a chain is available, and nobody has said so.
  const { avail } = driver.queues[0] ?? expect.unreachable();
  new DataView(ramOf(cpu).buffer, ramOf(cpu).byteOffset).setUint16(avail + 2, 1, true);
  cpu.in_hlt[0] = 1;
  slice(cpu);
  expect(device.positions(0)).toEqual({ nextAvail: 0, nextUsed: 0 });
});

describe('after a restore that', () => {
  const OLD = { from: 0x100000, to: 0x800000 };

  /** Another machine's state, with RAM that is told apart from that of ours. */
  async function otherState(options: V86Options = {}): Promise<ArrayBuffer> {
    const { cpu, emulator } = await builtMachine(options);
    ramOf(cpu).fill(0x77, OLD.from, OLD.to);
    return emulator.save_state();
  }

  /** The device has requests under way in its worker when `restore` runs; says what became of device and RAM. */
  async function afterRestore(restore: (machine: Started) => Promise<unknown>) {
    const machine = await started({ backend: 'workers', workers: 1 });
    const { cpu, device, request } = machine;
    await device.backendReady;
    // Nobody waits for these any more: the new driver below abandons them.
    const lost = Array.from({ length: 4 }, () => request(LARGE));
    for (const result of lost) result.catch(() => {});
    const outcome = await restore(machine);
    const found = { status: device.status, sessions: device.sessionCount };
    // The one worker takes requests in their order: when this one is done, the others' results have come.
    const driver = driverOf(cpu, undefined, OLD.to);
    driver.start();
    onInterrupt(cpu, () => queueMicrotask(() => driver.interrupt()));
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
    expect(await encrypt(driver, id, LARGE)).toEqual(expected(LARGE));
    const unchanged = Buffer.alloc(OLD.to - OLD.from, 0x77).equals(ramOf(cpu).subarray(OLD.from, OLD.to));
    return { ...found, outcome, unchanged };
  }

  const outcomeOf = (promise: Promise<void>) => promise.then(() => 'restored', String);
  const RESET = { status: 0, sessions: 0, unchanged: true };

  test('was refused, as its part is damaged, the device is reset and writes nothing to the new RAM', async () => {
    const state = Buffer.from(await otherState());
    // The device's part is JSON within v86's own.
    const at = state.indexOf('{\\"version\\":1');
    expect(at).toBeGreaterThan(0);
    state.write('{\\"version\\":7', at);
    const damaged = state.buffer.slice(state.byteOffset, state.byteOffset + state.length);
    const { outcome, ...found } = await afterRestore(({ emulator }) => outcomeOf(emulator.restore_state(damaged)));
    expect(outcome).toMatch(/^StateError: The virtio crypto device's part of this saved state is damaged/);
    expect(found).toEqual(RESET);
  });

  test('was refused, as the saved device had other options, the same', async () => {
    const state = await otherState({ dataQueues: 2 });
    const { outcome, ...found } = await afterRestore(({ emulator }) => outcomeOf(emulator.restore_state(state)));
    expect(outcome).toMatch(/^StateError: The saved device had dataQueues 2, this one has 1/);
    expect(found).toEqual(RESET);
  });

  test('broke off within v86, the same', async () => {
    const state = await otherState();
    const { outcome, ...found } = await afterRestore(({ emulator, cpu }) => {
      Object.defineProperty(cpu, 'full_clear_tlb', {
        value: () => {
          throw new Error('half-way');
        },
        configurable: true,
      });
      const restored = outcomeOf(emulator.restore_state(state));
      Reflect.deleteProperty(cpu, 'full_clear_tlb');
      return restored;
    });
    expect(outcome).toBe('Error: half-way');
    expect(found).toEqual(RESET);
  });

  test('found no part of the device in the state, the same, without an error', async () => {
    const bare = newEmulator();
    await new Promise<void>((resolve) => bare.add_listener('emulator-loaded', () => resolve()));
    clearIdeBars(cpuOf(bare));
    ramOf(cpuOf(bare)).fill(0x77, OLD.from, OLD.to);
    const state = await bare.save_state();
    const { outcome, ...found } = await afterRestore(({ emulator }) => outcomeOf(emulator.restore_state(state)));
    expect(outcome).toBe('restored');
    expect(found).toEqual(RESET);
  });
});
