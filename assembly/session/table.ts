// The session table: a fixed number of slots. An id holds the slot's index in its low half and a serial number above it, so
// that an id is looked up at once and is not given out again before 2^32 others were, whatever is reset in between.
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { SLOT_BYTES, Session } from './slot';

@inline
function slotAt(device: Device, index: u32): Session {
  return changetype<Session>(device.sessions + index * SLOT_BYTES);
}

/** Wipes every session, their keys with them, and frees all slots (2.4: reset). */
export function clearSessions(device: Device): void {
  wipe(device.sessions, device.sessionCapacity * SLOT_BYTES);
  for (let index: u32 = 0; index < device.sessionCapacity; index++) {
    slotAt(device, index).nextFree = index + 1 < device.sessionCapacity ? index + 2 : 0;
  }
  device.sessionFree = 1;
  device.sessionCount = 0;
}

/** A free slot that belongs to nobody yet (its id is 0 until openSession), or null when the table is full. */
export function freeSession(device: Device): Session | null {
  if (!device.sessionFree) return null;
  return slotAt(device, device.sessionFree - 1);
}

/** Takes the slot that freeSession() answered and gives it a new id, which is returned. */
export function openSession(device: Device, session: Session): u64 {
  const index = device.sessionFree - 1;
  // No serial is 0: it would make the id of slot 0 that of no session.
  if (++device.sessionSerial == 0) device.sessionSerial = 1;
  session.id = (<u64>device.sessionSerial << 32) | index;
  device.sessionFree = session.nextFree;
  session.nextFree = 0;
  device.sessionCount++;
  return session.id;
}

/** The session with this id, or null: unknown, closed, or 0. */
export function findSession(device: Device, id: u64): Session | null {
  const index = <u32>id;
  if (!id || index >= device.sessionCapacity) return null;
  const session = slotAt(device, index);
  return session.id == id ? session : null;
}

/** Closes a session: its slot is wiped and free again. */
export function closeSession(device: Device, session: Session): void {
  const index = <u32>session.id;
  wipe(changetype<usize>(session), SLOT_BYTES);
  session.nextFree = device.sessionFree;
  device.sessionFree = index + 1;
  device.sessionCount--;
}

/** The open session in slot `index` (below sessionCapacity), or null: for a host that saves the device. */
export function sessionInSlot(device: Device, index: u32): Session | null {
  const session = slotAt(device, index);
  return session.id ? session : null;
}

/**
 * Puts a session that was saved back into the free slot that its id names and returns it, or null when the id names no
 * slot of this device, or one that is taken.
 */
export function reopenSession(device: Device, id: u64): Session | null {
  const index = <u32>id;
  if (!id || index >= device.sessionCapacity) return null;
  const session = slotAt(device, index);
  if (session.id) return null;
  let link = device.sessionFree;
  if (link == index + 1) {
    device.sessionFree = session.nextFree;
  } else {
    while (slotAt(device, link - 1).nextFree != index + 1) link = slotAt(device, link - 1).nextFree;
    slotAt(device, link - 1).nextFree = session.nextFree;
  }
  session.nextFree = 0;
  session.id = id;
  device.sessionCount++;
  device.sessionSerial = max<u32>(device.sessionSerial, <u32>(id >> 32));
  return session;
}
