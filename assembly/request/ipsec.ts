// Requests of the IPSEC service (5.9.7.9): a whole packet in, a whole packet out. The files beside this one have the
// work: ipsec_outbound.ts, ipsec_inbound.ts and ipsec_ah.ts.
import { CRYPTO_INVSESS, DATA_SESSION_ID, IPSEC_OUTBOUND } from '../../spec/crypto';
import { DATA_IPSEC_DST_LEN, DATA_IPSEC_SRC_LEN } from '../../spec/crypto';
import { PLACE_ENGINE, RAN_NOTHING } from '../../spec/engine';
import { SA_INBOUND, SA_OUTBOUND } from '../../spec/ipsec';
import { REFUSED_SA } from '../../spec/refusals';
import { Device } from '../device';
import { factsOf, findSa, Sa } from '../ipsec/sa';
import { refuse } from '../refusal';
import { ahInbound, ahOutbound } from './ipsec_ah';
import { espInbound } from './ipsec_inbound';
import { espOutbound } from './ipsec_outbound';
import { noteKind } from './placement';
import { Operation } from './operation';

/** The association that the request in the device's header names, or null. */
export function saOfRequest(device: Device, opcode: u32): Sa | null {
  const direction = opcode == IPSEC_OUTBOUND ? SA_OUTBOUND : SA_INBOUND;
  const sa = findSa(device, direction, load<u64>(device.header + DATA_SESSION_ID));
  if (!sa) refuse(device, REFUSED_SA, CRYPTO_INVSESS);
  return sa;
}

/** Reads the lengths of the request. */
export function readLengths(device: Device): void {
  const operation = changetype<Operation>(device.operation);
  operation.ivBytes = 0;
  operation.aadBytes = 0;
  operation.resultBytes = 0;
  operation.sourceBytes = load<u32>(device.header + DATA_IPSEC_SRC_LEN);
  operation.destinationBytes = load<u32>(device.header + DATA_IPSEC_DST_LEN);
}

/**
 * Runs a request whose lengths fit its chain. Returns its status, or BATCHED. Leaves the length of its result in
 * resultBytes. If it fails, nothing of the association has changed.
 */
export function runIpsec(device: Device, sa: Sa, opcode: u32): u32 {
  device.place = PLACE_ENGINE;
  noteKind(device, RAN_NOTHING);
  const ah = factsOf(sa).ah != 0;
  if (opcode == IPSEC_OUTBOUND) return ah ? ahOutbound(device, sa) : espOutbound(device, sa);
  return ah ? ahInbound(device, sa) : espInbound(device, sa);
}
