// Inbound ESP (RFC 4303 section 3.4). Packets with a four-lane MAC wait in the batch, which makes their ICVs side by
// side, and ends them in their order.
import { CRYPTO_BADMSG, CRYPTO_ERR, STATUS_BYTES } from '../../spec/crypto';
import { SA_OPTION_ESN, SA_OPTION_UDP_ENCAP } from '../../spec/ipsec';
import { REFUSED_ICV, REFUSED_PACKET } from '../../spec/refusals';
import {
  lastWritable,
  nextIsContiguous,
  readContiguous,
  readSteadily,
  steadyResult,
  writeBytes,
} from '../chain/buffers';
import { Device } from '../device';
import { coveredBytes, ESP_HEADER_BYTES, unprotect } from '../ipsec/esp';
import { hasOption } from '../ipsec/facts';
import {
  be16,
  be32,
  offsetOfPlace,
  packetBytes,
  placeIn,
  PROTOCOL_ESP,
  PROTOCOL_UDP,
  protocolOfPlace,
} from '../ipsec/packet';
import { wholeSequence } from '../ipsec/replay';
import { factsOf, Sa, sessionOfSa } from '../ipsec/sa';
import { isInPlace, NOWHERE, STEADY } from '../memory/guest';
import { refuse } from '../refusal';
import { arrivalDigest, nextWaiting, runBatch, runsInLanes } from './batch';
import { bytesOf, finishText, plainPlace, refusedArrival, resultPlace, statusOf, UDP_BYTES } from './ipsec_arrival';
import { Operation } from './operation';
import { BATCHED } from './outcome';

/** Reads the whole source into scratch if it must not change, or if the ICV's place is overwritten. Runs the batch. */
export function readArrived(device: Device, copied: bool): usize {
  const bytes = changetype<Operation>(device.operation).sourceBytes;
  runBatch(device);
  const source = bytes ? readSteadily(device, bytes, device.scratch) : <usize>device.scratch;
  if (!copied || source == device.scratch) return source;
  memory.copy(device.scratch, source, bytes);
  return device.scratch;
}

/** Writes the result of a request, and leaves its length in resultBytes. Returns the status. */
export function answerArrival(device: Device, sa: Sa, where: u64, answer: u64): u32 {
  writeBytes(device, resultPlace(device, sa, where), 0, bytesOf(answer));
  device.resultBytes = bytesOf(answer);
  return statusOf(answer);
}

/**
 * Where the result of a request goes that waits in the batch, or NOWHERE if it cannot wait. Then its source is one
 * piece, and its result's room is another one, right before the status.
 */
function waitingPlace(device: Device, sa: Sa): usize {
  const operation = changetype<Operation>(device.operation);
  const room = operation.destinationBytes;
  // A request that is held back for the order of the ring has its used length already.
  if (!STEADY || device.inFlight || !room || room + STATUS_BYTES != device.writableBytes) return NOWHERE;
  if (hasOption(factsOf(sa), SA_OPTION_ESN) || !runsInLanes(sessionOfSa(sa))) return NOWHERE;
  if (!nextIsContiguous(device, operation.sourceBytes) || !isInPlace(lastWritable(device))) return NOWHERE;
  return steadyResult(device, 0, room);
}

/** Runs the request. Returns its status, or BATCHED. */
export function espInbound(device: Device, sa: Sa): u32 {
  const facts = factsOf(sa);
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  const room = operation.destinationBytes;
  const destination = waitingPlace(device, sa);
  let waits = destination != NOWHERE;
  let source: usize;
  if (waits) {
    source = readContiguous(device, bytes, device.scratch);
    waits = source + bytes <= destination || destination + room <= source;
    if (!waits) runBatch(device);
  } else {
    source = readArrived(device, hasOption(facts, SA_OPTION_ESN));
  }
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
  if (waits) {
    const waiting = nextWaiting(device, sessionOfSa(sa));
    waiting.read = <u32>source;
    waiting.readBytes = bytes;
    waiting.write = <u32>destination;
    waiting.writeBytes = room;
    waiting.cipherBytes = 0;
    waiting.hashSource = <u32>esp;
    waiting.hashBytes = coveredBytes(sa, text);
    waiting.digest = <u32>arrivalDigest(device);
    waiting.digestBytes = facts.icvBytes;
    // The end of the packet says how long the result is.
    device.resultBytes = room;
    return BATCHED;
  }
  const sequence = wholeSequence(sa, be32(esp + 4));
  if (!unprotect(device, sa, esp, text, sequence, plainPlace(device, where)))
    return refuse(device, REFUSED_ICV, CRYPTO_BADMSG);
  return answerArrival(device, sa, where, finishText(device, sa, source, where, text, sequence, room));
}
