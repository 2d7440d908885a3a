// Security associations of the IPSEC service (5.9.7.9): a table for each direction, indexed by id. Their memory is
// apart from the device's region, because most devices have none. An association owns a session, whose kernels it uses.
import {
  SA_BYTES as AT_BYTES,
  SA_DONE,
  SA_EXISTS,
  SA_INBOUND,
  SA_INPUT_BYTES,
  SA_INPUT_SEED,
  SA_INVALID,
  SA_OBJECT,
  SA_OBJECT_AUTH,
  SA_OBJECT_BYTES,
  SA_OBJECT_CIPHER,
  SA_OBJECT_SALT,
  SA_OBJECT_SPI,
  SA_OBJECT_WINDOW,
  SA_OUTBOUND,
  SA_PACKETS,
  SA_SEED,
  SA_SEED_BYTES,
  SA_SEQUENCE,
  SA_STATE_BYTES,
  SA_UNKNOWN,
  SA_WINDOW,
} from '../../spec/ipsec';
import { SERVICE_IPSEC } from '../../spec/crypto';
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { CHAIN_ARRIVAL, SLOT_BYTES, Session } from '../session/slot';
import { expandSession } from '../session/expand';
import { SaFacts } from './facts';
import { describe } from './object';

/** A security association. spec/ipsec.ts describes its state and its object to the host, which saves them. */
@unmanaged
export class Sa {
  /** Outbound: the last sequence number that was sent. Inbound: the highest that was accepted. */
  sequence: u64;
  packets: u64;
  bytes: u64;
}

const FACTS: usize = (SA_OBJECT + SA_OBJECT_BYTES + 15) & ~15;
const SESSION: usize = (FACTS + offsetof<SaFacts>() + 63) & ~63;
/** A slot. Its session's contexts are aligned. */
const SA_SLOT_BYTES: usize = (SESSION + SLOT_BYTES + 63) & ~63;

/** Before the associations: the host's input, and what one request needs: AAD and ICV, 64 bytes each. */
const WORK: usize = (SA_INPUT_BYTES + 63) & ~63;
const WORK_ICV: usize = WORK + 64;
const WORK_BYTES: usize = 128;
const HEAD_BYTES: usize = WORK + WORK_BYTES;

@inline
export function factsOf(sa: Sa): SaFacts {
  return changetype<SaFacts>(changetype<usize>(sa) + FACTS);
}

@inline
export function objectOf(sa: Sa): usize {
  return changetype<usize>(sa) + SA_OBJECT;
}

@inline
export function sessionOfSa(sa: Sa): Session {
  return changetype<Session>(changetype<usize>(sa) + SESSION);
}

/** The association that owns a session. */
@inline
export function saOfSession(session: Session): Sa {
  return changetype<Sa>(changetype<usize>(session) - SESSION);
}

@inline
export function windowOf(sa: Sa): usize {
  return changetype<usize>(sa) + SA_WINDOW;
}

@inline
export function seedOf(sa: Sa): usize {
  return changetype<usize>(sa) + SA_SEED;
}

/** Memory of the current request: for additional data, and for an integrity check value. */
@inline
export function aadArea(device: Device): usize {
  return device.associations + WORK;
}

@inline
export function icvArea(device: Device): usize {
  return device.associations + WORK_ICV;
}

/** Bytes of memory for so many associations. */
export function saTableBytes(outbound: u32, inbound: u32): usize {
  return HEAD_BYTES + (<usize>outbound + inbound) * SA_SLOT_BYTES;
}

/** Gives the device its tables, in memory of zeros, and offers the service. */
export function useSaTable(device: Device, at: usize, outbound: u32, inbound: u32): void {
  device.associations = <u32>at;
  device.outboundCapacity = outbound;
  device.inboundCapacity = inbound;
  device.services |= 1 << SERVICE_IPSEC;
}

@inline
function slotAt(device: Device, direction: u32, id: u32): Sa {
  const index = direction == SA_OUTBOUND ? id : device.outboundCapacity + id;
  return changetype<Sa>(device.associations + HEAD_BYTES + <usize>index * SA_SLOT_BYTES);
}

/** Number of slots of a direction that were in use since the last reset. Free slots are all zeros. */
@inline
function usedOf(device: Device, direction: u32): u32 {
  return direction == SA_OUTBOUND ? device.outboundUsed : device.inboundUsed;
}

/** The association with this id, or null. */
export function findSa(device: Device, direction: u32, id: u64): Sa | null {
  if (id >= <u64>usedOf(device, direction)) return null;
  const sa = slotAt(device, direction, <u32>id);
  return factsOf(sa).live ? sa : null;
}

/** Makes an association of the object in the input. Returns SA_*. */
export function createSa(device: Device, direction: u32, id: u32): u32 {
  const input = <usize>device.associations;
  const status = create(device, direction, id, input);
  wipe(input, SA_INPUT_BYTES);
  return status;
}

function create(device: Device, direction: u32, id: u32, input: usize): u32 {
  const outbound = direction == SA_OUTBOUND;
  if (!outbound && direction != SA_INBOUND) return SA_INVALID;
  if (id >= (outbound ? device.outboundCapacity : device.inboundCapacity)) return SA_INVALID;
  if (findSa(device, direction, id)) return SA_EXISTS;
  if (outbound) device.outboundUsed = max<u32>(device.outboundUsed, id + 1);
  else device.inboundUsed = max<u32>(device.inboundUsed, id + 1);
  const sa = slotAt(device, direction, id);
  if (!fill(device, sa, direction, input)) return SA_INVALID;
  memory.copy(seedOf(sa), input + SA_INPUT_SEED, SA_SEED_BYTES);
  return SA_DONE;
}

/** Sets object, facts and expanded keys of a slot that is wiped. False: it is wiped again, and stays free. */
function fill(device: Device, sa: Sa, direction: u32, input: usize): bool {
  memory.copy(objectOf(sa), input, SA_OBJECT_BYTES);
  const facts = factsOf(sa);
  const session = sessionOfSa(sa);
  facts.direction = direction;
  if (!describe(device, objectOf(sa), facts, session)) {
    wipe(changetype<usize>(sa), SA_SLOT_BYTES);
    return false;
  }
  expandSession(session);
  if (direction == SA_INBOUND) session.chainOrder = CHAIN_ARRIVAL;
  session.id = 1;
  facts.live = 1;
  return true;
}

/**
 * Replaces an association's object by the one in the input. Sequence numbers, window and counts go on if SPI, salt,
 * algorithms and keys stay: else a key would meet the same nonce twice. Returns SA_*; a failure changes nothing.
 */
export function modifySa(device: Device, direction: u32, id: u32): u32 {
  const input = <usize>device.associations;
  const status = modify(device, direction, id, input);
  wipe(input, SA_INPUT_BYTES);
  return status;
}

function modify(device: Device, direction: u32, id: u32, input: usize): u32 {
  const sa = findSa(device, direction, id);
  if (!sa) return SA_UNKNOWN;
  // The checks run beside the old association, which stays if one fails.
  const facts = changetype<SaFacts>(aadArea(device));
  const session = changetype<Session>(device.stateless);
  wipe(device.stateless, SLOT_BYTES);
  facts.direction = direction;
  const fits = describe(device, input, facts, session);
  wipe(device.stateless, SLOT_BYTES);
  wipe(aadArea(device), WORK_BYTES);
  if (!fits) return SA_INVALID;
  const same = sameKeys(objectOf(sa), input);
  const state = device.scratch;
  memory.copy(state, changetype<usize>(sa), SA_STATE_BYTES);
  wipe(changetype<usize>(sa), SA_SLOT_BYTES);
  fill(device, sa, direction, input);
  if (same) memory.copy(changetype<usize>(sa), state, SA_STATE_BYTES);
  else memory.copy(seedOf(sa), input + SA_INPUT_SEED, SA_SEED_BYTES);
  wipe(state, SA_STATE_BYTES);
  return SA_DONE;
}

/** Whether two objects have the same SPI, salt, algorithms and keys. Every byte is compared. */
function sameKeys(a: usize, b: usize): bool {
  let difference = load<u64>(a + SA_OBJECT_SPI) ^ load<u64>(b + SA_OBJECT_SPI);
  // cipher_algo, its key, auth_algo and its key follow each other.
  for (let at: usize = SA_OBJECT_CIPHER; at < <usize>SA_OBJECT_AUTH + 44; at += 4) {
    difference |= load<u32>(a + at) ^ load<u32>(b + at);
  }
  return difference == 0;
}

/** Ends an association, and wipes its keys. Returns SA_*. */
export function destroySa(device: Device, direction: u32, id: u32): u32 {
  const sa = findSa(device, direction, id);
  if (!sa) return SA_UNKNOWN;
  wipe(changetype<usize>(sa), SA_SLOT_BYTES);
  return SA_DONE;
}

/** Ends all associations, and wipes their keys. */
export function clearSas(device: Device): void {
  if (!device.associations) return;
  wipe(device.associations, HEAD_BYTES);
  for (let id: u32 = 0; id < device.outboundUsed; id++) destroySa(device, SA_OUTBOUND, id);
  for (let id: u32 = 0; id < device.inboundUsed; id++) destroySa(device, SA_INBOUND, id);
  device.outboundUsed = 0;
  device.inboundUsed = 0;
}

// The host reads and writes the state at these places.
if (offsetof<Sa>('sequence') != SA_SEQUENCE) ERROR('SA_SEQUENCE');
if (offsetof<Sa>('packets') != SA_PACKETS) ERROR('SA_PACKETS');
if (offsetof<Sa>('bytes') != AT_BYTES) ERROR('SA_BYTES');
if (offsetof<Sa>() > <usize>SA_SEED) ERROR('SA_SEED');
if (SA_OBJECT_SALT != SA_OBJECT_SPI + 4) ERROR('SA_OBJECT_SALT');
if (SA_OBJECT_WINDOW + 4 != SA_OBJECT_CIPHER) ERROR('SA_OBJECT_CIPHER');
if (offsetof<SaFacts>() > WORK_BYTES) ERROR('WORK_BYTES');
