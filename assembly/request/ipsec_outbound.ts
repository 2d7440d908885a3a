// Outbound ESP (RFC 4303 section 3.3): builds the packet where it goes, encrypts it there, and adds the ICV. Packets
// with a four-lane MAC wait in the batch, which runs them beside others.
import { CRYPTO_ERR, SERVICE_CIPHER } from '../../spec/crypto';
import {
  SA_OBJECT_UDP_DESTINATION,
  SA_OBJECT_UDP_SOURCE,
  SA_OPTION_DEC_TTL,
  SA_OPTION_UDP_ENCAP,
} from '../../spec/ipsec';
import {
  REFUSED_HOPS,
  REFUSED_LIFETIME,
  REFUSED_PACKET,
  REFUSED_PACKET_LONG,
  REFUSED_SEQUENCE,
} from '../../spec/refusals';
import {
  lastWritable,
  nextIsContiguous,
  readSteadily,
  reportWritten,
  steadyResult,
  writeBytes,
} from '../chain/buffers';
import { Device } from '../device';
import {
  beginEsp,
  chainsBlocks,
  countText,
  coveredBytes,
  ESP_HEADER_BYTES,
  paddingBytes,
  protect,
  TRAILER_BYTES,
  writeHigh,
  writeTrailer,
} from '../ipsec/esp';
import { hasOption } from '../ipsec/facts';
import { mayTake, take } from '../ipsec/life';
import {
  fieldOfPlace,
  lengthPossible,
  offsetOfPlace,
  packetBytes,
  place,
  placeIn,
  PROTOCOL_ESP,
  PROTOCOL_IPV4,
  PROTOCOL_IPV6,
  PROTOCOL_UDP,
  protocolOfPlace,
  setBe16,
  setLength,
  sumWords,
  takeHop,
  versionOf,
} from '../ipsec/packet';
import { nextSequence } from '../ipsec/replay';
import { finalDestination } from '../ipsec/route';
import { factsOf, objectOf, Sa, sessionOfSa } from '../ipsec/sa';
import { outerBytes, writeOuter } from '../ipsec/tunnel';
import { isInPlace, NOWHERE } from '../memory/guest';
import { refuse } from '../refusal';
import { nextWaiting, runBatch, runsInLanes } from './batch';
import { Operation } from './operation';
import { BATCHED } from './outcome';

const UDP_BYTES: u32 = 8;
/** The port of RFC 3948, for an object without ports. */
const UDP_PORT: u32 = 4500;

/** Reads the whole source as one steady piece. It may be gathered in scratch2. */
export function readPacket(device: Device): usize {
  const bytes = changetype<Operation>(device.operation).sourceBytes;
  return bytes ? readSteadily(device, bytes, device.scratch2) : device.scratch2;
}

/**
 * Where a header of IPsec goes in an outbound packet: behind the outer header of a tunnel, or inside the packet's own
 * headers. 0: the source is no whole packet that the association can take.
 */
export function placeOutbound(sa: Sa, source: usize, bytes: u32): u64 {
  if (!bytes || packetBytes(source, bytes) != bytes) return 0;
  if (!factsOf(sa).tunnel) return placeIn(source, bytes, false);
  return place(outerBytes(sa), 0, versionOf(source) == 4 ? PROTOCOL_IPV4 : PROTOCOL_IPV6);
}

/** Checks what the association still allows: lifetime, sequence numbers, a further hop. Returns REFUSED_*, or 0. */
export function spentOutbound(sa: Sa, source: usize, bytes: u32): u32 {
  const facts = factsOf(sa);
  if (!mayTake(sa, bytes)) return REFUSED_LIFETIME;
  if (!nextSequence(sa)) return REFUSED_SEQUENCE;
  if (!facts.tunnel || !hasOption(facts, SA_OPTION_DEC_TTL)) return 0;
  const hops: u32 = load<u8>(source + (versionOf(source) == 4 ? 8 : 7));
  return hops <= 1 ? REFUSED_HOPS : 0;
}

/** Writes the IP headers in front of a header of IPsec: the tunnel's, or the packet's own with another length. */
export function writeHeaders(sa: Sa, at: usize, source: usize, total: u32, where: u64, protocol: u32): void {
  if (factsOf(sa).tunnel) {
    writeOuter(sa, at, source, total, protocol, <u32>nextSequence(sa));
    return;
  }
  memory.copy(at, source, offsetOfPlace(where));
  store<u8>(at + fieldOfPlace(where), <u8>protocol);
  setLength(at, total);
}

/** The version of the IP header in front. */
@inline
export function outerVersion(sa: Sa, source: usize): u32 {
  if (!factsOf(sa).tunnel) return versionOf(source);
  return outerBytes(sa) == 20 ? 4 : 6;
}

/** Runs the request. Returns its status, or BATCHED. */
export function espOutbound(device: Device, sa: Sa): u32 {
  const operation = changetype<Operation>(device.operation);
  const facts = factsOf(sa);
  const bytes = operation.sourceBytes;
  const gathered = !nextIsContiguous(device, bytes);
  // The batch uses scratch2, too.
  if (gathered) runBatch(device);
  const source = readPacket(device);
  const where = placeOutbound(sa, source, bytes);
  if (!where) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const headerBytes = offsetOfPlace(where);
  const skipped = facts.tunnel ? 0 : headerBytes;
  const payload = bytes - skipped;
  const udp = hasOption(facts, SA_OPTION_UDP_ENCAP) ? UDP_BYTES : 0;
  const version = outerVersion(sa, source);
  const padding = paddingBytes(sa, payload);
  const text = payload + padding + TRAILER_BYTES;
  const total = headerBytes + udp + ESP_HEADER_BYTES + facts.ivBytes + text + facts.icvBytes;
  if (total > operation.destinationBytes || !lengthPossible(version, total))
    return refuse(device, REFUSED_PACKET_LONG, CRYPTO_ERR);
  const checksum = udp != 0 && version == 6;
  if (checksum && !facts.tunnel && !finalDestination(source, headerBytes))
    return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const spent = spentOutbound(sa, source, bytes);
  if (spent) return refuse(device, spent, CRYPTO_ERR);

  const destination = steadyResult(device, 0, total);
  const direct = destination != NOWHERE && (destination + total <= source || source + bytes <= destination);
  // The batch uses scratch, too.
  if (!direct) runBatch(device);
  const at = direct ? destination : <usize>device.scratch;
  const esp = at + headerBytes + udp;
  const inner = esp + ESP_HEADER_BYTES + facts.ivBytes;
  const sequence = nextSequence(sa);
  memory.copy(inner, source + skipped, payload);
  if (facts.tunnel && hasOption(facts, SA_OPTION_DEC_TTL)) takeHop(inner);
  writeTrailer(inner + payload, padding, protocolOfPlace(where));
  beginEsp(sa, esp, sequence);
  writeHeaders(sa, at, source, total, where, udp ? PROTOCOL_UDP : PROTOCOL_ESP);
  if (udp) writeUdp(sa, esp - UDP_BYTES, total - headerBytes);
  sa.sequence = sequence;
  const status = take(sa, bytes);
  device.resultBytes = total;

  const session = sessionOfSa(sa);
  if (direct && !gathered && !checksum && runsInLanes(session) && isInPlace(lastWritable(device))) {
    const icv = inner + text;
    const chained = chainsBlocks(sa);
    // Counter mode has no chain of blocks, so it does not wait: only its ICV does.
    if (facts.service == SERVICE_CIPHER && !chained) {
      countText(device, sa, esp + ESP_HEADER_BYTES, inner, inner, text);
    }
    v128.store(device.iv, i64x2.splat(0));
    const waiting = nextWaiting(device, session);
    waiting.answer = status;
    // The source was copied, and the result is all that is read.
    waiting.read = <u32>at;
    waiting.readBytes = total - facts.icvBytes;
    waiting.write = <u32>at;
    waiting.writeBytes = total - facts.icvBytes;
    waiting.cipherSource = <u32>(esp + ESP_HEADER_BYTES);
    waiting.cipherDestination = waiting.cipherSource;
    waiting.cipherBytes = chained ? facts.ivBytes + text : 0;
    waiting.hashSource = <u32>esp;
    waiting.hashBytes = coveredBytes(sa, text);
    waiting.digest = <u32>icv;
    waiting.digestBytes = facts.icvBytes;
    writeHigh(sa, icv, sequence);
    return BATCHED;
  }
  runBatch(device);
  protect(device, sa, esp, text, sequence);
  if (checksum) writeUdpChecksum(at, esp - UDP_BYTES, total - headerBytes);
  if (direct) reportWritten(device, 0, total);
  else writeBytes(device, at, 0, total);
  return status;
}

/** Writes the header of UDP (RFC 3948 section 2.1). Its checksum is 0: in IPv4 there is none. */
function writeUdp(sa: Sa, at: usize, bytes: u32): void {
  const object = objectOf(sa);
  setBe16(at, load<u16>(object + SA_OBJECT_UDP_SOURCE) || UDP_PORT);
  setBe16(at + 2, load<u16>(object + SA_OBJECT_UDP_DESTINATION) || UDP_PORT);
  setBe16(at + 4, bytes);
  store<u16>(at + 6, 0);
}

/** IPv6 demands a checksum of UDP (RFC 8200 section 8.1), over both addresses, the length and the protocol too. */
function writeUdpChecksum(ip: usize, udp: usize, bytes: u32): void {
  const addresses = sumWords(finalDestination(ip, <u32>(udp - ip)), 16, sumWords(ip + 8, 16, bytes + PROTOCOL_UDP));
  const sum = sumWords(udp, bytes, addresses);
  setBe16(udp + 6, sum == 0xffff ? 0xffff : ~sum);
}
