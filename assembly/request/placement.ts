// Where a request runs. The host decides once for each session and writes steps (SESSION_STEPS). The engine reads them
// once for each request.
import { SERVICE_AKCIPHER } from '../../spec/crypto';
import {
  KIND_DEPTH,
  KIND_FAMILY,
  KIND_PLACE,
  KIND_ZEROS,
  PLACE_ENGINE,
  RAN_MIXED,
  RAN_NOTHING,
  SESSION_FAMILY,
  SESSION_PARAMETERS,
  SESSION_PARAMETERS_BYTES,
  SESSION_PLACED_FOR,
  SESSION_PLACES,
  SESSION_STEPS,
  STEP_BYTES,
  STEP_PLACE,
  STEPS_BYTES,
} from '../../spec/engine';
import { Device } from '../device';
import { Session } from '../session/slot';
import { sessionInSlot } from '../session/table';

/** Asks the host to write the steps of a session, which holds its parameters and keys. */
// @ts-ignore: decorator
@external('backend', 'place')
declare function place(session: usize): void;

/** The place (PLACE_*) of a request with `bytes` of source in this session, at the device's depth. */
@inline
export function placeOf(device: Device, session: Session, bytes: u32): u32 {
  // With TRY_NONE this is never set.
  if ((load<u32>(changetype<usize>(session) + SESSION_PLACES) >> device.tryPlace) & 1) return device.tryPlace;
  return placeBySteps(device, session, bytes);
}

@inline
function placeBySteps(device: Device, session: Session, bytes: u32): u32 {
  const steps = changetype<usize>(session) + SESSION_STEPS + device.depth * STEPS_BYTES;
  if (bytes < load<u32>(steps)) return PLACE_ENGINE;
  if (bytes < load<u32>(steps, STEP_BYTES)) return load<u32>(steps, STEP_PLACE);
  if (bytes < load<u32>(steps, 2 * STEP_BYTES)) return load<u32>(steps, STEP_BYTES + STEP_PLACE);
  return load<u32>(steps, 2 * STEP_BYTES + STEP_PLACE);
}

/** The kind (KIND_*) of a request with `bytes` of source that runs at device.place. 0: its session has no family. */
@inline
export function kindOf(device: Device, session: Session, bytes: u32): u32 {
  const family = load<u32>(changetype<usize>(session) + SESSION_FAMILY);
  if (!family) return RAN_NOTHING;
  const where = (device.depth << KIND_DEPTH) | (device.place << KIND_PLACE);
  return (family << KIND_FAMILY) | where | ((<u32>clz(bytes)) << KIND_ZEROS);
}

/** Notes the kind of a request of this notification. A request of no known kind makes the notification mixed. */
@inline
export function noteKind(device: Device, kind: u32): void {
  const ran = device.ran;
  if (ran != kind || !kind) device.ran = ran == RAN_NOTHING && kind ? kind : RAN_MIXED;
}

/** Asks the host where a session's requests are to run. */
export function placeSession(session: Session): void {
  place(changetype<usize>(session));
}

/** Asks the host again for every open session, because its choice has changed. */
export function placeSessions(device: Device): void {
  for (let index: u32 = 0; index < device.sessionsUsed; index++) {
    const session = sessionInSlot(device, index);
    if (session && session.service != SERVICE_AKCIPHER) place(changetype<usize>(session));
  }
  memory.fill(<usize>device.stateless + SESSION_PLACED_FOR, 0, SESSION_PARAMETERS_BYTES);
}

/**
 * Asks the host where a stateless request is to run, unless the previous stateless request had the same parameters. The
 * slot still holds the steps of that request, because closeStateless() does not wipe them.
 */
export function placeStateless(session: Session): void {
  const parameters = changetype<usize>(session) + SESSION_PARAMETERS;
  const placedFor = changetype<usize>(session) + SESSION_PLACED_FOR;
  let differ: u64 = 0;
  for (let at: usize = 0; at < <usize>SESSION_PARAMETERS_BYTES; at += 8) {
    differ |= load<u64>(parameters + at) ^ load<u64>(placedFor + at);
  }
  if (!differ) return;
  place(changetype<usize>(session));
  memory.copy(placedFor, parameters, SESSION_PARAMETERS_BYTES);
}
