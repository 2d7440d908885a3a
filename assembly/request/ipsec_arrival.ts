// The end of an inbound packet (RFC 4303 section 3.4): nothing of it is believed before its ICV is right, and nothing
// of it is written before its padding and its inner packet are. Answers have the status in the high half, and the
// length of the result in the low half.
import {
  CRYPTO_BADMSG,
  CRYPTO_ERR,
  CRYPTO_OK,
  CRYPTO_SOFT_EXPIRY,
  IPSEC_INBOUND,
  SERVICE_IPSEC,
} from '../../spec/crypto';
import { SA_OPTION_DEC_TTL, SA_OPTION_ECN, SA_OPTION_UDP_ENCAP } from '../../spec/ipsec';
import {
  REFUSED_HOPS,
  REFUSED_ICV,
  REFUSED_INNER,
  REFUSED_LIFETIME,
  REFUSED_PACKET_LONG,
  REFUSED_REPLAY,
  REFUSED_SPI,
  REFUSED_TRAILER,
} from '../../spec/refusals';
import { tagsEqual } from '../aead/tag';
import { Device } from '../device';
import { decrypt, ESP_HEADER_BYTES, paddingCounts, TRAILER_BYTES } from '../ipsec/esp';
import { hasOption } from '../ipsec/facts';
import { mayTake, take } from '../ipsec/life';
import {
  be32,
  classOf,
  fieldOfPlace,
  offsetOfPlace,
  packetBytes,
  placeIn,
  PROTOCOL_IPV4,
  PROTOCOL_IPV6,
  PROTOCOL_NONE,
  setLength,
  takeHop,
  versionOf,
} from '../ipsec/packet';
import { accept, isReplay, wholeSequence } from '../ipsec/replay';
import { factsOf, Sa } from '../ipsec/sa';
import { takeMark } from '../ipsec/tunnel';
import { refuse, reportRefusal } from '../refusal';
import { countStatus } from '../statistics';

export const UDP_BYTES: u32 = 8;

@inline
export function statusOf(answer: u64): u32 {
  return <u32>(answer >> 32);
}

@inline
export function bytesOf(answer: u64): u32 {
  return <u32>answer;
}

@inline
function failure(device: Device, check: u32, status: u32): u64 {
  return (<u64>refuse(device, check, status)) << 32;
}

/** What is checked before the ICV. Returns REFUSED_*, or 0. */
export function refusedArrival(sa: Sa, spi: u32, low: u32): u32 {
  if (spi != factsOf(sa).spi) return REFUSED_SPI;
  if (!mayTake(sa, 0)) return REFUSED_LIFETIME;
  return isReplay(sa, wholeSequence(sa, low)) ? REFUSED_REPLAY : 0;
}

/** Where an authentic packet's payload goes: in scratch2, behind room for the headers of transport mode. */
@inline
export function plainPlace(device: Device, where: u64): usize {
  return <usize>device.scratch2 + offsetOfPlace(where);
}

/** Where its result begins. */
@inline
export function resultPlace(device: Device, sa: Sa, where: u64): usize {
  return factsOf(sa).tunnel ? plainPlace(device, where) : <usize>device.scratch2;
}

/** The end of ESP: takes the trailer off `text` bytes of decrypted text at plainPlace(). */
export function finishText(
  device: Device,
  sa: Sa,
  source: usize,
  where: u64,
  text: u32,
  sequence: u64,
  room: u32,
): u64 {
  const trailer = plainPlace(device, where) + text - TRAILER_BYTES;
  const padding: u32 = load<u8>(trailer);
  if (padding + TRAILER_BYTES > text || !paddingCounts(trailer, padding))
    return failure(device, REFUSED_TRAILER, CRYPTO_ERR);
  const payload = text - TRAILER_BYTES - padding;
  return finishArrival(device, sa, source, where, payload, load<u8>(trailer + 1), sequence, room);
}

/**
 * The end of an authentic packet: the inner packet of a tunnel, or its own headers and the payload behind them, is at
 * resultPlace(). Only now the window takes the packet.
 * @param where where the header of IPsec was in the source
 * @param payload length of the payload at plainPlace()
 * @param next the protocol of the payload
 * @param room the longest result
 */
export function finishArrival(
  device: Device,
  sa: Sa,
  source: usize,
  where: u64,
  payload: u32,
  next: u32,
  sequence: u64,
  room: u32,
): u64 {
  const facts = factsOf(sa);
  const plain = plainPlace(device, where);
  let bytes = payload;
  if (next == PROTOCOL_NONE && !facts.ah) {
    // RFC 4303 section 2.6: a packet that only hides traffic has no content. AH hides none.
    bytes = 0;
  } else if (facts.tunnel) {
    if (next != PROTOCOL_IPV4 && next != PROTOCOL_IPV6) return failure(device, REFUSED_INNER, CRYPTO_ERR);
    // The rest behind the inner packet is padding that hides its length (RFC 4303 section 2.7).
    bytes = packetBytes(plain, payload);
    if (!bytes || versionOf(plain) != (next == PROTOCOL_IPV4 ? 4 : 6))
      return failure(device, REFUSED_INNER, CRYPTO_ERR);
    if (hasOption(facts, SA_OPTION_ECN) && !takeMark(plain, classOf(source)))
      return failure(device, REFUSED_INNER, CRYPTO_ERR);
    if (hasOption(facts, SA_OPTION_DEC_TTL) && !takeHop(plain)) return failure(device, REFUSED_HOPS, CRYPTO_ERR);
  } else {
    const headers = offsetOfPlace(where);
    const result = plain - headers;
    bytes = headers + payload;
    memory.copy(result, source, headers);
    store<u8>(result + fieldOfPlace(where), <u8>next);
    setLength(result, bytes);
  }
  if (bytes > room) return failure(device, REFUSED_PACKET_LONG, CRYPTO_ERR);
  if (!mayTake(sa, bytes)) return failure(device, REFUSED_LIFETIME, CRYPTO_ERR);
  accept(sa, sequence);
  return ((<u64>take(sa, bytes)) << 32) | bytes;
}

/**
 * Ends a packet of ESP that waited in the batch, and whose ICV was made there. Packets of its association may have come
 * to their end since it was checked, so it is checked again. Its result, and a zero behind it (used_length.ts), go to
 * `destination`. Counts and reports a failure.
 * @param source the packet, `bytes` bytes, which espInbound() has looked through
 * @param icv the ICV that it should have
 * @param destination `room` bytes, apart from the source
 */
export function finishWaiting(
  device: Device,
  sa: Sa,
  source: usize,
  bytes: u32,
  icv: usize,
  destination: usize,
  room: u32,
): u64 {
  const facts = factsOf(sa);
  const where = placeIn(source, bytes, true);
  const around = offsetOfPlace(where) + (hasOption(facts, SA_OPTION_UDP_ENCAP) ? UDP_BYTES : 0);
  const esp = source + around;
  const text = bytes - around - ESP_HEADER_BYTES - facts.ivBytes - facts.icvBytes;
  // The request that makes the batch run may have its own IV there.
  const iv = v128.load(device.iv);
  let answer: u64;
  if (!tagsEqual(icv, source + bytes - facts.icvBytes, facts.icvBytes)) {
    answer = failure(device, REFUSED_ICV, CRYPTO_BADMSG);
  } else {
    const refused = refusedArrival(sa, be32(esp), be32(esp + 4));
    if (refused) {
      answer = failure(device, refused, CRYPTO_ERR);
    } else {
      decrypt(device, sa, esp, text, plainPlace(device, where));
      answer = finishText(device, sa, source, where, text, wholeSequence(sa, be32(esp + 4)), room);
    }
  }
  v128.store(device.iv, iv);
  const written = bytesOf(answer);
  memory.copy(destination, resultPlace(device, sa, where), written);
  if (written < room) store<u8>(destination + written, 0);
  const status = statusOf(answer);
  if (status != CRYPTO_OK && status != CRYPTO_SOFT_EXPIRY) {
    countStatus(device, SERVICE_IPSEC, status);
    reportRefusal(device, status, IPSEC_INBOUND);
  }
  return answer;
}
