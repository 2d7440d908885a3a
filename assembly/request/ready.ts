// The last steps that make a session: expand its keys, and ask the host where its requests run.
import { CRYPTO_OK, SERVICE_AKCIPHER } from '../../spec/crypto';
import { Device } from '../device';
import { checkSession, expandSession } from '../session/expand';
import { Session } from '../session/slot';
import { placeSession, placeStateless } from './placement';

/** Makes a session ready. Its parameters have been checked, and it holds its keys. */
export function readySession(session: Session): void {
  expandSession(session);
  placeSession(session);
}

/** Makes the session of a stateless request ready. */
export function readyStateless(session: Session): void {
  expandSession(session);
  placeStateless(session);
}

/** Makes a saved session ready, which the host has written. False: this device does not accept its parameters. */
export function readySavedSession(device: Device, session: Session): bool {
  if (checkSession(device, session) != CRYPTO_OK) return false;
  session.nextFree = 0;
  // The host places requests of AKCIPHER sessions, and keeps their keys.
  if (session.service != SERVICE_AKCIPHER) readySession(session);
  return true;
}
