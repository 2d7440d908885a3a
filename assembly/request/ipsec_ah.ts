// AH (RFC 4302): a header with a sequence number and an ICV over the whole packet, whose mutable fields count as zeros.
import { CRYPTO_BADMSG, CRYPTO_ERR } from '../../spec/crypto';
import { SA_OPTION_DEC_TTL, SA_OPTION_ESN } from '../../spec/ipsec';
import { REFUSED_ICV, REFUSED_PACKET, REFUSED_PACKET_LONG } from '../../spec/refusals';
import { tagsEqual } from '../aead/tag';
import { writeBytes } from '../chain/buffers';
import { Device } from '../device';
import { hasOption } from '../ipsec/facts';
import { take } from '../ipsec/life';
import { clearMutable, UNREADABLE } from '../ipsec/mutable';
import {
  be32,
  lengthPossible,
  offsetOfPlace,
  packetBytes,
  placeIn,
  PROTOCOL_AH,
  protocolOfPlace,
  setBe32,
  takeHop,
  versionOf,
} from '../ipsec/packet';
import { nextSequence, wholeSequence } from '../ipsec/replay';
import { aadArea, factsOf, icvArea, Sa, sessionOfSa } from '../ipsec/sa';
import { macRun } from '../session/auth';
import { authContextOf } from '../session/slot';
import { refuse } from '../refusal';
import { runBatch } from './batch';
import { finishArrival, plainPlace, refusedArrival } from './ipsec_arrival';
import { answerArrival, readArrived } from './ipsec_inbound';
import { outerVersion, placeOutbound, readPacket, spentOutbound, writeHeaders } from './ipsec_outbound';
import { Operation } from './operation';

/** Next header, length, reserved, SPI, sequence number. */
const AH_FIXED_BYTES: u32 = 12;

/** Length of the header with an ICV: a multiple of 4 bytes, in IPv6 of 8 (section 3.3.3.2.1). */
function ahBytesOf(sa: Sa, version: u32): u32 {
  const bytes = AH_FIXED_BYTES + factsOf(sa).icvBytes;
  return version == 4 ? bytes : (bytes + 7) & ~7;
}

/** Makes the ICV of a packet whose mutable fields and ICV are zeros. There is room for 4 bytes behind it. */
function makeIcv(device: Device, sa: Sa, at: usize, total: u32, sequence: u64): usize {
  const icv = icvArea(device);
  const extended = hasOption(factsOf(sa), SA_OPTION_ESN);
  if (extended) setBe32(at + total, <u32>(sequence >> 32));
  const session = sessionOfSa(sa);
  macRun(session.authAlgo, authContextOf(session), at, total + (extended ? 4 : 0), icv, factsOf(sa).icvBytes);
  return icv;
}

/** Runs an outbound request. Returns its status. */
export function ahOutbound(device: Device, sa: Sa): u32 {
  const operation = changetype<Operation>(device.operation);
  const facts = factsOf(sa);
  const bytes = operation.sourceBytes;
  runBatch(device);
  const source = readPacket(device);
  const where = placeOutbound(sa, source, bytes);
  if (!where) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const headers = offsetOfPlace(where);
  const skipped = facts.tunnel ? 0 : headers;
  const version = outerVersion(sa, source);
  const ahBytes = ahBytesOf(sa, version);
  const total = headers + ahBytes + bytes - skipped;
  if (total > operation.destinationBytes || !lengthPossible(version, total))
    return refuse(device, REFUSED_PACKET_LONG, CRYPTO_ERR);
  const spent = spentOutbound(sa, source, bytes);
  if (spent) return refuse(device, spent, CRYPTO_ERR);

  const at = <usize>device.scratch;
  const ah = at + headers;
  const sequence = nextSequence(sa);
  memory.copy(ah + ahBytes, source + skipped, bytes - skipped);
  if (facts.tunnel && hasOption(facts, SA_OPTION_DEC_TTL)) takeHop(ah + ahBytes);
  writeHeaders(sa, at, source, total, where, PROTOCOL_AH);
  memory.fill(ah, 0, ahBytes);
  store<u8>(ah, <u8>protocolOfPlace(where));
  store<u8>(ah + 1, <u8>((ahBytes >> 2) - 2));
  setBe32(ah + 4, facts.spi);
  setBe32(ah + 8, <u32>sequence);
  // The source is not needed any more.
  memory.copy(device.scratch2, at, headers);
  const left = clearMutable(at, headers, false);
  if (left == UNREADABLE) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const icv = makeIcv(device, sa, at + left, total - left, sequence);
  memory.copy(at, device.scratch2, headers);
  memory.copy(ah + AH_FIXED_BYTES, icv, facts.icvBytes);
  sa.sequence = sequence;
  writeBytes(device, at, 0, total);
  device.resultBytes = total;
  return take(sa, bytes);
}

/** Runs an inbound request. Returns its status. */
export function ahInbound(device: Device, sa: Sa): u32 {
  const facts = factsOf(sa);
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  const source = readArrived(device, true);
  if (!bytes || packetBytes(source, bytes) != bytes) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const where = placeIn(source, bytes, true);
  const headers = offsetOfPlace(where);
  if (!where || protocolOfPlace(where) != PROTOCOL_AH || headers + AH_FIXED_BYTES > bytes)
    return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const ah = source + headers;
  const ahBytes = (<u32>load<u8>(ah + 1) + 2) << 2;
  // Senders may fill up to 8 bytes in IPv4, too.
  const shortest = ahBytesOf(sa, versionOf(source));
  const longest = ahBytesOf(sa, 6);
  if ((ahBytes != shortest && ahBytes != longest) || headers + ahBytes > bytes)
    return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const refused = refusedArrival(sa, be32(ah + 4), be32(ah + 8));
  if (refused) return refuse(device, refused, CRYPTO_ERR);
  const sequence = wholeSequence(sa, be32(ah + 8));

  const kept = <usize>device.scratch2;
  memory.copy(kept, source, headers);
  const sent = aadArea(device);
  memory.copy(sent, ah + AH_FIXED_BYTES, facts.icvBytes);
  memory.fill(ah + AH_FIXED_BYTES, 0, facts.icvBytes);
  const left = clearMutable(source, headers, true);
  if (left == UNREADABLE) return refuse(device, REFUSED_PACKET, CRYPTO_ERR);
  const icv = makeIcv(device, sa, source + left, bytes - left, sequence);
  if (!tagsEqual(sent, icv, facts.icvBytes)) return refuse(device, REFUSED_ICV, CRYPTO_BADMSG);
  memory.copy(source, kept, headers);
  const payload = bytes - headers - ahBytes;
  memory.copy(plainPlace(device, where), ah + ahBytes, payload);
  const room = operation.destinationBytes;
  const answer = finishArrival(device, sa, source, where, payload, load<u8>(ah), sequence, room);
  return answerArrival(device, sa, where, answer);
}
