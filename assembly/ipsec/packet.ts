// IP headers (RFC 791, RFC 8200): a packet's lengths, and where a header of IPsec stands in it.

export const PROTOCOL_IPV4: u32 = 4;
export const PROTOCOL_UDP: u32 = 17;
export const PROTOCOL_IPV6: u32 = 41;
export const PROTOCOL_ESP: u32 = 50;
export const PROTOCOL_AH: u32 = 51;
export const PROTOCOL_NONE: u32 = 59;
export const HOP_BY_HOP: u32 = 0;
export const ROUTING: u32 = 43;
export const FRAGMENT: u32 = 44;
export const DESTINATION: u32 = 60;
export const FRAGMENT_BYTES: u32 = 8;

export const IPV4_BYTES: u32 = 20;
export const IPV6_BYTES: u32 = 40;
/** The longest total length of IPv4, and payload length of IPv6. */
export const LENGTH_MAX: u32 = 0xffff;
/** More extension headers than any real packet has. */
const EXTENSIONS_MAX: u32 = 16;

@inline
export function be16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

@inline
export function setBe16(at: usize, value: u32): void {
  store<u16>(at, bswap<u16>(<u16>value));
}

@inline
export function be32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

@inline
export function setBe32(at: usize, value: u32): void {
  store<u32>(at, bswap<u32>(value));
}

/** IP version of the packet at `at`, which has at least one byte. */
@inline
export function versionOf(at: usize): u32 {
  return load<u8>(at) >> 4;
}

/**
 * The length that the IP packet at `at` says it has, or 0 if its header is not whole or not possible.
 * @param bytes the bytes that are there
 */
export function packetBytes(at: usize, bytes: u32): u32 {
  if (bytes < IPV4_BYTES) return 0;
  const version = versionOf(at);
  if (version == 4) {
    const header = ipv4HeaderBytes(at);
    const total = be16(at + 2);
    return header >= IPV4_BYTES && header <= total && total <= bytes ? total : 0;
  }
  if (version != 6 || bytes < IPV6_BYTES) return 0;
  const total = be16(at + 4) + IPV6_BYTES;
  return total <= bytes ? total : 0;
}

@inline
export function ipv4HeaderBytes(at: usize): u32 {
  return (load<u8>(at) & 15) << 2;
}

/**
 * Where a header of IPsec stands in a packet, in one number: `offset` is its first byte, `field` is the offset of the
 * next-header field that names it, `protocol` is the field's value. 0: the packet is a fragment, or its headers are
 * not whole.
 */
export function place(offset: u32, field: u32, protocol: u32): u64 {
  return ((<u64>offset) << 32) | (field << 8) | protocol;
}

@inline
export function offsetOfPlace(place: u64): u32 {
  return <u32>(place >> 32);
}

@inline
export function fieldOfPlace(place: u64): u32 {
  return (<u32>place) >> 8;
}

@inline
export function protocolOfPlace(place: u64): u32 {
  return (<u32>place) & 0xff;
}

/**
 * Finds the place in a whole packet of `bytes`.
 * @param arrived whether the packet has been protected already. If not, destination options stay behind the new header
 *   unless a routing header follows (RFC 4303 section 3.1.1)
 */
export function placeIn(at: usize, bytes: u32, arrived: bool): u64 {
  if (versionOf(at) == 4) {
    // RFC 4303 section 3.3.4: IPsec in transport mode takes whole datagrams. More fragments, or an offset.
    if (be16(at + 6) & 0x3fff) return 0;
    return place(ipv4HeaderBytes(at), 9, load<u8>(at + 9));
  }
  let offset = IPV6_BYTES;
  let field: u32 = 6;
  let found = place(offset, field, load<u8>(at + field));
  for (let count: u32 = 0; count <= EXTENSIONS_MAX; count++) {
    const next: u32 = load<u8>(at + field);
    if (next != HOP_BY_HOP && next != ROUTING && next != FRAGMENT && next != DESTINATION) return found;
    if (offset + 8 > bytes) return 0;
    // A fragment of the whole packet is none (RFC 6946).
    if (next == FRAGMENT && be16(at + offset + 2) & 0xfff9) return 0;
    field = offset;
    offset += next == FRAGMENT ? FRAGMENT_BYTES : (load<u8>(at + offset + 1) + 1) << 3;
    if (offset > bytes) return 0;
    if (next != DESTINATION || arrived) found = place(offset, field, load<u8>(at + field));
  }
  return 0;
}

/** The sum of 16-bit words in ones' complement (RFC 1071), added to `sum`. */
export function sumWords(at: usize, bytes: u32, sum: u32): u32 {
  let total: u64 = sum;
  const even = bytes & ~1;
  for (let offset: u32 = 0; offset < even; offset += 2) total += be16(at + offset);
  if (even != bytes) total += (<u32>load<u8>(at + even)) << 8;
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return <u32>total;
}

/** Sets the checksum of an IPv4 header. */
export function setHeaderChecksum(at: usize): void {
  store<u16>(at + 10, 0);
  setBe16(at + 10, ~sumWords(at, ipv4HeaderBytes(at), 0));
}

/** Sets a 16-bit word of an IPv4 header, and corrects its checksum without hiding that it was wrong (RFC 1624). */
export function replaceWord(at: usize, offset: u32, value: u32): void {
  const sum = (be16(at + 10) ^ 0xffff) + (be16(at + offset) ^ 0xffff) + value;
  const folded = (sum & 0xffff) + (sum >> 16);
  setBe16(at + 10, ~((folded & 0xffff) + (folded >> 16)));
  setBe16(at + offset, value);
}

/** The class of a packet: 6 bits of DSCP, then 2 of ECN (RFC 2474, RFC 3168). */
export function classOf(at: usize): u32 {
  return versionOf(at) == 4 ? load<u8>(at + 1) : (be16(at) >> 4) & 0xff;
}

/** Sets the class of a packet. */
export function setClass(at: usize, value: u32): void {
  if (versionOf(at) == 4) replaceWord(at, 0, (be16(at) & 0xff00) | value);
  else setBe16(at, (be16(at) & 0xf00f) | (value << 4));
}

/** Makes the packet's next hop: lowers its TTL or hop limit. False: it may make none. */
export function takeHop(at: usize): bool {
  if (versionOf(at) == 4) {
    const word = be16(at + 8);
    if (word >> 8 <= 1) return false;
    replaceWord(at, 8, word - 0x100);
    return true;
  }
  const hops: u32 = load<u8>(at + 7);
  if (hops <= 1) return false;
  store<u8>(at + 7, <u8>(hops - 1));
  return true;
}

/** Sets the length of a packet of `bytes` that has another one now, and the checksum of IPv4. */
export function setLength(at: usize, bytes: u32): void {
  if (versionOf(at) == 4) {
    setBe16(at + 2, bytes);
    setHeaderChecksum(at);
  } else {
    setBe16(at + 4, bytes - IPV6_BYTES);
  }
}

/** Whether a packet of `bytes` is possible in this version of IP. */
export function lengthPossible(version: u32, bytes: u32): bool {
  return bytes <= (version == 4 ? LENGTH_MAX : LENGTH_MAX + IPV6_BYTES);
}
