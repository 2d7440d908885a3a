// Sequence numbers (RFC 4303 sections 2.2, 3.3.3 and 3.4.3, RFC 4302 likewise): their high halves, and the window
// against replays. The window's bits stand in a ring, by sequence number. The ring is longer than the largest window,
// so a step forward clears only the words that it enters.
import { SA_OPTION_ESN, SA_STATE_BYTES, SA_WINDOW, SA_WINDOW_MAX } from '../../spec/ipsec';
import { hasOption } from './facts';
import { factsOf, Sa, windowOf } from './sa';

const RING_BYTES: u64 = SA_STATE_BYTES - SA_WINDOW;
const WORDS: u64 = RING_BYTES / 8;
if (RING_BYTES * 8 < <u64>SA_WINDOW_MAX + 64) ERROR('SA_STATE_BYTES');

/** The number of the next packet that is sent, or 0 if none is left: a number is never used twice. */
export function nextSequence(sa: Sa): u64 {
  const last = sa.sequence;
  if (last == u64.MAX_VALUE) return 0;
  return last >= <u64>u32.MAX_VALUE && !hasOption(factsOf(sa), SA_OPTION_ESN) ? 0 : last + 1;
}

/** The whole number of a received packet whose low half is `low` (RFC 4303 appendix A2.2). */
export function wholeSequence(sa: Sa, low: u32): u64 {
  const facts = factsOf(sa);
  if (!hasOption(facts, SA_OPTION_ESN)) return low;
  const top = <u32>sa.sequence;
  const high = <u32>(sa.sequence >> 32);
  const bottom = top - facts.window + 1;
  if (top >= facts.window - 1) return whole(low >= bottom ? high : high + 1, low);
  // The window reaches back into numbers with the previous high half. If there is none, the packet is of the future.
  return whole(low >= bottom && high ? high - 1 : high, low);
}

@inline
function whole(high: u32, low: u32): u64 {
  return ((<u64>high) << 32) | low;
}

@inline
function wordOf(sa: Sa, sequence: u64): usize {
  return windowOf(sa) + <usize>((sequence >> 6) % WORDS) * 8;
}

/** Whether a packet was accepted before, or is older than the window. Without a window no packet is. */
export function isReplay(sa: Sa, sequence: u64): bool {
  const window = factsOf(sa).window;
  if (!window) return false;
  if (!sequence) return true;
  if (sequence > sa.sequence) return false;
  if (sa.sequence - sequence >= <u64>window) return true;
  return ((load<u64>(wordOf(sa, sequence)) >> (sequence & 63)) & 1) != 0;
}

/** Accepts a packet whose integrity was checked. */
export function accept(sa: Sa, sequence: u64): void {
  if (sequence > sa.sequence) {
    const first = sa.sequence >> 6;
    const words = min<u64>((sequence >> 6) - first, WORDS);
    for (let step: u64 = 1; step <= words; step++) store<u64>(wordOf(sa, (first + step) << 6), 0);
    sa.sequence = sequence;
  } else if (sa.sequence - sequence >= RING_BYTES * 8 - 64) {
    // Without a window old packets are accepted, but their bits have gone.
    return;
  }
  const word = wordOf(sa, sequence);
  store<u64>(word, load<u64>(word) | ((<u64>1) << (sequence & 63)));
}
