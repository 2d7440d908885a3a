// Modes and MACs over a block cipher, from their descriptions: what node:crypto has no name for.

/** Enciphers whole blocks, each on its own. */
export type BlockCipher = (blocks: Buffer) => Buffer;

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, n) => byte ^ (b[n] ?? 0)));
const filled = (data: Buffer, blockBytes: number): Buffer =>
  Buffer.concat([data, Buffer.alloc((blockBytes - (data.length % blockBytes)) % blockBytes)]);

/** CTR with a counter as wide as the block, which counts up with wrap-around (SP 800-38A section 6.5). */
export function ctr(cipher: BlockCipher, counter: Buffer, data: Buffer): Buffer {
  const width = BigInt(8 * counter.length);
  const first = BigInt(`0x${counter.toString('hex')}`);
  const blocks: Buffer[] = [];
  for (let n = 0; n * counter.length < data.length; n++) {
    const value = BigInt.asUintN(Number(width), first + BigInt(n));
    blocks.push(Buffer.from(value.toString(16).padStart(2 * counter.length, '0'), 'hex'));
  }
  return xor(data, cipher(Buffer.concat(blocks)));
}

/** The last block of CBC encryption from an IV of zeros: the chain under CMAC, CBC-MAC and XCBC-MAC. */
function lastOfCbc(cipher: BlockCipher, blockBytes: number, data: Buffer): Buffer {
  let chain: Buffer = Buffer.alloc(blockBytes);
  for (let at = 0; at < data.length; at += blockBytes) chain = cipher(xor(chain, data.subarray(at, at + blockBytes)));
  return chain;
}

/** CBC-MAC whose last block is filled up with zeros. An empty message has no block: its MAC is the chain's start, zeros. */
export function cbcMac(cipher: BlockCipher, blockBytes: number, data: Buffer): Buffer {
  return lastOfCbc(cipher, blockBytes, filled(data, blockBytes));
}

/** The last block as CMAC and XCBC-MAC have it: whole under one key, else with a one bit and zeros under the other. */
function withLastKey(data: Buffer, blockBytes: number, whole: Buffer, part: Buffer): Buffer {
  const complete = data.length > 0 && data.length % blockBytes === 0;
  const padded = complete ? Buffer.from(data) : filled(Buffer.concat([data, Buffer.of(0x80)]), blockBytes);
  const at = padded.length - blockBytes;
  xor(padded.subarray(at), complete ? whole : part).copy(padded, at);
  return padded;
}

/** CMAC (SP 800-38B). */
export function cmac(cipher: BlockCipher, blockBytes: number, data: Buffer): Buffer {
  const bits = 8 * blockBytes;
  const reduction = blockBytes === 16 ? 0x87n : 0x1bn;
  const doubled = (block: Buffer): Buffer => {
    const value = BigInt(`0x${block.toString('hex')}`);
    const product = BigInt.asUintN(bits, value << 1n) ^ (value >> BigInt(bits - 1) ? reduction : 0n);
    return Buffer.from(product.toString(16).padStart(2 * blockBytes, '0'), 'hex');
  };
  const whole = doubled(cipher(Buffer.alloc(blockBytes)));
  return lastOfCbc(cipher, blockBytes, withLastKey(data, blockBytes, whole, doubled(whole)));
}

/** AES-XCBC-MAC without its truncation (RFC 3566). */
export function xcbcMac(cipherOf: (key: Buffer) => BlockCipher, key: Buffer, data: Buffer): Buffer {
  const derived = (byte: number): Buffer => cipherOf(key)(Buffer.alloc(16, byte));
  return lastOfCbc(cipherOf(derived(1)), 16, withLastKey(data, 16, derived(2), derived(3)));
}
