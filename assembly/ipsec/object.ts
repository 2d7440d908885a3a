// What an object of the IPSEC service asks for (5.9.7.9): its checks, and the session whose kernels do the work.
import {
  CHAIN_CIPHER_THEN_HASH,
  CHAIN_HASH_THEN_CIPHER,
  CIPHER_3DES_CBC,
  CIPHER_AES_CBC,
  CIPHER_AES_CTR,
  CIPHER_NONE,
  CRYPTO_OK,
  DIRECTION_DECRYPT,
  DIRECTION_ENCRYPT,
  HASH_MODE_AUTH,
  MAC_CMAC_AES,
  MAC_HMAC_MD5,
  MAC_HMAC_SHA1,
  MAC_HMAC_SHA_256,
  MAC_HMAC_SHA_384,
  MAC_HMAC_SHA_512,
  MAC_NONE,
  MAC_XCBC_AES,
  SERVICE_AEAD,
  SERVICE_CIPHER,
  SERVICE_MAC,
  SYM_OP_ALGORITHM_CHAINING,
} from '../../spec/crypto';
import {
  SA_AH_TRANSPORT,
  SA_AH_TUNNEL,
  SA_CIPHER_AEAD,
  SA_ESP_TUNNEL,
  SA_INBOUND,
  SA_KEY_BYTES_MAX,
  SA_OBJECT_AUTH,
  SA_OBJECT_AUTH_KEY,
  SA_OBJECT_AUTH_KEY_LEN,
  SA_OBJECT_BYTES_HARD,
  SA_OBJECT_BYTES_SOFT,
  SA_OBJECT_CIPHER,
  SA_OBJECT_CIPHER_KEY,
  SA_OBJECT_CIPHER_KEY_LEN,
  SA_OBJECT_DIRECTION,
  SA_OBJECT_MODE,
  SA_OBJECT_OPTIONS,
  SA_OBJECT_PACKETS_HARD,
  SA_OBJECT_PACKETS_SOFT,
  SA_OBJECT_SPI,
  SA_OBJECT_TUNNEL_TYPE,
  SA_OBJECT_WINDOW,
  SA_OPTION_ESN,
  SA_OPTION_LIFETIME,
  SA_OPTION_UDP_ENCAP,
  SA_OPTIONS,
  SA_OUTBOUND,
  SA_TUNNEL_IPV4,
  SA_TUNNEL_IPV6,
  SA_WINDOW_MAX,
} from '../../spec/ipsec';
import { Device } from '../device';
import { checkSession } from '../session/expand';
import { authKeyOf, keyOf, Session } from '../session/slot';
import { hasOption, SaFacts } from './facts';

/** ICV of an AEAD: RFC 4106 section 6, RFC 4309 section 3.2, RFC 7634 section 2. */
const AEAD_ICV_BYTES: u32 = 16;
const AEAD_IV_BYTES: u32 = 8;

/** The length of a MAC in a packet, or 0 if IPsec does not use it (RFC 2403, 2404, 3566, 4494, 4868). */
function icvBytesOf(algo: u32): u32 {
  if (algo == MAC_HMAC_MD5 || algo == MAC_HMAC_SHA1 || algo == MAC_XCBC_AES || algo == MAC_CMAC_AES) return 12;
  if (algo == MAC_HMAC_SHA_256) return 16;
  if (algo == MAC_HMAC_SHA_384) return 24;
  return algo == MAC_HMAC_SHA_512 ? 32 : 0;
}

/** The length of a cipher's IV in a packet, or 0 if IPsec does not use it (RFC 2451, 3602, 3686). */
function ivBytesOf(algo: u32): u32 {
  if (algo == CIPHER_AES_CBC) return 16;
  return algo == CIPHER_AES_CTR || algo == CIPHER_3DES_CBC ? 8 : 0;
}

/**
 * Checks an object, and sets the facts of its association and the parameters and keys of its session, which is wiped.
 * False: this device does not support the object.
 */
export function describe(device: Device, object: usize, facts: SaFacts, session: Session): bool {
  const mode: u32 = load<u8>(object + SA_OBJECT_MODE);
  const options = load<u64>(object + SA_OBJECT_OPTIONS);
  if (!mode || mode > <u32>SA_AH_TRANSPORT || options >> SA_OPTIONS) return false;
  if (load<u8>(object + SA_OBJECT_DIRECTION) != facts.direction) return false;
  facts.spi = load<u32>(object + SA_OBJECT_SPI);
  facts.options = <u32>options;
  facts.window = load<u32>(object + SA_OBJECT_WINDOW);
  facts.ah = mode >= <u32>SA_AH_TUNNEL ? 1 : 0;
  facts.tunnel = mode == SA_ESP_TUNNEL || mode == SA_AH_TUNNEL ? 1 : 0;
  // RFC 4303 section 2.1: 0 is never sent.
  if (!facts.spi) return false;
  if (facts.ah && hasOption(facts, SA_OPTION_UDP_ENCAP)) return false;
  setLimits(object, facts);
  return directed(object, facts) && protectedBy(device, object, facts, session);
}

/** What only one direction has: the tunnel's outer header, and the window. */
function directed(object: usize, facts: SaFacts): bool {
  if (facts.direction == SA_INBOUND) {
    if (facts.window > <u32>SA_WINDOW_MAX) return false;
    // RFC 4303 appendix A2.2 finds the high half of a number by the window.
    return facts.window != 0 || !hasOption(facts, SA_OPTION_ESN);
  }
  const type = load<u8>(object + SA_OBJECT_TUNNEL_TYPE);
  return !facts.tunnel || type == SA_TUNNEL_IPV4 || type == SA_TUNNEL_IPV6;
}

function setLimits(object: usize, facts: SaFacts): void {
  const counts = hasOption(facts, SA_OPTION_LIFETIME);
  facts.soft = limitAt(object + SA_OBJECT_PACKETS_SOFT, counts);
  facts.softBytes = limitAt(object + SA_OBJECT_BYTES_SOFT, counts);
  facts.hard = limitAt(object + SA_OBJECT_PACKETS_HARD, counts);
  facts.hardBytes = limitAt(object + SA_OBJECT_BYTES_HARD, counts);
}

/** A limit of 0 is no limit. */
@inline
function limitAt(at: usize, counts: bool): u64 {
  const limit = load<u64>(at);
  return counts && limit ? limit : u64.MAX_VALUE;
}

/** The algorithms: an AEAD, a cipher with a MAC, or a MAC alone. No packet goes without integrity (docs/ipsec.md). */
function protectedBy(device: Device, object: usize, facts: SaFacts, session: Session): bool {
  const cipher = load<u64>(object + SA_OBJECT_CIPHER);
  const auth = load<u64>(object + SA_OBJECT_AUTH);
  const keyBytes: u32 = load<u16>(object + SA_OBJECT_CIPHER_KEY_LEN);
  const authKeyBytes: u32 = load<u16>(object + SA_OBJECT_AUTH_KEY_LEN);
  if (keyBytes > <u32>SA_KEY_BYTES_MAX || authKeyBytes > <u32>SA_KEY_BYTES_MAX) return false;
  if (cipher >= <u64>SA_CIPHER_AEAD + 64 || auth >= 64) return false;
  const aead = cipher >= <u64>SA_CIPHER_AEAD;
  session.direction = facts.direction == SA_OUTBOUND ? DIRECTION_ENCRYPT : DIRECTION_DECRYPT;
  facts.blockBytes = 4;
  facts.ivBytes = 0;
  if (aead) {
    if (facts.ah || auth != MAC_NONE || authKeyBytes) return false;
    session.service = SERVICE_AEAD;
    session.algo = <u32>cipher - SA_CIPHER_AEAD;
    session.keyBytes = keyBytes;
    facts.ivBytes = AEAD_IV_BYTES;
    facts.icvBytes = AEAD_ICV_BYTES;
  } else {
    facts.icvBytes = icvBytesOf(<u32>auth);
    if (!facts.icvBytes || !authKeyBytes) return false;
    session.service = SERVICE_MAC;
    session.authAlgo = <u32>auth;
    session.authKeyBytes = authKeyBytes;
    if (cipher != CIPHER_NONE) {
      facts.ivBytes = ivBytesOf(<u32>cipher);
      if (facts.ah || !facts.ivBytes) return false;
      if (cipher != CIPHER_AES_CTR) facts.blockBytes = facts.ivBytes;
      session.service = SERVICE_CIPHER;
      session.opType = SYM_OP_ALGORITHM_CHAINING;
      session.chainOrder = facts.direction == SA_OUTBOUND ? CHAIN_CIPHER_THEN_HASH : CHAIN_HASH_THEN_CIPHER;
      session.hashMode = HASH_MODE_AUTH;
      session.algo = <u32>cipher;
      session.keyBytes = keyBytes;
    } else if (keyBytes) {
      return false;
    }
  }
  session.resultBytes = facts.icvBytes;
  facts.service = session.service;
  if (checkSession(device, session) != CRYPTO_OK) return false;
  memory.copy(keyOf(session), object + SA_OBJECT_CIPHER_KEY, session.keyBytes);
  memory.copy(authKeyOf(session), object + SA_OBJECT_AUTH_KEY, session.authKeyBytes);
  return true;
}
