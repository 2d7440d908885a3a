// Source routes of IPv6: routing headers whose addresses the packet visits one after the other.
import { DESTINATION, FRAGMENT, FRAGMENT_BYTES, HOP_BY_HOP, IPV6_BYTES, ROUTING } from './packet';

/** The types whose addresses are visited in their order: RFC 2460 section 4.4, and RFC 6275 section 6.4. */
const SOURCE_ROUTE: u32 = 0;
const MOBILE: u32 = 2;
const ADDRESS_BYTES: u32 = 16;
/** Where the destination stands in the IPv6 header. */
const DESTINATION_FIELD: usize = 24;

/** How many addresses of the routing header at `header` are still to be visited. */
@inline
export function segmentsLeft(header: usize): u32 {
  return load<u8>(header + 3);
}

/** The last address of a routing header, which has addresses left. 0: its type is unknown, or its lengths are wrong. */
function lastAddress(header: usize): usize {
  const type: u32 = load<u8>(header + 2);
  // The length counts 8 bytes, without the first 8. An address is two of them.
  const units: u32 = load<u8>(header + 1);
  if (type != SOURCE_ROUTE && type != MOBILE) return 0;
  return units & 1 || segmentsLeft(header) > units >> 1 ? 0 : header + (units << 3) - 8;
}

/**
 * Visits the rest of a route: each address changes places with the destination. Then the headers are as they will be at
 * the end.
 * @returns false if the route cannot be read
 */
export function travel(at: usize, header: usize): bool {
  const last = lastAddress(header);
  if (!last) return false;
  const destination = at + DESTINATION_FIELD;
  for (let left = segmentsLeft(header); left; left--) {
    const address = last - (left - 1) * ADDRESS_BYTES;
    const next = v128.load(address);
    v128.store(address, v128.load(destination));
    v128.store(destination, next);
  }
  store<u8>(header + 3, 0);
  return true;
}

/**
 * Where the address stands that a packet of IPv6 goes to at last, which checksums count (RFC 8200 section 8.1). 0: a
 * route cannot be read.
 * @param bytes length of the header and the extension headers to look through, which are whole
 */
export function finalDestination(at: usize, bytes: u32): usize {
  let offset = IPV6_BYTES;
  let next: u32 = load<u8>(at + 6);
  let final = at + DESTINATION_FIELD;
  while (offset < bytes && (next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION)) {
    const header = at + offset;
    if (next == ROUTING && segmentsLeft(header)) {
      final = lastAddress(header);
      if (!final) return 0;
    }
    offset += next == FRAGMENT ? FRAGMENT_BYTES : (load<u8>(header + 1) + 1) << 3;
    next = load<u8>(header);
  }
  return final;
}
