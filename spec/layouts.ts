// The layouts of all requests of the crypto device (5.9.7), as data. For TypeScript only: the reference driver encodes requests with
// them, and the inspector decodes requests with them. Their offsets come from spec/crypto.ts, which the engine uses too.
//
// spec/layout.ts has the types, and spec/layouts/ has the layouts, a file for each service: legacy (padded), with REVISION_1, and
// stateless.
import type { ServiceLayouts } from './layout.ts';
import { AEAD_LAYOUTS } from './layouts/aead.ts';
import { AKCIPHER_LAYOUTS } from './layouts/akcipher.ts';
import { HASH_LAYOUTS, MAC_LAYOUTS } from './layouts/auth.ts';
import { CIPHER_LAYOUTS } from './layouts/cipher.ts';
import { IPSEC_LAYOUTS } from './layouts/ipsec.ts';
import { SERVICES, SPECIFIED, type SpecifiedService } from './services.ts';

export { AEAD_DATA, AEAD_SESSION, AEAD_STATELESS } from './layouts/aead.ts';
export {
  AKCIPHER_DATA,
  AKCIPHER_VERIFY_DATA,
  ECDSA_SESSION,
  ECDSA_STATELESS,
  ECDSA_VERIFY_STATELESS,
  RSA_SESSION,
  RSA_STATELESS,
  RSA_VERIFY_STATELESS,
} from './layouts/akcipher.ts';
export {
  HASH_DATA,
  HASH_SESSION,
  HASH_STATELESS,
  MAC_DATA,
  MAC_SESSION,
  MAC_STATELESS,
} from './layouts/auth.ts';
export { CHAIN_DATA, CHAIN_DATA_LEGACY, CHAIN_SESSION, CHAIN_STATELESS } from './layouts/chain.ts';
export { CIPHER_DATA, CIPHER_SESSION, CIPHER_STATELESS } from './layouts/cipher.ts';
export { CONTROL_HEADER, CREATE_SESSION_INPUT, DATA_HEADER, DESTROY_SESSION } from './layouts/headers.ts';
export { IPSEC_DATA } from './layouts/ipsec.ts';

/** The layouts of each service's requests. */
export const LAYOUTS: Readonly<Record<SpecifiedService, ServiceLayouts>> = {
  cipher: CIPHER_LAYOUTS,
  hash: HASH_LAYOUTS,
  mac: MAC_LAYOUTS,
  aead: AEAD_LAYOUTS,
  akcipher: AKCIPHER_LAYOUTS,
  ipsec: IPSEC_LAYOUTS,
};

const BY_NUMBER = new Map<number, ServiceLayouts>(SPECIFIED.map((name) => [SERVICES[name].number, LAYOUTS[name]]));

/** The layouts of the service with this number. Undefined if there is no such service. */
export function layoutsOf(service: number): ServiceLayouts | undefined {
  return BY_NUMBER.get(service);
}
