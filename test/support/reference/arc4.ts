/** ARC4 as RFC 6229's readers know it: the key stream byte by byte, from a generator. */
function* keyStream(key: Uint8Array): Generator<number, never> {
  const permutation = Array.from({ length: 256 }, (_, n) => n);
  const at = (n: number): number => permutation[n & 255] ?? 0;
  const swap = (a: number, b: number): void => {
    [permutation[a], permutation[b]] = [at(b), at(a)];
  };
  let j = 0;
  for (let i = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  j = 0;
  for (let i = 1; ; i = (i + 1) & 255) {
    j = (j + at(i)) & 255;
    swap(i, j);
    yield at(at(i) + at(j));
  }
}

export function arc4(key: Uint8Array, data: Uint8Array): Uint8Array {
  const stream = keyStream(key);
  return data.map((byte) => byte ^ stream.next().value);
}
