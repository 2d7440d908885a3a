/** Multiplication in GF(2^8) (FIPS 197, 4.2). */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let x = a, y = b; y; y >>= 1) {
    if (y & 1) product ^= x;
    x = (x << 1) ^ (x & 0x80 ? 0x11b : 0);
  }
  return product;
}

/** SubBytes of one byte (FIPS 197, 5.1.1), by its definition. */
function subByte(byte: number): number {
  let inverse = 0;
  for (let candidate = 1; candidate < 256 && byte; candidate++)
    if (multiply(byte, candidate) === 1) inverse = candidate;
  const turned = [1, 2, 3, 4].map((n) => ((inverse << n) | (inverse >> (8 - n))) & 0xff);
  return turned.reduce((sum, part) => sum ^ part, inverse ^ 0x63);
}

/** The round keys of an AES key (FIPS 197, 5.2), 16 bytes each. */
export function roundKeys(key: Uint8Array): Uint8Array[] {
  const keyWords = key.length / 4;
  const words = Array.from({ length: keyWords }, (_, i) => [...key.subarray(4 * i, 4 * i + 4)]);
  let rcon = 1;
  for (let i = keyWords; i < 4 * (keyWords + 7); i++) {
    let word = words[i - 1] ?? [];
    if (i % keyWords === 0) {
      word = [...word.slice(1), ...word.slice(0, 1)].map(subByte);
      word[0] = (word[0] ?? 0) ^ rcon;
      rcon = multiply(rcon, 2);
    } else if (keyWords === 8 && i % keyWords === 4) word = word.map(subByte);
    words.push(word.map((byte, n) => byte ^ (words[i - keyWords]?.[n] ?? 0)));
  }
  return Array.from({ length: keyWords + 7 }, (_, round) =>
    Uint8Array.from(words.slice(4 * round, 4 * round + 4).flat()),
  );
}
