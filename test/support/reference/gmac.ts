// GMAC from its description (NIST SP 800-38D), over any block cipher, with blocks as numbers.

type Cipher = (block: Uint8Array) => Uint8Array;

const REDUCTION = 0xe1n << 120n;

const toNumber = (block: Uint8Array): bigint => BigInt(`0x${Buffer.from(block).toString('hex')}`);
const toBlock = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(32, '0'), 'hex');

/** Multiplication of blocks (section 6.3): bit 0 is the most significant. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n;
  let factor = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= factor;
    factor = (factor >> 1n) ^ (factor & 1n ? REDUCTION : 0n);
  }
  return product;
}

const padded = (data: Uint8Array): Buffer => Buffer.concat([data, Buffer.alloc(-data.length & 15)]);
const lengths = (first: number, second: number): Buffer => toBlock((BigInt(8 * first) << 64n) | BigInt(8 * second));

function ghash(key: bigint, data: Uint8Array): bigint {
  let hash = 0n;
  for (let at = 0; at < data.length; at += 16) hash = multiply(hash ^ toNumber(data.subarray(at, at + 16)), key);
  return hash;
}

/** The whole tag of a message; the initialization vector has 12 bytes, or another length but 16. */
export function gmac(cipher: Cipher, iv: Uint8Array, message: Uint8Array): Buffer {
  const key = toNumber(cipher(new Uint8Array(16)));
  const counter =
    iv.length === 12
      ? Buffer.concat([iv, Buffer.from([0, 0, 0, 1])])
      : toBlock(ghash(key, Buffer.concat([padded(iv), lengths(0, iv.length)])));
  const hash = ghash(key, Buffer.concat([padded(message), lengths(message.length, 0)]));
  return toBlock(hash ^ toNumber(cipher(counter)));
}
