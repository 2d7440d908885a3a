// The fields of an IP header that may change on the way. The integrity check of AH takes them as zeros, or as they will
// be at the destination (RFC 4302 section 3.3.3.1 and appendix A).
import { IPV4_BYTES, ipv4HeaderBytes, IPV6_BYTES, versionOf } from './packet';

/** Options of IPv4 that do not change: RFC 4302 appendix A1. */
const END: u32 = 0;
const NO_OPERATION: u32 = 1;
const SECURITY: u32 = 130;
const LOOSE_ROUTE: u32 = 131;
const EXTENDED_SECURITY: u32 = 133;
const COMMERCIAL_SECURITY: u32 = 134;
const STRICT_ROUTE: u32 = 137;
const ROUTER_ALERT: u32 = 148;
const MULTI_DESTINATION: u32 = 149;

const HOP_BY_HOP: u32 = 0;
const ROUTING: u32 = 43;
const DESTINATION: u32 = 60;
/** The bit of an IPv6 option's type that says that its data may change (RFC 8200 section 4.2). */
const MAY_CHANGE: u32 = 0x20;

/**
 * Clears the mutable fields of a packet's headers.
 * @param bytes length of the headers in front of AH
 * @param arrived whether the packet is at its destination. If not, a source route's last address takes the
 *   destination's place
 * @returns false if an option or a header cannot be read
 */
export function clearMutable(at: usize, bytes: u32, arrived: bool): bool {
  if (versionOf(at) == 4) {
    store<u8>(at + 1, 0);
    store<u16>(at + 6, 0);
    store<u8>(at + 8, 0);
    store<u16>(at + 10, 0);
    return clearOptions4(at, ipv4HeaderBytes(at), arrived);
  }
  // Class and flow label, and the hop limit.
  store<u32>(at, 0x60);
  store<u8>(at + 7, 0);
  return clearExtensions(at, bytes);
}

function clearOptions4(at: usize, bytes: u32, arrived: bool): bool {
  let offset = IPV4_BYTES;
  while (offset < bytes) {
    const type: u32 = load<u8>(at + offset);
    if (type == END) return true;
    if (type == NO_OPERATION) {
      offset++;
      continue;
    }
    if (offset + 2 > bytes) return false;
    const length: u32 = load<u8>(at + offset + 1);
    if (length < 2 || offset + length > bytes) return false;
    const route = type == LOOSE_ROUTE || type == STRICT_ROUTE;
    if (route && !arrived) {
      if (length < 7) return false;
      store<u32>(at + 16, load<u32>(at + offset + length - 4));
    }
    const stays =
      type == SECURITY ||
      type == EXTENDED_SECURITY ||
      type == COMMERCIAL_SECURITY ||
      type == ROUTER_ALERT ||
      type == MULTI_DESTINATION;
    if (!stays) memory.fill(at + offset, 0, length);
    offset += length;
  }
  return true;
}

function clearExtensions(at: usize, bytes: u32): bool {
  let offset = IPV6_BYTES;
  let next: u32 = load<u8>(at + 6);
  while (offset < bytes) {
    const header = at + offset;
    const length: u32 =
      next == HOP_BY_HOP || next == ROUTING || next == DESTINATION ? (load<u8>(header + 1) + 1) << 3 : 8;
    // A route that is not at its end changes on the way. RFC 5095 has retired such headers.
    if (next == ROUTING && load<u8>(header + 3)) return false;
    if ((next == HOP_BY_HOP || next == DESTINATION) && !clearOptions6(header + 2, length - 2)) return false;
    next = load<u8>(header);
    offset += length;
  }
  return true;
}

function clearOptions6(at: usize, bytes: u32): bool {
  let offset: u32 = 0;
  while (offset < bytes) {
    const type: u32 = load<u8>(at + offset);
    // Pad1 has no length.
    if (!type) {
      offset++;
      continue;
    }
    if (offset + 2 > bytes) return false;
    const length: u32 = load<u8>(at + offset + 1);
    if (offset + 2 + length > bytes) return false;
    if (type & MAY_CHANGE) memory.fill(at + offset + 2, 0, length);
    offset += 2 + length;
  }
  return true;
}
