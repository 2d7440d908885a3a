import { createCipheriv, createDecipheriv } from 'node:crypto';
import { expect } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import type { Direction } from '../../src/driver/wire.ts';
import { cipherRequest, createCipherSession, destroyCipherSession } from './cipher_requests.ts';
import { noise } from './memory.ts';
import { type AnyRig, patch } from './rig.ts';
import type { RawBuffer } from './test_ring.ts';

/** Where requests made by hand stand in guest RAM. */
export const AT = {
  control: 0x20000,
  key: 0x20100,
  input: 0x20200,
  header: 0x21000,
  iv: 0x21100,
  source: 0x22000,
  destination: 0x28000,
  status: 0x2f000,
  table: 0x30000,
  table2: 0x38000,
  free: 0x40000,
} as const;

/** What a status byte holds before the device writes it. */
export const UNWRITTEN = 0xee;

export const KEY = noise(16, 11);
export const IV = noise(16, 12);

/** What node:crypto makes of it. */
export function reference(direction: Direction, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const name = `aes-${key.length * 8}-cbc`;
  const cipher = direction === 'encrypt' ? createCipheriv(name, key, iv) : createDecipheriv(name, key, iv);
  cipher.setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]));
}

export interface Answer {
  /** Whether the device put the chain into its used ring. */
  completed: boolean;
  status: number;
  /** used.len. */
  written: number;
}

/** Sends whatever chain stands at descriptor `head` of a ring. */
export function send(rig: AnyRig, queue: 'data' | 'control', head = 0): { completed: boolean; written: number } {
  const ring = rig[queue];
  const before = ring.usedIdx;
  ring.offer(head);
  rig.device.notify(queue === 'data' ? 0 : rig.controlIndex);
  return { completed: ring.usedIdx !== before, written: ring.usedElement(before).len };
}

export interface SessionRequest {
  key?: Uint8Array;
  direction?: Direction;
  /** 32-bit fields of the header to overwrite, by offset. */
  fields?: Record<number, number>;
}

/** VIRTIO_CRYPTO_CIPHER_CREATE_SESSION by hand. */
export function openSession(
  rig: AnyRig,
  { key = KEY, direction = 'encrypt', fields = {} }: SessionRequest = {},
): Answer & { id: bigint } {
  rig.write(AT.control, patch(createCipherSession(crypto.CIPHER_AES_CBC, key.length, direction), fields));
  rig.write(AT.key, key);
  rig.write(AT.input, new Uint8Array(crypto.CREATE_INPUT_BYTES).fill(UNWRITTEN));
  rig.control.describeChain([
    { address: AT.control, bytes: crypto.CTRL_LEGACY_BYTES },
    { address: AT.key, bytes: key.length },
    { address: AT.input, bytes: crypto.CREATE_INPUT_BYTES, write: true },
  ]);
  const answer = send(rig, 'control');
  const input = rig.view(AT.input, crypto.CREATE_INPUT_BYTES);
  return {
    ...answer,
    status: input.getUint32(crypto.CREATE_INPUT_STATUS, true),
    id: input.getBigUint64(crypto.CREATE_INPUT_SESSION_ID, true),
  };
}

/** A session that must come about. */
export function session(rig: AnyRig, request: SessionRequest = {}): bigint {
  const { status, id } = openSession(rig, request);
  expect(status).toBe(crypto.CRYPTO_OK);
  return id;
}

/** VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION by hand. */
export function closeSession(rig: AnyRig, id: bigint, fields: Record<number, number> = {}): Answer {
  rig.write(AT.control, patch(destroyCipherSession(id), fields));
  rig.write(AT.input, Uint8Array.of(UNWRITTEN));
  rig.control.describeChain([
    { address: AT.control, bytes: crypto.CTRL_LEGACY_BYTES },
    { address: AT.input, bytes: crypto.STATUS_BYTES, write: true },
  ]);
  const answer = send(rig, 'control');
  return { ...answer, status: rig.read(AT.input, 1)[0] ?? -1 };
}

export interface DataRequest {
  id: bigint;
  direction?: Direction;
  source?: Uint8Array;
  fields?: Record<number, number>;
}

/** Writes header, IV and source of a request where AT says, and returns its chain as Linux lays it out. */
export function prepare(
  rig: AnyRig,
  { id, direction = 'encrypt', source = noise(64, 13), fields = {} }: DataRequest,
): RawBuffer[] {
  const lengths = { iv: IV.length, source: source.length, destination: source.length };
  rig.write(AT.header, patch(cipherRequest(id, crypto.CIPHER_AES_CBC, direction, lengths), fields));
  rig.write(AT.iv, IV);
  rig.write(AT.source, source);
  rig.write(AT.status, Uint8Array.of(UNWRITTEN));
  return [
    { address: AT.header, bytes: crypto.DATA_LEGACY_BYTES },
    { address: AT.iv, bytes: IV.length },
    { address: AT.source, bytes: source.length },
    { address: AT.destination, bytes: source.length, write: true },
    { address: AT.status, bytes: crypto.STATUS_BYTES, write: true },
  ];
}

/** A data request by hand, laid out as Linux does. */
export function request(rig: AnyRig, data: DataRequest): Answer {
  rig.data.describeChain(prepare(rig, data));
  const answer = send(rig, 'data');
  return { ...answer, status: rig.read(AT.status, 1)[0] ?? -1 };
}

/** The device does what it is there for: a session, a request, the right bytes. */
export function expectWorks(rig: AnyRig): void {
  const source = noise(160, 14);
  const id = session(rig, { key: KEY });
  expect(request(rig, { id, source })).toEqual({
    completed: true,
    status: crypto.CRYPTO_OK,
    written: source.length + 1,
  });
  expect(rig.read(AT.destination, source.length)).toEqual(reference('encrypt', KEY, IV, source));
  expect(closeSession(rig, id).status).toBe(crypto.CRYPTO_OK);
}

/** After a reset and a new initialisation the device is as good as new. */
export function expectWorksAfterReset(rig: AnyRig): void {
  rig.bringUp();
  expect(rig.needsReset).toBe(false);
  expect(rig.device.fault).toBeUndefined();
  expectWorks(rig);
}
