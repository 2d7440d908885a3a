// The session table: a fixed number of slots. An id holds the slot's index in its low half and a serial number above
// it, so that an id is looked up at once and is not given out again before 2^32 others were, whatever is reset in
// between.
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { SLOT_BYTES, Session } from './slot';

@inline
function slotAt(device: Device, index: u32): Session {
  return changetype<Session>(device.sessions + index * SLOT_BYTES);
}

/**
 * Wipes every session, their keys with them, and frees all slots (2.4: reset). Slots that no session ever had are left
 * alone.
 */
export function clearSessions(device: Device): void {
  wipe(device.sessions, device.sessionsUsed * SLOT_BYTES);
  device.sessionsUsed = 0;
  device.sessionFree = 0;
  device.sessionCount = 0;
}

/**
 * A free slot, wiped, that belongs to nobody yet (its id is 0 until openSession), or null when the table is full. Slots
 * are taken from the list of closed ones first, then from those that were never used, whose memory nobody has touched.
 */
export function freeSession(device: Device): Session | null {
  if (device.sessionFree) return slotAt(device, device.sessionFree - 1);
  if (device.sessionsUsed == device.sessionCapacity) return null;
  useSlots(device, device.sessionsUsed + 1);
  return slotAt(device, device.sessionFree - 1);
}

/** Brings the slots below `count` into use: those that were not are wiped and put on the list of free ones. */
function useSlots(device: Device, count: u32): void {
  for (let index = device.sessionsUsed; index < count; index++) {
    const session = slotAt(device, index);
    wipe(changetype<usize>(session), SLOT_BYTES);
    session.nextFree = device.sessionFree;
    device.sessionFree = index + 1;
  }
  device.sessionsUsed = max<u32>(device.sessionsUsed, count);
}

/** Takes the slot that freeSession() answered and gives it a new id, which is returned. */
export function openSession(device: Device, session: Session): u64 {
  const index = device.sessionFree - 1;
  // No serial is 0: it would make the id of slot 0 that of no session.
  if (++device.sessionSerial == 0) device.sessionSerial = 1;
  session.id = ((<u64>device.sessionSerial) << 32) | index;
  device.sessionFree = session.nextFree;
  session.nextFree = 0;
  device.sessionCount++;
  return session.id;
}

/** Whether a number is the id of a session, open or closed: no serial is 0, so no id is below 2^32. */
export function isSession(id: u64): bool {
  return id >> 32 != 0;
}

/** The session with this id, or null: unknown, closed, or 0. */
export function findSession(device: Device, id: u64): Session | null {
  const index = <u32>id;
  if (!id || index >= device.sessionsUsed) return null;
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

/** The open session in slot `index`, or null: for a host that saves the device. */
export function sessionInSlot(device: Device, index: u32): Session | null {
  if (index >= device.sessionsUsed) return null;
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
  useSlots(device, index + 1);
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
