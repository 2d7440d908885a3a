// The fields of an IP header that may change on the way. The integrity check of AH takes them as zeros, or as they will
// be at the destination (RFC 4302 section 3.3.3.1 and appendix A).
import {
  be16,
  FRAGMENT,
  FRAGMENT_BYTES,
  IPV4_BYTES,
  ipv4HeaderBytes,
  IPV6_BYTES,
  ROUTING,
  setBe16,
  versionOf,
} from './packet';
import { segmentsLeft, travel } from './route';

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

/** Of a source route: its type, its length and its pointer, and the smallest pointer (RFC 791 section 3.1). */
const ROUTE_FIXED_BYTES: u32 = 3;
const POINTER_MIN: u32 = 4;

/** The bit of an IPv6 option's type that says that its data may change (RFC 8200 section 4.2). */
const MAY_CHANGE: u32 = 0x20;

/** What clearMutable() returns if an option or a header cannot be read. */
export const UNREADABLE: u32 = u32.MAX_VALUE;

/**
 * Clears the mutable fields of a packet's headers. The fragment header of a whole packet is left out of the check
 * (appendix A2): the headers in front of it move to its place.
 * @param bytes length of the headers in front of AH
 * @param arrived whether the packet is at its destination. If not, source routes become what they will be there
 * @returns how many bytes at `at` the check leaves out, or UNREADABLE
 */
export function clearMutable(at: usize, bytes: u32, arrived: bool): u32 {
  if (versionOf(at) == 4) {
    store<u8>(at + 1, 0);
    store<u16>(at + 6, 0);
    store<u8>(at + 8, 0);
    store<u16>(at + 10, 0);
    return clearOptions4(at, ipv4HeaderBytes(at), arrived) ? 0 : UNREADABLE;
  }
  // Class and flow label, and the hop limit.
  store<u32>(at, 0x60);
  store<u8>(at + 7, 0);
  return clearExtensions(at, bytes, arrived);
}

function clearOptions4(at: usize, bytes: u32, arrived: bool): bool {
  let offset = IPV4_BYTES;
  let routed = false;
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
      // A packet has one route at most (RFC 1122 section 3.2.1.8).
      if (routed || !endRoute(at, at + offset, length)) return false;
      routed = true;
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

/** Sets the destination to the last address of a source route. False: the route cannot be read. */
function endRoute(at: usize, option: usize, length: u32): bool {
  if (length < ROUTE_FIXED_BYTES || (length - ROUTE_FIXED_BYTES) & 3) return false;
  const pointer: u32 = load<u8>(option + 2);
  if (pointer < POINTER_MIN) return false;
  // Behind the last address, the pointer says that the packet is on its last way.
  if (pointer > length) return true;
  store<u32>(at + 16, load<u32>(option + length - 4));
  return true;
}

function clearExtensions(at: usize, bytes: u32, arrived: bool): u32 {
  let start: u32 = 0;
  let field: u32 = 6;
  let offset = IPV6_BYTES;
  while (offset < bytes) {
    const header = at + offset;
    const next: u32 = load<u8>(at + field);
    if (next == FRAGMENT) {
      // The length in the header is that of a packet without this header: a receiver may have removed it.
      store<u8>(at + field, load<u8>(header));
      setBe16(at + start + 4, be16(at + start + 4) - FRAGMENT_BYTES);
      memory.copy(at + start + FRAGMENT_BYTES, at + start, offset - start);
      start += FRAGMENT_BYTES;
      field += FRAGMENT_BYTES;
      offset += FRAGMENT_BYTES;
      continue;
    }
    const length: u32 = (load<u8>(header + 1) + 1) << 3;
    if (next == ROUTING) {
      if (segmentsLeft(header) && (arrived || !travel(at + start, header))) return UNREADABLE;
    } else if (!clearOptions6(header + 2, length - 2)) {
      return UNREADABLE;
    }
    field = offset;
    offset += length;
  }
  return start;
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
