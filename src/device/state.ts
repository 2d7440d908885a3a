import * as v from 'valibot';
import { CRYPTO_OK, SERVICE_AKCIPHER } from '../../spec/crypto.ts';
import * as spec from '../../spec/engine.ts';
import { SA_OBJECT_BYTES, SA_STATE_BYTES } from '../../spec/ipsec.ts';
import { F_SUSPEND, STATUS_BITS, STATUS_DRIVER_OK, STATUS_FEATURES_OK, STATUS_SUSPEND } from '../../spec/virtio.ts';
import { keyBytesMax, MODULUS_BITS_MAX } from '../akcipher/rsa_key.ts';
import type { AkcipherKeys } from '../backend/akcipher/keys.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import { SavedAdministration } from './admin/saved.ts';
import { isFault } from './faults.ts';
import { bytesOf, hexOf } from './hex.ts';
import { CAPACITIES, type ResolvedOptions } from './options.ts';

/** A saved state that cannot be restored. The message says why, and what to do. */
export class StateError extends Error {
  override name = 'StateError';
}

const uint32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
// One check instead of two, because a pipe goes on after a check that fails.
const uint64 = v.pipe(
  v.string(),
  v.check(
    (text) => /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n,
    'Expected a whole number below 2^64 in digits',
  ),
);

const SavedQueue = v.strictObject({
  size: uint32,
  desc: uint64,
  driver: uint64,
  device: uint64,
  enabled: v.boolean(),
  /** The device's positions in the queue, as the engine's queueIndices() gives them. */
  indices: uint32,
  /** Whether requests waited in the queue. */
  held: v.boolean(),
});

const SavedFields = v.strictObject({
  id: uint64,
  /** The parameters in the engine's layout, from SESSION_PARAMETERS to SESSION_KEY, as 32-bit numbers. */
  parameters: v.pipe(v.array(uint32), v.length((spec.SESSION_KEY - spec.SESSION_PARAMETERS) / 4)),
  /** The driver's keys, one after another, in hexadecimal. null: the keys were not saved, and the session is lost. */
  key: v.nullable(v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/))),
});

const SavedSession = v.pipe(
  SavedFields,
  v.forward(
    v.check(
      ({ parameters, key }) => key === null || key.length <= 2 * roomOf(parameters),
      'Expected keys no longer than their place',
    ),
    ['key'],
  ),
);

/** The most bytes of keys that a session with these parameters can have. */
function roomOf(parameters: readonly number[]): number {
  const service = parameters[(spec.SESSION_SERVICE - spec.SESSION_PARAMETERS) / 4];
  return service === SERVICE_AKCIPHER ? keyBytesMax(MODULUS_BITS_MAX) : spec.SESSION_KEY_BYTES_MAX;
}

/** Bytes in hexadecimal. */
const hex = (bytes: number) => v.pipe(v.string(), v.length(2 * bytes), v.regex(/^[0-9a-f]*$/));

/** A security association: see SavedSa of ipsec/sa_table.ts. */
const SavedSa = v.strictObject({
  direction: uint32,
  id: uint32,
  object: hex(SA_OBJECT_BYTES),
  state: hex(SA_STATE_BYTES),
});

const level = v.pipe(v.number(), v.finite(), v.minValue(0));

/** The one version of the format that this library writes and reads. */
export const STATE_VERSION = 2;

const State = v.strictObject({
  version: v.literal(STATE_VERSION),
  options: v.strictObject({
    dataQueues: uint32,
    queueSize: uint32,
    maxSessions: uint32,
    maxRequestBytes: uint32,
  }),
  status: v.pipe(
    uint32,
    v.check((bits) => (bits & ~STATUS_BITS) === 0, 'Expected bits of the device status (2.1)'),
    // 3.1.1: DRIVER_OK is not possible without FEATURES_OK.
    v.check(
      (bits) => !(bits & STATUS_DRIVER_OK) || (bits & STATUS_FEATURES_OK) !== 0,
      'Expected FEATURES_OK with DRIVER_OK',
    ),
    // 3.4.2 of virtio 1.4: a device that is suspended has FEATURES_OK, and not DRIVER_OK.
    v.check(
      (bits) => !(bits & STATUS_SUSPEND) || (bits & (STATUS_FEATURES_OK | STATUS_DRIVER_OK)) === STATUS_FEATURES_OK,
      'Expected FEATURES_OK and no DRIVER_OK with SUSPEND',
    ),
  ),
  driverFeatures: uint64,
  hardwareReady: v.boolean(),
  /** The HW_READY that a suspended device gets when it resumes. */
  hardwareReadyLater: v.exactOptional(v.boolean()),
  generation: v.pipe(uint32, v.maxValue(0xff)),
  fault: v.pipe(uint32, v.check(isFault, 'Expected the number of a fault')),
  faultQueue: uint32,
  queues: v.array(SavedQueue),
  /** The levels of the throttle's buckets. */
  throttle: v.strictObject({ requests: level, bytes: level }),
  sessionSerial: uint32,
  sessions: v.array(SavedSession),
  /** Of a device with an administration queue. */
  administration: v.exactOptional(SavedAdministration),
  /** Of a device that offers the IPSEC service, and has no administration queue for it. */
  associations: v.exactOptional(v.array(SavedSa)),
});

/** The result of CryptoDevice.save(): plain data that survives JSON. */
export type DeviceState = v.InferOutput<typeof State>;
/** A session in a saved state. */
export type SavedSession = v.InferOutput<typeof SavedSession>;

/**
 * Checks a saved state for a device with these options.
 * @throws StateError that says what is wrong
 */
export function parseDeviceState(saved: unknown, options: ResolvedOptions): DeviceState {
  const version = v.safeParse(v.object({ version: v.unknown() }), saved);
  if (!version.success) throw new StateError('This is not the saved state of a virtio crypto device.');
  if (version.output.version !== STATE_VERSION) {
    throw new StateError(
      `The saved state has version ${String(version.output.version)}, this library knows version ${STATE_VERSION}: restore it with the version that saved it.`,
    );
  }
  const parsed = v.safeParse(State, saved);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new StateError(`The saved state is damaged: ${v.getDotPath(issue) ?? 'state'}: ${issue.message}`);
  }
  const state = parsed.output;
  for (const name of CAPACITIES) {
    if (state.options[name] !== options[name]) {
      throw new StateError(
        `The saved device had ${name} ${state.options[name]}, this one has ${options[name]}: create it with the same options.`,
      );
    }
  }
  if (state.status & STATUS_SUSPEND && !((BigInt(state.driverFeatures) >> BigInt(F_SUSPEND)) & 1n)) {
    throw new StateError(
      'The saved state is damaged: status: SUSPEND is set, and VIRTIO_F_SUSPEND was not negotiated.',
    );
  }
  const others = options.features.adminQueue ? 2 : 1;
  if (state.queues.length !== options.dataQueues + others) {
    throw new StateError(`The saved state is damaged: it has ${state.queues.length} queues.`);
  }
  if (state.faultQueue >= state.queues.length) {
    throw new StateError(`The saved state is damaged: faultQueue: there is no queue ${state.faultQueue}.`);
  }
  return state;
}

/**
 * Reads every open session out of the engine's table.
 * @param includeKeys whether the keys are read, too. Otherwise `key` is null
 * @param keys the keys of AKCIPHER sessions, which are not in the engine's table
 */
export function readSessions(
  engine: EngineExports,
  memory: WasmMemory,
  device: number,
  capacity: number,
  includeKeys: boolean,
  keys: AkcipherKeys | undefined,
): SavedSession[] {
  const view = new DataView(memory.buffer);
  const sessions: SavedSession[] = [];
  for (let slot = 0; slot < capacity; slot++) {
    const at = engine.sessionAt(device, slot) >>> 0;
    if (!at) continue;
    const parameters: number[] = [];
    for (let offset = spec.SESSION_PARAMETERS; offset < spec.SESSION_KEY; offset += 4) {
      parameters.push(view.getUint32(at + offset, true));
    }
    const key =
      keys?.of(at)?.session.sent ?? new Uint8Array(memory.buffer, at + spec.SESSION_KEY, keyBytesOf(parameters));
    sessions.push({
      id: view.getBigUint64(at + spec.SESSION_ID, true).toString(),
      parameters,
      key: includeKeys ? hexOf(key) : null,
    });
  }
  return sessions;
}

/** Bytes of all keys of a session with these parameters. */
function keyBytesOf(parameters: readonly number[]): number {
  const field = (offset: number) => parameters[(offset - spec.SESSION_PARAMETERS) / 4] ?? 0;
  return field(spec.SESSION_KEY_LEN) + field(spec.SESSION_AUTH_KEY_LEN);
}

/**
 * Opens saved sessions again under their old ids, in an engine that was just reset. Sessions without keys stay closed, and their ids are
 * not used again.
 * @throws StateError if a session is not possible in this device
 */
export function restoreSessions(
  engine: EngineExports,
  memory: WasmMemory,
  device: number,
  state: DeviceState,
  keys: AkcipherKeys | undefined,
): void {
  // The serial is set first, so that a session with a later serial raises it: an id that is open must not be used again.
  const lost = state.sessions.filter(({ key }) => key === null).map(({ id }) => Number(BigInt(id) >> 32n));
  engine.setSessionSerial(device, Math.max(state.sessionSerial, ...lost));
  // The engine finds the slot of an id fastest if sessions come in the order of their slots.
  const slotOf = ({ id }: SavedSession) => Number(BigInt(id) & 0xffffffffn);
  for (const { id, parameters, key } of state.sessions.toSorted((a, b) => slotOf(a) - slotOf(b))) {
    if (key === null) continue;
    if (keyBytesOf(parameters) !== key.length / 2) {
      throw new StateError(`The saved state is damaged: the keys of session ${id} are not as long as it says.`);
    }
    const at = engine.restoreSession(device, BigInt(id)) >>> 0;
    if (!at) throw new StateError(`The saved session ${id} has no place here: two have one slot, or none.`);
    const view = new DataView(memory.buffer, at);
    parameters.forEach((value, index) => {
      view.setUint32(spec.SESSION_PARAMETERS + 4 * index, value, true);
    });
    const bytes = bytesOf(key);
    const isAkcipher = view.getUint32(spec.SESSION_SERVICE, true) === SERVICE_AKCIPHER;
    if (!isAkcipher) new Uint8Array(memory.buffer).set(bytes, at + spec.SESSION_KEY);
    if (!engine.expandSession(device, at) || (isAkcipher && keys?.keep(at, bytes) !== CRYPTO_OK)) {
      throw new StateError(
        `The saved session ${id} is not possible here: create the device with the same algorithms and limits.`,
      );
    }
  }
}
