import * as spec from '../../../spec/ipsec.ts';
import {
  type AdminOutcome,
  DONE,
  type DriverCapabilities,
  EXISTS,
  INVALID_FIELD,
  MISSING,
  type ObjectType,
} from '../admin/contract.ts';
import { limitIn } from './capabilities.ts';
import { decodeModeCaps, type ModeCap } from './mode_caps.ts';
import type { SaDirection, SaTable } from './sa_table.ts';

/** What the objects need of a table of security associations. */
export type Associations = Pick<SaTable, 'create' | 'modify' | 'destroy' | 'reset' | 'stateOf' | 'setState'>;

/**
 * Security associations as resource objects (5.9.7.9 of virtio 1.4): OUTBOUND_SA_TYPE and INBOUND_SA_TYPE. They compare an object with what
 * the driver has chosen of the device's capability. The table compares it with what the device can do.
 */
export function saObjectTypes(table: Associations): ObjectType[] {
  return [
    objectType(table, spec.OUTBOUND_SA_TYPE, spec.SA_OUTBOUND, spec.RESOURCE_CAP_OUTBOUND),
    objectType(table, spec.INBOUND_SA_TYPE, spec.SA_INBOUND, spec.RESOURCE_CAP_INBOUND),
  ];
}

function objectType(table: Associations, type: number, direction: SaDirection, limitAt: number): ObjectType {
  const checked = (data: Uint8Array, driver: DriverCapabilities, work: () => number): AdminOutcome =>
    isChosen(data, direction, driver(spec.IPSEC_SA_CAP)) ? outcomeOf(work()) : INVALID_FIELD;
  return {
    type,
    bytes: spec.SA_OBJECT_BYTES,
    capabilities: [spec.IPSEC_RESOURCE_CAP, spec.IPSEC_SA_CAP],
    secret: true,
    limit: (driver) => {
      const cap = driver(spec.IPSEC_RESOURCE_CAP);
      return cap ? limitIn(cap, limitAt) : 0;
    },
    create: (id, data, driver) => checked(data, driver, () => table.create(direction, id, data)),
    modify: (id, data, driver) => checked(data, driver, () => table.modify(direction, id, data)),
    destroy: (id) => outcomeOf(table.destroy(direction, id)),
    reset: () => table.reset(),
    save: (id) => table.stateOf(direction, id),
    restore: (id, state) => table.setState(direction, id, state),
  };
}

function outcomeOf(status: number): AdminOutcome {
  if (status === spec.SA_DONE) return DONE;
  if (status === spec.SA_UNKNOWN) return MISSING;
  return status === spec.SA_EXISTS ? EXISTS : INVALID_FIELD;
}

/** Whether an object asks for no more than the driver's VIRTIO_CRYPTO_IPSEC_SA_CAP has for its mode. */
function isChosen(object: Uint8Array, direction: SaDirection, capability: Uint8Array | undefined): boolean {
  const view = new DataView(object.buffer, object.byteOffset, object.length);
  const mode = view.getUint8(spec.SA_OBJECT_MODE);
  const entry = capability && decodeModeCaps(capability)?.find((one) => one.mode === mode);
  if (!entry) return false;
  const options = view.getBigUint64(spec.SA_OBJECT_OPTIONS, true);
  if ((options & ~BigInt(entry.options)) !== 0n) return false;
  if (direction === spec.SA_INBOUND && view.getUint32(spec.SA_OBJECT_WINDOW, true) > entry.window) return false;
  return (
    view.getUint16(spec.SA_OBJECT_CIPHER_KEY_LEN, true) <= entry.cipherKeyBytes &&
    view.getUint16(spec.SA_OBJECT_AUTH_KEY_LEN, true) <= entry.authKeyBytes &&
    hasCipher(entry, view.getBigUint64(spec.SA_OBJECT_CIPHER, true)) &&
    isNoneOrIn(entry.macs, view.getBigUint64(spec.SA_OBJECT_AUTH, true))
  );
}

function hasCipher({ ciphers, aeads }: ModeCap, algorithm: bigint): boolean {
  const aead = algorithm - BigInt(spec.SA_CIPHER_AEAD);
  return aead > 0n ? isNoneOrIn(BigInt(aeads), aead) : isNoneOrIn(ciphers, algorithm);
}

/** Whether an algorithm is none, or its bit is set. */
function isNoneOrIn(mask: bigint, algorithm: bigint): boolean {
  return algorithm === 0n || (algorithm < 64n && ((mask >> algorithm) & 1n) === 1n);
}
