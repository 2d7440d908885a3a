// Inbound ESP (RFC 4303 section 3.4): nothing of a packet is believed before its ICV is right, and nothing of it is
// written before its padding and its inner packet are.
import { CRYPTO_BADMSG, CRYPTO_ERR } from '../../spec/crypto';
import { SA_OPTION_DEC_TTL, SA_OPTION_ECN, SA_OPTION_ESN, SA_OPTION_UDP_ENCAP } from '../../spec/ipsec';
import {
  REFUSED_HOPS,
  REFUSED_ICV,
  REFUSED_INNER,
  REFUSED_LIFETIME,
  REFUSED_PACKET,
  REFUSED_PACKET_LONG,
  REFUSED_REPLAY,
  REFUSED_SPI,
  REFUSED_TRAILER,
} from '../../spec/refusals';
import { readSteadily, writeBytes } from '../chain/buffers';
import { Device } from '../device';
import { ESP_HEADER_BYTES, paddingCounts, TRAILER_BYTES, unprotect } from '../ipsec/esp';
import { hasOption } from '../ipsec/facts';
import { mayTake, take } from '../ipsec/life';
import {
  be16,
  be32,
  classOf,
  fieldOfPlace,
  offsetOfPlace,
  packetBytes,
  placeIn,
  PROTOCOL_ESP,
  PROTOCOL_IPV4,
  PROTOCOL_IPV6,
  PROTOCOL_NONE,
  PROTOCOL_UDP,
  protocolOfPlace,
  setLength,
  takeHop,
  versionOf,
} from '../ipsec/packet';
import { accept, isReplay, wholeSequence } from '../ipsec/replay';
import { factsOf, Sa } from '../ipsec/sa';
import { takeMark } from '../ipsec/tunnel';
import { refuse } from '../refusal';
import { runBatch } from './batch';
import { Operation } from './operation';

const UDP_BYTES: u32 = 8;

/** Reads the whole source into scratch if it must not change, or if the ICV's place is overwritten. Runs the batch. */
export function readArrived(device: Device, copied: bool): usize {
  const bytes = changetype<Operation>(device.operation).sourceBytes;
  runBatch(device);
  const source = bytes ? readSteadily(device, bytes, device.scratch) : <usize>device.scratch;
  if (!copied || source == device.scratch) return source;
  memory.copy(device.scratch, source, bytes);
  return device.scratch;
}

/** Runs the request. Returns its status. */
export function espInbound(device: Device, sa: Sa): u32 {
  const facts = factsOf(sa);
  const bytes = changetype<Operation>(device.operation).sourceBytes;
  const source = readArrived(device, hasOption(facts, SA_OPTION_ESN));
  if (!bytes || packetBytes(source, bytes) != bytes) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const where = placeIn(source, bytes, true);
  const udp = hasOption(facts, SA_OPTION_UDP_ENCAP) ? UDP_BYTES : 0;
  const headers = offsetOfPlace(where);
  const around = headers + udp + ESP_HEADER_BYTES + facts.ivBytes + facts.icvBytes;
  if (!where || around > bytes) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  if (protocolOfPlace(where) != (udp ? PROTOCOL_UDP : PROTOCOL_ESP)) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  if (udp && be16(source + headers + 4) != bytes - headers) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const text = bytes - around;
  if (!text || text & (facts.blockBytes - 1)) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);

  const esp = source + headers + udp;
  const refused = refusedArrival(sa, be32(esp), be32(esp + 4));
  if (refused) return refuse(device, refused, CRYPTO_ERR);
  const sequence = wholeSequence(sa, be32(esp + 4));
  // The headers come in front of the text again, in transport mode.
  const plain = <usize>device.scratch2 + headers;
  if (!unprotect(device, sa, esp, text, sequence, plain)) return refuse(device, REFUSED_ICV, CRYPTO_BADMSG);

  const trailer = plain + text - TRAILER_BYTES;
  const padding: u32 = load<u8>(trailer);
  if (padding + TRAILER_BYTES > text || !paddingCounts(trailer, padding))
    return refuse(device, REFUSED_TRAILER, CRYPTO_ERR);
  const payload = text - TRAILER_BYTES - padding;
  return finishArrival(device, sa, source, where, plain, payload, load<u8>(trailer + 1), sequence);
}

/** What is checked before the ICV. Returns REFUSED_*, or 0. */
export function refusedArrival(sa: Sa, spi: u32, low: u32): u32 {
  if (spi != factsOf(sa).spi) return REFUSED_SPI;
  if (!mayTake(sa, 0)) return REFUSED_LIFETIME;
  return isReplay(sa, wholeSequence(sa, low)) ? REFUSED_REPLAY : 0;
}

/**
 * The end of an authentic packet: the inner packet of a tunnel, or its own headers and the payload behind them. Only
 * now the window takes the packet.
 * @param where where the header of IPsec was in the source
 * @param plain the payload, in scratch2 behind room for the headers
 */
export function finishArrival(
  device: Device,
  sa: Sa,
  source: usize,
  where: u64,
  plain: usize,
  payload: u32,
  next: u32,
  sequence: u64,
): u32 {
  const facts = factsOf(sa);
  let result = plain;
  let bytes = payload;
  if (next == PROTOCOL_NONE) {
    // RFC 4303 section 2.6: a packet that only hides traffic has no content.
    bytes = 0;
  } else if (facts.tunnel) {
    if (next != PROTOCOL_IPV4 && next != PROTOCOL_IPV6) return refuse(device, REFUSED_INNER, CRYPTO_ERR);
    // The rest behind the inner packet is padding that hides its length (RFC 4303 section 2.7).
    bytes = packetBytes(plain, payload);
    if (!bytes || versionOf(plain) != (next == PROTOCOL_IPV4 ? 4 : 6)) return refuse(device, REFUSED_INNER, CRYPTO_ERR);
    if (hasOption(facts, SA_OPTION_ECN) && !takeMark(plain, classOf(source)))
      return refuse(device, REFUSED_INNER, CRYPTO_ERR);
    if (hasOption(facts, SA_OPTION_DEC_TTL) && !takeHop(plain)) return refuse(device, REFUSED_HOPS, CRYPTO_ERR);
  } else {
    const headers = offsetOfPlace(where);
    result = plain - headers;
    bytes = headers + payload;
    memory.copy(result, source, headers);
    store<u8>(result + fieldOfPlace(where), <u8>next);
    setLength(result, bytes);
  }
  if (bytes > changetype<Operation>(device.operation).destinationBytes)
    return refuse(device, REFUSED_PACKET_LONG, CRYPTO_ERR);
  if (!mayTake(sa, bytes)) return refuse(device, REFUSED_LIFETIME, CRYPTO_ERR);
  accept(sa, sequence);
  writeBytes(device, result, 0, bytes);
  device.resultBytes = bytes;
  return take(sa, bytes);
}
