// Work across requests: CBC encryption is serial within a request, so the requests of one notification run side by side, four
// at a time. A request that waits here has passed every check and has its answer written; only its bytes are still to come,
// before the notification ends and the driver can look at them.
import { AES_BLOCK_BYTES } from '../../spec/crypto';
import { aesRounds } from '../cipher/aes_context';
import { AES_LANE_BYTES, aesCbcEncrypt, aesCbcEncrypt4 } from '../cipher/aes_vperm';
import { Device } from '../device';

const LANES: u32 = 4;

/** A lane's record: the first four fields are what aesCbcEncrypt4 takes. */
@unmanaged
class Lane {
  context: u32;
  iv: u32;
  source: u32;
  destination: u32;
}

/** The records, then each lane's block count, then each lane's IV. */
const COUNTS: usize = 4 * AES_LANE_BYTES;
const IVS: usize = COUNTS + 4 * 4;
export const LANES_BYTES: usize = IVS + 4 * AES_BLOCK_BYTES;

@inline
function laneAt(device: Device, index: u32): Lane {
  return changetype<Lane>(device.lanes + index * AES_LANE_BYTES);
}
@inline
function blocksOf(device: Device, index: u32): u32 {
  return load<u32>(device.lanes + COUNTS + index * 4);
}

/**
 * Takes an AES-CBC encryption whose source and destination are contiguous and equal or apart. The IV is read from `iv`;
 * source and destination must stay as they are until runLanes().
 */
export function encryptInLane(device: Device, context: usize, source: usize, destination: usize, blocks: u32): void {
  const bytes = blocks * AES_BLOCK_BYTES;
  if (mustWait(device, context, source, destination, bytes)) runLanes(device);
  const index = device.laneCount++;
  const lane = laneAt(device, index);
  const iv = device.lanes + IVS + index * AES_BLOCK_BYTES;
  v128.store(iv, v128.load(device.iv));
  lane.context = context;
  lane.iv = iv;
  lane.source = source;
  lane.destination = destination;
  store<u32>(device.lanes + COUNTS + index * 4, blocks);
  if (device.laneCount == LANES) runLanes(device);
}

/** Whether a request cannot run beside those that wait: another key size, or it shares bytes with one of them. */
function mustWait(device: Device, context: usize, source: usize, destination: usize, bytes: u32): bool {
  for (let index: u32 = 0; index < device.laneCount; index++) {
    const lane = laneAt(device, index);
    const laneBytes = blocksOf(device, index) * AES_BLOCK_BYTES;
    if (
      aesRounds(lane.context) != aesRounds(context) ||
      overlap(destination, bytes, lane.source, laneBytes) ||
      overlap(destination, bytes, lane.destination, laneBytes) ||
      overlap(source, bytes, lane.destination, laneBytes)
    ) {
      return true;
    }
  }
  return false;
}

@inline
function overlap(a: usize, aBytes: u32, b: usize, bBytes: u32): bool {
  return a < b + bBytes && b < a + aBytes;
}

/** Runs what waits. Called before anything that may read or write the same bytes, and at the end of each notification. */
export function runLanes(device: Device): void {
  const count = device.laneCount;
  if (!count) return;
  device.laneCount = 0;
  let done: u32 = 0;
  if (count >= LANES - 1) {
    done = u32.MAX_VALUE;
    for (let index: u32 = 0; index < count; index++) done = min<u32>(done, blocksOf(device, index));
    // Three streams and an idle one still beat three in turn. The idle one runs over scratch, which holds no more.
    if (count < LANES) {
      const idle = laneAt(device, count);
      idle.context = laneAt(device, 0).context;
      idle.iv = device.lanes + IVS + count * AES_BLOCK_BYTES;
      idle.source = device.scratch;
      idle.destination = device.scratch;
    }
    aesCbcEncrypt4(device.lanes, done);
  }
  const offset = done * AES_BLOCK_BYTES;
  for (let index: u32 = 0; index < count; index++) {
    const lane = laneAt(device, index);
    aesCbcEncrypt(lane.context, lane.iv, lane.source + offset, lane.destination + offset, blocksOf(device, index) - done);
  }
}
