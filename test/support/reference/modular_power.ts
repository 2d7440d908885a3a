/** base^exponent mod n, by squaring. */
export function modularPower(base: bigint, exponent: bigint, n: bigint): bigint {
  let result = 1n % n;
  let square = base % n;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * square) % n;
    square = (square * square) % n;
  }
  return result;
}
