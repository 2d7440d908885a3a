// ESP in an IPv4 tunnel as one would write it in JavaScript over node:crypto: what the device's packets are measured beside.
import { type CipherGCM, createCipheriv, createHmac, randomFillSync } from 'node:crypto';
import { AEAD_GCM, CIPHER_AES_CBC, MAC_HMAC_SHA_256, MAC_NONE } from '../../../spec/crypto.ts';
import { SA_CIPHER_AEAD } from '../../../spec/ipsec.ts';

const OUTER_BYTES = 20;
const ESP_BYTES = 8;
const IP_IN_IP = 4;
const TTL = 64;
const PROTOCOL_ESP = 50;
/** Random bytes for so many IVs are taken at once. */
const IVS = 256;

/** What protects packets; cipher_algo and auth_algo of a device's object. */
export const ESP_SUITES = {
  'aes-128-cbc+hmac-sha-256': {
    ivBytes: 16,
    blockBytes: 16,
    icvBytes: 16,
    cipher: CIPHER_AES_CBC,
    auth: MAC_HMAC_SHA_256,
  },
  'aes-128-gcm': { ivBytes: 8, blockBytes: 4, icvBytes: 16, cipher: SA_CIPHER_AEAD + AEAD_GCM, auth: MAC_NONE },
} as const;
export type EspSuite = keyof typeof ESP_SUITES;

/** What both ends know. */
export interface EspAssociation {
  suite: EspSuite;
  spi: number;
  key: Uint8Array;
  macKey: Uint8Array;
  salt: Uint8Array;
  source: Uint8Array;
  destination: Uint8Array;
}

/** The sender's end of an association. */
export class EspTunnel {
  readonly #sa: EspAssociation;
  readonly #ivs: Uint8Array;
  #ivAt: number;
  #sequence = 0;

  constructor(sa: EspAssociation) {
    this.#sa = sa;
    this.#ivs = new Uint8Array(IVS * ESP_SUITES[sa.suite].ivBytes);
    this.#ivAt = this.#ivs.length;
  }

  /** Protects an IPv4 packet: returns the outer packet (RFC 4303, with RFC 3602 and RFC 4868, or with RFC 4106). */
  protect(packet: Uint8Array): Uint8Array {
    const { suite, spi } = this.#sa;
    const { ivBytes, blockBytes, icvBytes } = ESP_SUITES[suite];
    const padding = (blockBytes - ((packet.length + 2) % blockBytes)) % blockBytes;
    const textBytes = packet.length + padding + 2;
    const outer = Buffer.alloc(OUTER_BYTES + ESP_BYTES + ivBytes + textBytes + icvBytes);
    this.#sequence++;
    this.#writeOuter(outer);
    outer.writeUInt32BE(spi, OUTER_BYTES);
    outer.writeUInt32BE(this.#sequence, OUTER_BYTES + 4);
    const text = Buffer.alloc(textBytes);
    text.set(packet);
    for (let i = 0; i < padding; i++) text[packet.length + i] = i + 1;
    text[textBytes - 2] = padding;
    text[textBytes - 1] = IP_IN_IP;
    const ivAt = OUTER_BYTES + ESP_BYTES;
    const sealedAt = ivAt + ivBytes;
    const icvAt = sealedAt + textBytes;
    if (suite === 'aes-128-gcm') {
      outer.writeUInt32BE(this.#sequence, ivAt + 4);
      const cipher = this.#gcm(outer.subarray(ivAt, sealedAt));
      cipher.setAAD(outer.subarray(OUTER_BYTES, ivAt));
      outer.set(cipher.update(text), sealedAt);
      cipher.final();
      outer.set(cipher.getAuthTag(), icvAt);
      return outer;
    }
    const iv = this.#nextIv();
    outer.set(iv, ivAt);
    const cipher = createCipheriv('aes-128-cbc', this.#sa.key, iv);
    cipher.setAutoPadding(false);
    outer.set(cipher.update(text), sealedAt);
    cipher.final();
    const mac = createHmac('sha256', this.#sa.macKey).update(outer.subarray(OUTER_BYTES, icvAt)).digest();
    outer.set(mac.subarray(0, icvBytes), icvAt);
    return outer;
  }

  /** Salt and IV are the nonce (RFC 4106 section 4). */
  #gcm(iv: Uint8Array): CipherGCM {
    return createCipheriv('aes-128-gcm', this.#sa.key, Buffer.concat([this.#sa.salt, iv]));
  }

  #nextIv(): Uint8Array {
    const { ivBytes } = ESP_SUITES[this.#sa.suite];
    if (this.#ivAt === this.#ivs.length) {
      randomFillSync(this.#ivs);
      this.#ivAt = 0;
    }
    this.#ivAt += ivBytes;
    return this.#ivs.subarray(this.#ivAt - ivBytes, this.#ivAt);
  }

  #writeOuter(outer: Buffer): void {
    const { source, destination } = this.#sa;
    outer.writeUInt8(0x45, 0);
    outer.writeUInt16BE(outer.length, 2);
    outer.writeUInt16BE(this.#sequence & 0xffff, 4);
    outer.writeUInt8(TTL, 8);
    outer.writeUInt8(PROTOCOL_ESP, 9);
    outer.set(source, 12);
    outer.set(destination, 16);
    outer.writeUInt16BE(headerChecksum(outer), 10);
  }
}

/** The checksum of an IPv4 header whose own field is 0. */
export function headerChecksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < OUTER_BYTES; at += 2) sum += header.readUInt16BE(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
