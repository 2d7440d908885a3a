// The outer header of tunnel mode (RFC 4301 section 5.1.2), and its marks of congestion (RFC 6040).
import {
  SA_OBJECT_IPV4_ADDRESSES,
  SA_OBJECT_IPV4_DF,
  SA_OBJECT_IPV4_DSCP,
  SA_OBJECT_IPV4_TTL,
  SA_OBJECT_IPV6_ADDRESSES,
  SA_OBJECT_IPV6_DSCP,
  SA_OBJECT_IPV6_FLOW,
  SA_OBJECT_IPV6_HOP_LIMIT,
  SA_OBJECT_TUNNEL_TYPE,
  SA_OPTION_COPY_DF,
  SA_OPTION_COPY_DSCP,
  SA_OPTION_ECN,
  SA_TUNNEL_IPV4,
} from '../../spec/ipsec';
import { hasOption } from './facts';
import {
  be16,
  classOf,
  IPV4_BYTES,
  IPV6_BYTES,
  setBe16,
  setBe32,
  setClass,
  setHeaderChecksum,
  versionOf,
} from './packet';
import { factsOf, objectOf, Sa } from './sa';

const DONT_FRAGMENT: u32 = 0x4000;
/** TTL of an object that has none. */
const TTL_DEFAULT: u8 = 64;
const ECN: u32 = 3;
const CONGESTION: u32 = 3;
const ECT_1: u32 = 1;

/** Bytes of the outer header. */
export function outerBytes(sa: Sa): u32 {
  return load<u8>(objectOf(sa) + SA_OBJECT_TUNNEL_TYPE) == SA_TUNNEL_IPV4 ? IPV4_BYTES : IPV6_BYTES;
}

/**
 * Writes the outer header of a packet.
 * @param inner the packet in the tunnel
 * @param bytes length of the whole outer packet
 * @param protocol what comes behind the header
 * @param id the identification, for a router that makes fragments of an IPv4 packet
 */
export function writeOuter(sa: Sa, at: usize, inner: usize, bytes: u32, protocol: u32, id: u32): void {
  const facts = factsOf(sa);
  const object = objectOf(sa);
  const innerClass = classOf(inner);
  const ipv4 = outerBytes(sa) == IPV4_BYTES;
  const own: u32 = load<u8>(object + (ipv4 ? SA_OBJECT_IPV4_DSCP : SA_OBJECT_IPV6_DSCP));
  const dscp = hasOption(facts, SA_OPTION_COPY_DSCP) ? innerClass & ~ECN : (own << 2) & 0xff;
  const traffic = dscp | (hasOption(facts, SA_OPTION_ECN) ? innerClass & ECN : 0);
  if (!ipv4) {
    setBe32(at, (6 << 28) | (traffic << 20) | (load<u32>(object + SA_OBJECT_IPV6_FLOW) & 0xfffff));
    setBe16(at + 4, bytes - IPV6_BYTES);
    store<u8>(at + 6, <u8>protocol);
    store<u8>(at + 7, load<u8>(object + SA_OBJECT_IPV6_HOP_LIMIT) || TTL_DEFAULT);
    memory.copy(at + 8, object + SA_OBJECT_IPV6_ADDRESSES, 32);
    return;
  }
  let fragments: u32 = load<u8>(object + SA_OBJECT_IPV4_DF) ? DONT_FRAGMENT : 0;
  // Only IPv4 has the bit to copy. A packet of IPv6 is never cut on its way.
  if (hasOption(facts, SA_OPTION_COPY_DF)) {
    fragments = versionOf(inner) == 4 ? be16(inner + 6) & DONT_FRAGMENT : DONT_FRAGMENT;
  }
  setBe16(at, 0x4500 | traffic);
  setBe16(at + 2, bytes);
  setBe16(at + 4, id);
  setBe16(at + 6, fragments);
  store<u8>(at + 8, load<u8>(object + SA_OBJECT_IPV4_TTL) || TTL_DEFAULT);
  store<u8>(at + 9, <u8>protocol);
  memory.copy(at + 12, object + SA_OBJECT_IPV4_ADDRESSES, 8);
  setHeaderChecksum(at);
}

/**
 * Takes the outer header's mark of congestion over into the inner one (RFC 6040 section 4.2).
 * @param outer class of the outer header
 * @returns false if the packet must be dropped: it was marked, and its sender does not know marks
 */
export function takeMark(inner: usize, outer: u32): bool {
  const innerClass = classOf(inner);
  const mark = innerClass & ECN;
  const outerMark = outer & ECN;
  if (outerMark == CONGESTION && !mark) return false;
  if (mark && mark != CONGESTION && (outerMark == CONGESTION || outerMark == ECT_1)) {
    setClass(inner, (innerClass & ~ECN) | outerMark);
  }
  return true;
}
