import * as v from 'valibot';
import * as spec from '../../spec/engine.ts';
import type { EngineExports } from '../engine/exports.ts';
import { CAPACITIES, type ResolvedOptions } from './options.ts';

/** A saved state that cannot be taken over; the message says why and what to do. */
export class StateError extends Error {
  override name = 'StateError';
}

const uint32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
// One check, not two: a pipe goes on after the first that fails.
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
  /** Where the queue stands, as the engine's queueIndices() says it. */
  indices: uint32,
});

const SavedSession = v.strictObject({
  id: uint64,
  service: uint32,
  algo: uint32,
  direction: v.picklist([1, 2]),
  /** The driver's key, in hexadecimal. */
  key: v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/)),
});

const State = v.strictObject({
  version: v.literal(1),
  options: v.strictObject({
    dataQueues: uint32,
    queueSize: uint32,
    maxSessions: uint32,
    maxRequestBytes: uint32,
  }),
  status: v.pipe(uint32, v.maxValue(0xff)),
  driverFeatures: uint64,
  hardwareReady: v.boolean(),
  generation: v.pipe(uint32, v.maxValue(0xff)),
  fault: uint32,
  faultQueue: uint32,
  queues: v.array(SavedQueue),
  sessionSerial: uint32,
  sessions: v.array(SavedSession),
});

/** What CryptoDevice.save() answers: plain data that survives JSON. */
export type DeviceState = v.InferOutput<typeof State>;
export type SavedSession = v.InferOutput<typeof SavedSession>;

/**
 * Checks what is offered as a saved state of a device with these options.
 * @throws StateError
 */
export function parseDeviceState(saved: unknown, options: ResolvedOptions): DeviceState {
  const version = v.safeParse(v.object({ version: v.unknown() }), saved);
  if (!version.success) throw new StateError('This is not the saved state of a virtio crypto device.');
  if (version.output.version !== 1) {
    throw new StateError(
      `The saved state has version ${String(version.output.version)}, this library knows version 1: restore it with the version that saved it.`,
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
  if (state.queues.length !== options.dataQueues + 1) {
    throw new StateError(`The saved state is damaged: it has ${state.queues.length} queues.`);
  }
  return state;
}

/** Reads every open session out of the engine's table. */
export function readSessions(
  engine: EngineExports,
  memory: WebAssembly.Memory,
  device: number,
  capacity: number,
): SavedSession[] {
  const view = new DataView(memory.buffer);
  const sessions: SavedSession[] = [];
  for (let slot = 0; slot < capacity; slot++) {
    const at = engine.sessionAt(device, slot) >>> 0;
    if (!at) continue;
    const key = new Uint8Array(memory.buffer, at + spec.SESSION_KEY, view.getUint32(at + spec.SESSION_KEY_LEN, true));
    sessions.push({
      id: view.getBigUint64(at + spec.SESSION_ID, true).toString(),
      service: view.getUint32(at + spec.SESSION_SERVICE, true),
      algo: view.getUint32(at + spec.SESSION_ALGO, true),
      direction: view.getUint32(at + spec.SESSION_DIRECTION, true) === 2 ? 2 : 1,
      key: Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    });
  }
  return sessions;
}

/**
 * Opens saved sessions again under their old ids, in an engine that was just reset.
 * @throws StateError when one of them is not possible here
 */
export function restoreSessions(
  engine: EngineExports,
  memory: WebAssembly.Memory,
  device: number,
  state: DeviceState,
): void {
  // First, so that a session with a later serial raises it: no id that is open here may be given out anew.
  engine.setSessionSerial(device, state.sessionSerial);
  for (const { id, service, algo, direction, key } of state.sessions) {
    const keyBytes = key.length / 2;
    const at = engine.restoreSession(device, BigInt(id), service, algo, direction, keyBytes) >>> 0;
    if (!at)
      throw new StateError(`The saved session ${id} (service ${service}, algorithm ${algo}) is not possible here.`);
    const target = new Uint8Array(memory.buffer, at + spec.SESSION_KEY, keyBytes);
    for (let i = 0; i < keyBytes; i++) target[i] = Number.parseInt(key.slice(2 * i, 2 * i + 2), 16);
    engine.expandSession(at);
  }
}
