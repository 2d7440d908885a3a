// The last steps that make a session: its keys are expanded, and it is decided where its requests run.
import { CRYPTO_OK } from '../../spec/crypto';
import { Device } from '../device';
import { checkSession, expandSession } from '../session/expand';
import { Session } from '../session/slot';
import { placeSession, placeStateless } from './placement';

/** Makes a session ready whose parameters were checked, and whose keys stand in it. */
export function readySession(session: Session): void {
  expandSession(session);
  placeSession(session);
}

/** The same for the session of one request in stateless mode. */
export function readyStateless(session: Session): void {
  expandSession(session);
  placeStateless(session);
}

/** The same for a saved session, which the host has written: false when this device cannot have such a one. */
export function readySavedSession(device: Device, session: Session): bool {
  if (checkSession(device, session) != CRYPTO_OK) return false;
  session.nextFree = 0;
  readySession(session);
  return true;
}
