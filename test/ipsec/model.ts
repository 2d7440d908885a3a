// An independent model of ESP and AH (RFC 4302, 4303) over node:crypto. It shares no code with the engine.
import { type CipherCCMTypes, type CipherGCMTypes, createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import * as spec from '../../spec/ipsec.ts';
import { ipv4Checksum, type Packet } from './packets.ts';

/** What both ends of an association know. */
export interface Association {
  mode: 'esp-tunnel' | 'esp-transport' | 'ah-tunnel' | 'ah-transport';
  spi: number;
  cipher: keyof typeof CIPHERS;
  key: Buffer;
  auth: keyof typeof AUTHS;
  authKey: Buffer;
  salt: Buffer;
  esn?: boolean;
  udp?: boolean;
  ports?: [source: number, destination: number];
  copyDscp?: boolean;
  decrementTtl?: boolean;
  copyDf?: boolean;
  ecn?: boolean;
  lifetime?: { packetsSoft?: number; bytesSoft?: number; packetsHard?: number; bytesHard?: number };
  window?: number;
  tunnel?: Tunnel;
}

export type Tunnel =
  | { version: 4; source: Buffer; destination: Buffer; dscp: number; df: boolean; ttl: number }
  | { version: 6; source: Buffer; destination: Buffer; dscp: number; flow: number; hopLimit: number };

interface CipherFacts {
  /** cipher_algo of the object. */
  number: number;
  iv: number;
  block: number;
  aead?: true;
  name?: (key: Buffer) => string;
}
const aes = (mode: string) => (key: Buffer) => `aes-${key.length * 8}-${mode}`;

export const CIPHERS = {
  null: { number: 0, iv: 0, block: 4 },
  'aes-cbc': { number: 3, iv: 16, block: 16, name: aes('cbc') },
  'aes-ctr': { number: 4, iv: 8, block: 4, name: aes('ctr') },
  '3des-cbc': { number: 8, iv: 8, block: 8, name: () => 'des-ede3-cbc' },
  gcm: { number: 0x301, iv: 8, block: 4, aead: true, name: aes('gcm') },
  ccm: { number: 0x302, iv: 8, block: 4, aead: true, name: aes('ccm') },
  'chacha20-poly1305': { number: 0x303, iv: 8, block: 4, aead: true, name: () => 'chacha20-poly1305' },
} as const satisfies Record<string, CipherFacts>;

export const AUTHS = {
  none: { number: 0, icv: 16, hash: '' },
  'hmac-sha1-96': { number: 2, icv: 12, hash: 'sha1' },
  'hmac-sha-256-128': { number: 4, icv: 16, hash: 'sha256' },
  'hmac-sha-384-192': { number: 5, icv: 24, hash: 'sha384' },
  'hmac-sha-512-256': { number: 6, icv: 32, hash: 'sha512' },
} as const;

const MODES = { 'esp-tunnel': 1, 'esp-transport': 2, 'ah-tunnel': 3, 'ah-transport': 4 } as const;

/** struct virtio_crypto_resource_obj_ipsec_sa_256b_key. */
export function objectOf(sa: Association, direction: 'outbound' | 'inbound'): Uint8Array {
  const object = Buffer.alloc(spec.SA_OBJECT_BYTES);
  object[0] = MODES[sa.mode];
  object[1] = direction === 'outbound' ? 1 : 2;
  object.writeUInt32LE(sa.spi, 8);
  sa.salt.copy(object, 12);
  const flags = [sa.esn, sa.udp, sa.copyDscp, sa.decrementTtl, sa.copyDf, sa.ecn, sa.lifetime !== undefined];
  object.writeBigUInt64LE(
    flags.reduce((bits, flag, bit) => bits | (flag ? 1n << BigInt(bit) : 0n), 0n),
    16,
  );
  if (sa.tunnel) writeTunnel(object, sa.tunnel);
  object.writeUInt16LE(sa.ports?.[0] ?? 0, 68);
  object.writeUInt16LE(sa.ports?.[1] ?? 0, 70);
  object.writeUInt32LE(sa.window ?? 0, 72);
  object.writeBigUInt64LE(BigInt(CIPHERS[sa.cipher].number), 76);
  object.writeUInt16LE(sa.key.length, 84);
  sa.key.copy(object, 88);
  object.writeBigUInt64LE(BigInt(AUTHS[sa.auth].number), 120);
  object.writeUInt16LE(sa.authKey.length, 128);
  sa.authKey.copy(object, 132);
  const { packetsSoft = 0, bytesSoft = 0, packetsHard = 0, bytesHard = 0 } = sa.lifetime ?? {};
  [packetsSoft, bytesSoft, packetsHard, bytesHard].forEach((limit, index) => {
    object.writeBigUInt64LE(BigInt(limit), 164 + 8 * index);
  });
  return object;
}

function writeTunnel(object: Buffer, tunnel: Tunnel): void {
  object[24] = tunnel.version;
  tunnel.source.copy(object, 28);
  tunnel.destination.copy(object, tunnel.version === 4 ? 32 : 44);
  if (tunnel.version === 4) {
    object[36] = tunnel.dscp;
    object[37] = tunnel.df ? 1 : 0;
    object[38] = tunnel.ttl;
    return;
  }
  object.writeUInt32LE(tunnel.flow, 60);
  object[64] = tunnel.hopLimit;
  object[65] = tunnel.dscp;
}

/** The parts of a packet around the header of IPsec. */
interface Split {
  /** IP header and extension headers in front, with the next header still that of the payload. */
  head: Buffer;
  /** Offset of the field in `head` that names what follows. */
  field: number;
  next: number;
  payload: Buffer;
}

const classOf = (packet: Buffer) =>
  packet.readUInt8(0) >> 4 === 4 ? packet.readUInt8(1) : (packet.readUInt16BE(0) >> 4) & 0xff;

/** A packet with its hop taken: TTL lowered, checksum made anew. */
export function afterHop(packet: Buffer): Buffer {
  const after = Buffer.from(packet);
  if (after.readUInt8(0) >> 4 === 6) {
    after.writeUInt8(after.readUInt8(7) - 1, 7);
    return after;
  }
  after.writeUInt8(after.readUInt8(8) - 1, 8);
  return withChecksum(after);
}

export function withChecksum(packet: Buffer): Buffer {
  const header = (packet.readUInt8(0) & 15) * 4;
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(ipv4Checksum(packet.subarray(0, header)), 10);
  return packet;
}

/** The outer packet of an inner one, or the packet taken apart in transport mode. */
function splitOutbound(sa: Association, packet: Packet, sequence: bigint): Split {
  const { bytes } = packet;
  if (!sa.mode.endsWith('tunnel')) {
    const { at, field } = packet.insert;
    return {
      head: Buffer.from(bytes.subarray(0, at)),
      field,
      next: bytes.readUInt8(field),
      payload: bytes.subarray(at),
    };
  }
  if (!sa.tunnel) throw new Error('A tunnel has parameters.');
  const inner = sa.decrementTtl ? afterHop(bytes) : bytes;
  const next = bytes.readUInt8(0) >> 4 === 4 ? 4 : 41;
  return { ...outerHeader(sa, sa.tunnel, bytes, sequence), next, payload: inner };
}

function outerHeader(
  sa: Association,
  tunnel: Tunnel,
  inner: Buffer,
  sequence: bigint,
): { head: Buffer; field: number } {
  const traffic = (sa.copyDscp ? classOf(inner) & 0xfc : tunnel.dscp << 2) | (sa.ecn ? classOf(inner) & 3 : 0);
  if (tunnel.version === 6) {
    const head = Buffer.alloc(40);
    head.writeUInt32BE(0x60000000 + traffic * 0x100000 + tunnel.flow, 0);
    head.writeUInt8(tunnel.hopLimit, 7);
    tunnel.source.copy(head, 8);
    tunnel.destination.copy(head, 24);
    return { head, field: 6 };
  }
  const innerDf = inner.readUInt8(0) >> 4 === 6 || (inner.readUInt8(6) & 0x40) !== 0;
  const head = Buffer.alloc(20);
  head.writeUInt8(0x45, 0);
  head.writeUInt8(traffic, 1);
  head.writeUInt16BE(Number(sequence & 0xffffn), 4);
  head.writeUInt16BE((sa.copyDf ? innerDf : tunnel.df) ? 0x4000 : 0, 6);
  head.writeUInt8(tunnel.ttl, 8);
  tunnel.source.copy(head, 12);
  tunnel.destination.copy(head, 16);
  return { head, field: 9 };
}

/** Sets next header, length and checksum of a packet's headers for so much content. */
function finishHead({ head, field }: Split, protocol: number, content: number): Buffer {
  head.writeUInt8(protocol, field);
  if (head.readUInt8(0) >> 4 === 6) {
    head.writeUInt16BE(head.length - 40 + content, 4);
    return head;
  }
  head.writeUInt16BE(head.length + content, 2);
  return withChecksum(head);
}

const be32 = (value: number | bigint) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(BigInt(value) & 0xffffffffn));
  return bytes;
};

/** The IV that a counting cipher has for a sequence number. */
export function countingIv(sequence: bigint): Buffer {
  const iv = Buffer.alloc(8);
  iv.writeBigUInt64BE(sequence);
  return iv;
}

export interface Oddities {
  /** Padding in place of 1, 2, 3, ... */
  padding?: Buffer;
  /** What the trailer says of its length. */
  paddingLength?: number;
  /** Next header of the trailer. */
  next?: number;
  /** Bytes behind the inner packet, before the padding. */
  extra?: Buffer;
}

/** Protects a packet. `start`: the IV begins with it; 16 bytes are enough for any cipher. */
export function outbound(sa: Association, sequence: bigint, packet: Packet, start: Buffer, odd: Oddities = {}): Buffer {
  const iv = start.subarray(0, CIPHERS[sa.cipher].iv);
  const split = splitOutbound(sa, packet, sequence);
  if (sa.mode.startsWith('ah')) return ahOutbound(sa, sequence, split, packet);
  const { block } = CIPHERS[sa.cipher];
  const payload = Buffer.concat([split.payload, odd.extra ?? Buffer.alloc(0)]);
  const length = (block - ((payload.length + 2) % block)) % block;
  const padding = odd.padding ?? Buffer.from(Array.from({ length }, (_, at) => at + 1));
  const trailer = Buffer.concat([padding, Buffer.from([odd.paddingLength ?? padding.length, odd.next ?? split.next])]);
  const header = Buffer.concat([be32(sa.spi), be32(sequence)]);
  const esp = sealed(sa, header, sequence, iv, Buffer.concat([payload, trailer]));
  if (!sa.udp) return Buffer.concat([finishHead(split, 50, esp.length), esp]);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(sa.ports?.[0] || 4500, 0);
  udp.writeUInt16BE(sa.ports?.[1] || 4500, 2);
  udp.writeUInt16BE(8 + esp.length, 4);
  const head = finishHead(split, 17, 8 + esp.length);
  if (head.readUInt8(0) >> 4 === 6) {
    const final = (!sa.mode.endsWith('tunnel') && packet.finalDestination) || head.subarray(24, 40);
    const pseudo = Buffer.concat([head.subarray(8, 24), final, be32(8 + esp.length), be32(17), udp, esp]);
    udp.writeUInt16BE(ipv4Checksum(pseudo) || 0xffff, 6);
  }
  return Buffer.concat([head, udp, esp]);
}

function sealed(sa: Association, header: Buffer, sequence: bigint, iv: Buffer, text: Buffer): Buffer {
  const cipher: CipherFacts = CIPHERS[sa.cipher];
  const high = sa.esn ? be32(sequence >> 32n) : Buffer.alloc(0);
  if (cipher.aead) {
    const aad = Buffer.concat([header.subarray(0, 4), high, header.subarray(4)]);
    const nonce = Buffer.concat([sa.cipher === 'ccm' ? sa.salt.subarray(1) : sa.salt, iv]);
    const name = (cipher.name?.(sa.key) ?? '') as CipherGCMTypes & CipherCCMTypes;
    const seal = createCipheriv(name, sa.key, nonce, { authTagLength: 16 });
    seal.setAAD(aad, { plaintextLength: text.length });
    const sealedText = Buffer.concat([seal.update(text), seal.final()]);
    return Buffer.concat([header, iv, sealedText, seal.getAuthTag()]);
  }
  const covered = Buffer.concat([header, iv, encrypted(sa, iv, text)]);
  return Buffer.concat([covered, icvOf(sa, Buffer.concat([covered, high]))]);
}

function ivOf(sa: Association, iv: Buffer): Buffer {
  return sa.cipher === 'aes-ctr' ? Buffer.concat([sa.salt, iv, be32(1)]) : iv;
}

function encrypted(sa: Association, iv: Buffer, text: Buffer): Buffer {
  const { name }: CipherFacts = CIPHERS[sa.cipher];
  if (!name) return text;
  const cipher = createCipheriv(name(sa.key), sa.key, ivOf(sa, iv)).setAutoPadding(false);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

export function icvOf(sa: Association, covered: Buffer): Buffer {
  const { hash, icv } = AUTHS[sa.auth];
  return createHmac(hash, sa.authKey).update(covered).digest().subarray(0, icv);
}

/** What an ESP packet holds behind its ESP header: checks the ICV, and returns payload, padding length and next header. */
export function openEsp(
  sa: Association,
  esp: Buffer,
  sequence: bigint,
): { payload: Buffer; padding: Buffer; next: number } {
  const cipher: CipherFacts = CIPHERS[sa.cipher];
  const { icv } = AUTHS[sa.auth];
  const iv = esp.subarray(8, 8 + cipher.iv);
  const body = esp.subarray(8 + cipher.iv, esp.length - icv);
  const high = sa.esn ? be32(sequence >> 32n) : Buffer.alloc(0);
  let text: Buffer;
  if (cipher.aead) {
    const name = (cipher.name?.(sa.key) ?? '') as CipherGCMTypes & CipherCCMTypes;
    const nonce = Buffer.concat([sa.cipher === 'ccm' ? sa.salt.subarray(1) : sa.salt, iv]);
    const open = createDecipheriv(name, sa.key, nonce, { authTagLength: 16 });
    open.setAuthTag(esp.subarray(esp.length - icv));
    const aad = Buffer.concat([esp.subarray(0, 4), high, esp.subarray(4, 8)]);
    open.setAAD(aad, { plaintextLength: body.length });
    text = Buffer.concat([open.update(body), open.final()]);
  } else {
    const covered = Buffer.concat([esp.subarray(0, esp.length - icv), high]);
    if (!icvOf(sa, covered).equals(esp.subarray(esp.length - icv))) throw new Error('The ICV is wrong.');
    const open = cipher.name && createDecipheriv(cipher.name(sa.key), sa.key, ivOf(sa, iv)).setAutoPadding(false);
    text = open ? Buffer.concat([open.update(body), open.final()]) : body;
  }
  const length = text.readUInt8(text.length - 2);
  const end = text.length - 2 - length;
  return {
    payload: text.subarray(0, end),
    padding: text.subarray(end, text.length - 2),
    next: text.readUInt8(text.length - 1),
  };
}

function ahOutbound(sa: Association, sequence: bigint, split: Split, packet: Packet): Buffer {
  const { icv } = AUTHS[sa.auth];
  const version = split.head.readUInt8(0) >> 4;
  const length = version === 4 ? 12 + icv : Math.ceil((12 + icv) / 8) * 8;
  const fixed = Buffer.concat([Buffer.from([split.next, length / 4 - 2, 0, 0]), be32(sa.spi), be32(sequence)]);
  const head = finishHead(split, 51, length + split.payload.length);
  const still = sa.mode.endsWith('tunnel') ? fixedHead(head) : packet.immutable(head);
  const filler = Buffer.alloc(length - 12 - icv);
  const high = sa.esn ? be32(sequence >> 32n) : Buffer.alloc(0);
  const covered = Buffer.concat([still, fixed, Buffer.alloc(icv), filler, split.payload, high]);
  return Buffer.concat([head, fixed, icvOf(sa, covered), filler, split.payload]);
}

/** An IP header without options and extension headers, whose mutable fields are zeros. */
export function fixedHead(head: Buffer): Buffer {
  const still = Buffer.from(head);
  if (still.readUInt8(0) >> 4 === 6) {
    still.writeUInt32BE(0x60000000, 0);
    still.writeUInt8(0, 7);
    return still;
  }
  still.writeUInt8(0, 1);
  still.writeUInt16BE(0, 6);
  still.writeUInt8(0, 8);
  still.writeUInt16BE(0, 10);
  return still;
}
