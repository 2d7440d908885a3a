// Exponentiation with a secret exponent, in steps of one multiplication, so that a caller can stop between any two. A
// fixed window of five bits: every window takes five squarings and one multiplication, and reads the whole table.
import { multiply, numberBytes, setLimb, square } from './kernel';
import { Modulus } from './modulus';
import { squareOfR } from './ring';
import { wipe } from '../memory/bytes';

const WINDOW_BITS: u32 = 5;
const TABLE_NUMBERS: u32 = 1 << WINDOW_BITS;
const STEPS_OF_WINDOW: u32 = WINDOW_BITS + 1;

/** An exponentiation under way. Behind it come the accumulator, a number for what was looked up, and the table. */
@unmanaged
export class Power {
  modulus: u32;
  /** The exponent, big-endian. */
  exponent: u32;
  exponentBytes: u32;
  product: u32;
  /** Multiplications that are done. */
  done: u32;
  /** Multiplications in all. They follow from the exponent's length alone. */
  steps: u32;
}
const POWER_HEADER_BYTES: usize = 32;

/** Bytes of an exponentiation modulo a modulus of `limbs` limbs. */
export function powerBytes(limbs: u32): u32 {
  return <u32>POWER_HEADER_BYTES + (TABLE_NUMBERS + 2) * numberBytes(limbs);
}

@inline
function accumulator(power: Power): usize {
  return changetype<usize>(power) + POWER_HEADER_BYTES;
}

@inline
function found(power: Power, bytes: u32): usize {
  return accumulator(power) + bytes;
}

@inline
function tableOf(power: Power, bytes: u32): usize {
  return accumulator(power) + 2 * bytes;
}

/**
 * Begins base^exponent mod n.
 * @param base a number below 2 n; not needed after the call
 * @param exponent exponentBytes bytes, big-endian, at least 1, which must stay until the last step
 * @param product productBytes() of scratch, aligned to 16. The caller wipes it
 */
export function begin(
  power: Power,
  modulus: Modulus,
  base: usize,
  exponent: usize,
  exponentBytes: u32,
  product: usize,
): void {
  const bytes = numberBytes(modulus.limbs);
  power.modulus = <u32>changetype<usize>(modulus);
  power.exponent = <u32>exponent;
  power.exponentBytes = exponentBytes;
  power.product = <u32>product;
  power.done = 0;
  const windows = (8 * exponentBytes + WINDOW_BITS - 1) / WINDOW_BITS;
  // 30 for the table. The first window is a look-up alone.
  power.steps = TABLE_NUMBERS - 2 + (windows - 1) * STEPS_OF_WINDOW + 1;
  const table = tableOf(power, bytes);
  wipe(accumulator(power), (TABLE_NUMBERS + 2) * bytes);
  // Powers 0 and 1, in Montgomery's form. found() holds a plain 1 for the first of them.
  setLimb(found(power, bytes), 0, 1);
  multiply(table, found(power, bytes), squareOfR(modulus), modulus, product);
  multiply(table + bytes, base, squareOfR(modulus), modulus, product);
}

/** Does at most `count` multiplications. Returns how many are left: 0 if result() may be called. */
export function run(power: Power, count: u32): u32 {
  const modulus = changetype<Modulus>(<usize>power.modulus);
  const bytes = numberBytes(modulus.limbs);
  const end = min<u32>(power.steps, power.done + count);
  const acc = accumulator(power);
  const table = tableOf(power, bytes);
  const product = <usize>power.product;
  for (let step = power.done; step < end; step++) {
    if (step < TABLE_NUMBERS - 2) {
      const entry = table + (step + 2) * bytes;
      multiply(entry, entry - bytes, table + bytes, modulus, product);
      continue;
    }
    const later = step - (TABLE_NUMBERS - 2);
    const inWindow = (later + WINDOW_BITS) % STEPS_OF_WINDOW;
    if (inWindow < WINDOW_BITS) {
      square(acc, acc, modulus, product);
      continue;
    }
    look(power, (later + WINDOW_BITS) / STEPS_OF_WINDOW, table, found(power, bytes), bytes);
    if (later) multiply(acc, acc, found(power, bytes), modulus, product);
    else memory.copy(acc, found(power, bytes), bytes);
  }
  power.done = end;
  return power.steps - end;
}

/** result = the power in Montgomery's form, below 2 n. All steps are done. */
export function result(power: Power, to: usize): void {
  memory.copy(to, accumulator(power), numberBytes(changetype<Modulus>(<usize>power.modulus).limbs));
}

/** Copies the table's number for window `window`, counted from the exponent's top. It reads every number. */
function look(power: Power, window: u32, table: usize, to: usize, bytes: u32): void {
  const windows = (8 * power.exponentBytes + WINDOW_BITS - 1) / WINDOW_BITS;
  const digit = i32x4.splat(digitAt(power, (windows - 1 - window) * WINDOW_BITS));
  const one = i32x4.splat(1);
  const end = table + TABLE_NUMBERS * bytes;
  for (let at: u32 = 0; at < bytes; at += 64) {
    let first = i32x4.splat(0);
    let second = first;
    let third = first;
    let fourth = first;
    let entry = first;
    for (let from = table; from < end; from += bytes) {
      const isEntry = i32x4.eq(digit, entry);
      first = v128.or(first, v128.and(v128.load(from + at), isEntry));
      second = v128.or(second, v128.and(v128.load(from + at, 16), isEntry));
      third = v128.or(third, v128.and(v128.load(from + at, 32), isEntry));
      fourth = v128.or(fourth, v128.and(v128.load(from + at, 48), isEntry));
      entry = i32x4.add(entry, one);
    }
    v128.store(to + at, first);
    v128.store(to + at, second, 16);
    v128.store(to + at, third, 32);
    v128.store(to + at, fourth, 48);
  }
}

/** The five bits of the exponent from bit `low` on. Bits above the exponent are 0. */
function digitAt(power: Power, low: u32): u32 {
  const byte = low >> 3;
  const last = <usize>power.exponent + power.exponentBytes - 1;
  let bits = <u32>load<u8>(last - byte);
  if (byte + 1 < power.exponentBytes) bits |= (<u32>load<u8>(last - byte - 1)) << 8;
  return (bits >> (low & 7)) & (TABLE_NUMBERS - 1);
}
