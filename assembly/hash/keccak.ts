// SHA-3 (FIPS 202): the sponge over Keccak-f[1600], which fills and reads its lanes in place.

import { copyShort } from '../memory/copy';
import { setStateCount, stateCount, wipeState } from './hash_state';
import { keccakF } from '../generated/keccak_rounds';

/** The bits behind the message, and the first of the padding (FIPS 202 sections 6.1, 6.2 and 5.1). */
export const SUFFIX_SHA3: u8 = 0x06;
export const SUFFIX_SHAKE: u8 = 0x1f;

function addBytes(lanes: usize, src: usize, bytes: u32): void {
  const end = src + bytes;
  while (end - src >= 8) {
    store<u64>(lanes, load<u64>(lanes) ^ load<u64>(src));
    lanes += 8;
    src += 8;
  }
  for (; src != end; ++src, ++lanes) store<u8>(lanes, load<u8>(lanes) ^ load<u8>(src));
}

/** Takes more of the message. @param rate bytes added between two permutations */
export function keccakUpdate(rate: u32, state: usize, src: usize, bytes: u32): void {
  const filled = stateCount(state) as u32;
  const room = rate - filled;
  if (bytes < room) {
    addBytes(state + filled, src, bytes);
    setStateCount(state, filled + bytes);
    return;
  }
  addBytes(state + filled, src, room);
  keccakF(state);
  src += room;
  bytes -= room;
  while (bytes >= rate) {
    addBytes(state, src, rate);
    keccakF(state);
    src += rate;
    bytes -= rate;
  }
  addBytes(state, src, bytes);
  setStateCount(state, bytes);
}

/** Pads, writes `resultBytes` (any number) of output, and wipes the state. */
export function keccakFinal(rate: u32, suffix: u8, state: usize, dst: usize, resultBytes: u32): void {
  const filled = state + (stateCount(state) as usize);
  const last = state + rate - 1;
  store<u8>(filled, load<u8>(filled) ^ suffix);
  store<u8>(last, load<u8>(last) ^ 0x80);
  keccakF(state);
  while (resultBytes > rate) {
    copyShort(dst, state, rate);
    keccakF(state);
    dst += rate;
    resultBytes -= rate;
  }
  copyShort(dst, state, resultBytes);
  wipeState(state);
}
