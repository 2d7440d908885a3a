// The session table: a fixed number of slots. The low half of an id is the slot's index, so a lookup takes one step.
// The high half is a serial number, which a reset does not change. So an id comes back only after 2^32 other ids.
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { SLOT_BYTES, Session } from './slot';

@inline
function slotAt(device: Device, index: u32): Session {
  return changetype<Session>(device.sessions + index * SLOT_BYTES);
}

/**
 * Wipes every session and its keys, and frees all slots (2.4: reset). Does not touch slots that were never in use.
 */
export function clearSessions(device: Device): void {
  wipe(device.sessions, device.sessionsUsed * SLOT_BYTES);
  device.sessionsUsed = 0;
  device.sessionFree = 0;
  device.sessionCount = 0;
}

/**
 * Returns a free slot, wiped, or null if the table is full. Its id stays 0 until openSession(). Takes slots of closed
 * sessions first, because the memory of slots that were never in use is still untouched.
 */
export function freeSession(device: Device): Session | null {
  if (device.sessionFree) return slotAt(device, device.sessionFree - 1);
  if (device.sessionsUsed == device.sessionCapacity) return null;
  useSlots(device, device.sessionsUsed + 1);
  return slotAt(device, device.sessionFree - 1);
}

/** Brings the slots below `count` into use: wipes the new ones and puts them on the list of free slots. */
function useSlots(device: Device, count: u32): void {
  for (let index = device.sessionsUsed; index < count; index++) {
    const session = slotAt(device, index);
    wipe(changetype<usize>(session), SLOT_BYTES);
    session.nextFree = device.sessionFree;
    device.sessionFree = index + 1;
  }
  device.sessionsUsed = max<u32>(device.sessionsUsed, count);
}

/** Takes the slot that freeSession() returned, and gives it a new id. Returns the id. */
export function openSession(device: Device, session: Session): u64 {
  const index = device.sessionFree - 1;
  // No serial is 0, because slot 0 would then have the id 0, which stands for no session.
  if (++device.sessionSerial == 0) device.sessionSerial = 1;
  session.id = ((<u64>device.sessionSerial) << 32) | index;
  device.sessionFree = session.nextFree;
  session.nextFree = 0;
  device.sessionCount++;
  return session.id;
}

/** Whether a number is the id of an open or closed session. No serial is 0, so every id is at least 2^32. */
export function isSession(id: u64): bool {
  return id >> 32 != 0;
}

/** The open session with this id, or null. */
export function findSession(device: Device, id: u64): Session | null {
  const index = <u32>id;
  if (!id || index >= device.sessionsUsed) return null;
  const session = slotAt(device, index);
  return session.id == id ? session : null;
}

/** Closes a session: wipes its slot and frees it. */
export function closeSession(device: Device, session: Session): void {
  const index = <u32>session.id;
  wipe(changetype<usize>(session), SLOT_BYTES);
  session.nextFree = device.sessionFree;
  device.sessionFree = index + 1;
  device.sessionCount--;
}

/** The open session in slot `index`, or null. */
export function sessionInSlot(device: Device, index: u32): Session | null {
  if (index >= device.sessionsUsed) return null;
  const session = slotAt(device, index);
  return session.id ? session : null;
}

/**
 * Puts a saved session back into the free slot that its id names, and returns it. Null: this device has no such slot,
 * or the slot is taken.
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
