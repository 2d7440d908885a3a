// AES in f8 mode (RFC 3711 section 4.1.2) over node:crypto's AES, to compare the kernel with.

import { createCipheriv } from 'node:crypto';

function encrypt(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, n) => byte ^ (b[n] ?? 0)));

/**
 * Enciphers or deciphers: f8 is its own inverse.
 * @param key 16, 24 or 32 bytes
 * @param mask as long as the key: in SRTP the session salt, padded with bytes 0x55
 * @param iv 16 bytes
 */
export function aesF8(key: Buffer, mask: Buffer, iv: Buffer, data: Buffer): Buffer {
  const modifier = encrypt(xor(key, mask), iv);
  const blocks: Buffer[] = [];
  let previous = Buffer.alloc(16);
  for (let n = 0; n * 16 < data.length; ++n) {
    const counter = Buffer.alloc(16);
    counter.writeUInt32BE(n, 12);
    previous = Buffer.from(encrypt(key, xor(xor(modifier, counter), previous)));
    blocks.push(previous);
  }
  return xor(data, Buffer.concat(blocks));
}
