import { HASH_MODE_AUTH, HASH_MODE_NESTED, SERVICE_CIPHER, SERVICE_HASH } from '../../spec/crypto';
import { hashRun, macRun, nestedHashRun } from '../session/auth';
import { authContextOf, authKeyOf, Session } from '../session/slot';

/** Makes the digest of one message with a HASH, MAC or chained session. The caller has checked the lengths. */
export function digestOf(session: Session, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {
  const context = authContextOf(session);
  if (session.service == SERVICE_HASH) {
    hashRun(session.authAlgo, context, source, bytes, digest, digestBytes);
  } else if (session.service != SERVICE_CIPHER || session.hashMode == HASH_MODE_AUTH) {
    macRun(session.authAlgo, context, source, bytes, digest, digestBytes);
  } else if (session.hashMode == HASH_MODE_NESTED) {
    nestedHashRun(
      session.authAlgo,
      context,
      authKeyOf(session),
      session.authKeyBytes,
      source,
      bytes,
      digest,
      digestBytes,
    );
  } else {
    hashRun(session.authAlgo, context, source, bytes, digest, digestBytes);
  }
}
