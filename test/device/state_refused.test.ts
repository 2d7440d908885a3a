import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as engine from '../../spec/engine.ts';
import { type DeviceState, StateError } from '../../src/device/state.ts';
import { contains } from '../support/memory.ts';
import { closeSession, expectWorksAfterReset, KEY, request, session } from '../support/requests.ts';
import { Rig, VERSION_1 } from '../support/rig.ts';

describe('a state that is refused', () => {
  const good = (): DeviceState => {
    const rig = new Rig();
    session(rig);
    return rig.device.save({ includeKeys: true });
  };
  const refusal = (state: unknown, rig = new Rig()): string => {
    const id = session(rig);
    let message = '';
    try {
      rig.device.restore(state);
    } catch (error) {
      expect(error).toBeInstanceOf(StateError);
      message = (error as Error).message;
    }
    expect(message, 'refused').not.toBe('');
    // A state that cannot be parsed leaves the device at work.
    expect(request(rig, { id }).status).toBe(crypto.CRYPTO_OK);
    return message;
  };

  test.each([undefined, null, 7, 'state', [], {}, new Uint8Array(8)])('%o is no state', (state) => {
    expect(refusal(state)).toBe('This is not the saved state of a virtio crypto device.');
  });

  test.each([0, 1, 3, '2', null])('version %o is unknown', (version) => {
    expect(refusal({ ...good(), version })).toBe(
      `The saved state has version ${version}, this library knows version 2: restore it with the version that saved it.`,
    );
  });

  test.each([
    ['dataQueues', 2],
    ['queueSize', 32],
    ['maxSessions', 5],
    ['maxRequestBytes', 4096],
  ] as const)('another %s', (name, value) => {
    const state = good();
    const message = refusal(state, new Rig({ [name]: value, ...(name === 'queueSize' ? { ringSize: 32 } : {}) }));
    expect(message).toBe(
      `The saved device had ${name} ${state.options[name]}, this one has ${value}: create it with the same options.`,
    );
  });

  test('features that this device does not offer', () => {
    const driverFeatures = `${VERSION_1 | (1n << 34n)}`;
    expect(refusal({ ...good(), driverFeatures })).toContain(driverFeatures);
    expect(refusal({ ...good(), driverFeatures: '0' })).toContain('features 0');
  });

  const wrong = [undefined, null, -1, 1.5, 2 ** 32, Number.NaN, 'x', '-1', `${2n ** 64n}`, {}, [], true];
  const fitting: Record<string, unknown[]> = {
    hardwareReady: [true],
    enabled: [true],
    queues: [[]],
    sessions: [[]],
    key: [`${2n ** 64n}`, null],
    held: [true],
    parameters: [],
  };

  test.each(Object.keys(good()).filter((name) => name !== 'version'))('a damaged %s is named', (name) => {
    for (const value of wrong) {
      if (fitting[name]?.some((fit) => JSON.stringify(fit) === JSON.stringify(value))) continue;
      expect(refusal({ ...good(), [name]: value })).toMatch(new RegExp(`^The saved state is damaged: ${name}`));
    }
  });

  test.each(Object.keys(good().queues[0] ?? {}))('a damaged %s of a queue is named', (name) => {
    for (const value of wrong) {
      if (fitting[name]?.includes(value)) continue;
      const state = good();
      const queues = state.queues.map((queue, i) => (i === 1 ? { ...queue, [name]: value } : queue));
      expect(refusal({ ...state, queues })).toMatch(new RegExp(`^The saved state is damaged: queues\\.1\\.${name}`));
    }
  });

  test.each(Object.keys(good().sessions[0] ?? {}))('a damaged %s of a session is named', (name) => {
    for (const value of wrong) {
      if (fitting[name]?.includes(value)) continue;
      const state = good();
      const sessions = state.sessions.map((saved) => ({ ...saved, [name]: value }));
      expect(refusal({ ...state, sessions })).toMatch(
        new RegExp(`^The saved state is damaged: sessions\\.0\\.${name}`),
      );
    }
  });

  test.each([
    ['a status with bits that there are not', { status: 0x2f }, 'status: Expected bits of the device status'],
    ['DRIVER_OK without FEATURES_OK', { status: 7 }, 'status: Expected FEATURES_OK with DRIVER_OK'],
    ['a fault that there is not', { fault: 200 }, 'fault: Expected the number of a fault'],
    ['a fault of a queue that there is not', { fault: 1, faultQueue: 2 }, 'faultQueue: there is no queue 2'],
  ])('%s', (_, change, message) => {
    expect(refusal({ ...good(), ...change })).toContain(`The saved state is damaged: ${message}`);
  });

  test('a key longer than its place', () => {
    const state = good();
    const sessions = state.sessions.map((saved) => ({ ...saved, key: '00'.repeat(4096) }));
    expect(refusal({ ...state, sessions })).toMatch(/^The saved state is damaged: sessions\.0\.key/);
  });

  test('a wrong number of queues', () => {
    const state = good();
    expect(refusal({ ...state, queues: state.queues.slice(1) })).toContain('it has 1 queues');
  });

  test('an unknown field', () => {
    expect(refusal({ ...good(), extra: 1 })).toContain('extra');
  });

  const possible = good();
  /** The parameters of the saved session with some of them changed, by offset. */
  const parameters = (fields: Record<number, number>): number[] =>
    (possible.sessions[0]?.parameters ?? []).map((value, i) => fields[engine.SESSION_PARAMETERS + 4 * i] ?? value);

  test.each([
    ['of a service that is not offered', { parameters: parameters({ [engine.SESSION_SERVICE]: 1 }) }],
    ['of a service beyond all', { parameters: parameters({ [engine.SESSION_SERVICE]: 32 }) }],
    ['of an algorithm that is not offered', { parameters: parameters({ [engine.SESSION_ALGO]: 4 }) }],
    ['of an algorithm beyond all', { parameters: parameters({ [engine.SESSION_ALGO]: 0xffffffff }) }],
    ['of no direction', { parameters: parameters({ [engine.SESSION_DIRECTION]: 3 }) }],
    [
      'with a key of a wrong length',
      { key: '00'.repeat(17), parameters: parameters({ [engine.SESSION_KEY_LEN]: 17 }) },
    ],
    ['with a key that is not as long as it says', { key: '00'.repeat(32) }],
    [
      'with keys whose lengths wrap',
      { parameters: parameters({ [engine.SESSION_KEY_LEN]: 0xffffffff, [engine.SESSION_AUTH_KEY_LEN]: 17 }) },
    ],
    ['in a slot that this device does not have', { id: `${(1n << 32n) | 4n}` }],
    ['with id 0', { id: '0' }],
  ])('a session %s: the device is reset, and works', (_, change) => {
    const rig = new Rig();
    const state = { ...possible, sessions: possible.sessions.map((saved) => ({ ...saved, ...change })) };
    expect(() => rig.device.restore(state)).toThrow(StateError);
    expect(rig.device.status).toBe(0);
    expect(rig.device.sessionCount).toBe(0);
    expectWorksAfterReset(rig);
  });

  test('a session twice: the device is reset, and keeps no key', () => {
    const rig = new Rig();
    const sessions = [...possible.sessions, ...possible.sessions];
    expect(() => rig.device.restore({ ...possible, sessions })).toThrow(/has no place here/);
    expect(contains(rig.memory, rig.engine, KEY)).toBe(false);
    expectWorksAfterReset(rig);
  });

  test('a serial number below that of a session: its id is not given out again all the same', () => {
    const rig = new Rig();
    const state = rig.device.save();
    const sessions = possible.sessions.map((saved) => ({ ...saved, id: `${5n << 32n}` }));
    rig.device.restore({ ...state, sessions, sessionSerial: 4 });
    closeSession(rig, 5n << 32n);
    expect(session(rig) >> 32n).toBe(6n);
  });

  test('a queue that is not where it was: DEVICE_NEEDS_RESET, until the driver resets', () => {
    for (const change of [{ size: 3 }, { size: 128 }, { desc: '1' }, { device: `${2n ** 40n}` }]) {
      const rig = new Rig();
      const state = rig.device.save();
      rig.device.restore({ ...state, queues: state.queues.map((queue) => ({ ...queue, ...change })) });
      expect(rig.needsReset).toBe(true);
      expectWorksAfterReset(rig);
    }
  });

  test('anything, by a device that was disposed of', () => {
    const rig = new Rig();
    const state = rig.device.save();
    rig.device.dispose();
    expect(() => rig.device.restore(state)).toThrow('This device was disposed of: create a new one and restore that.');
  });
});
