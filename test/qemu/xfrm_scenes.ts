// Sequences of packets to one association each: late, repeated, tampered, expired. For each packet what Linux says of it, and what the device.
import type { Result } from '../../src/driver/index.ts';
import { type Association, afterHop, type Oddities, outbound } from '../ipsec/model.ts';
import { someBytes } from '../ipsec/rig.ts';
import { ALIGN4, packetOf, type SharedSa, type Wanted } from './xfrm_cases.ts';

/** A packet for the receiver of an association. */
export interface Step {
  what: string;
  bytes: Buffer;
  /** The packet that Linux hands on, or the counter that it raises (Documentation/networking/xfrm_proc.rst). */
  linux: Buffer | string;
  device: Result['status'];
}

export interface Scene {
  wanted: Wanted;
  steps(shared: SharedSa): Step[];
}

const REPLAYED = { linux: 'XfrmInStateSeqError', device: 'err' } as const;
const FORGED = { linux: 'XfrmInStateProtoError', device: 'badmsg' } as const;

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  const place = at < 0 ? bytes.length + at : at;
  changed.writeUInt8(changed.readUInt8(place) ^ 0x10, place);
  return changed;
}

/** Packets of the model, by the number that they have after the association's last one. */
function maker(shared: SharedSa) {
  const plain = packetOf(shared, 'linux', 61);
  const made = (number: number, odd?: Oddities, packet = plain) =>
    outbound(shared.sa, (shared.last ?? 0n) + BigInt(number), packet, someBytes(16, number), odd);
  return { plain, made };
}

/** What both refuse, between packets that both take: none of it moves the window. */
function attacks(shared: SharedSa): Step[] {
  const { sa } = shared;
  const { plain, made } = maker(shared);
  const window = sa.window ?? 0;
  const good = { linux: plain.bytes, device: 'ok' } as const;
  const headers = shared.outer === 4 ? 20 : 40;
  const sequence = headers + (sa.mode.startsWith('ah') ? 11 : 7);
  // An extended number that is too old is taken for one of the next round (RFC 4303 appendix A2.2).
  const late = sa.esn ? FORGED : REPLAYED;
  const other = { ...sa, spi: 0x9999_9999 };
  return [
    { what: 'the first', bytes: made(1), ...good },
    { what: 'the first again', bytes: made(1), ...REPLAYED },
    { what: 'one far ahead', bytes: made(100), ...good },
    { what: 'one that is too old', bytes: made(100 - window), ...late },
    { what: 'the oldest of the window', bytes: made(101 - window), ...good },
    { what: 'the oldest again', bytes: made(101 - window), ...REPLAYED },
    { what: 'its last byte changed', bytes: flipped(made(500), -1), ...FORGED },
    { what: 'its middle changed', bytes: flipped(made(501), -30), ...FORGED },
    { what: 'its number changed', bytes: flipped(made(502), sequence), ...FORGED },
    {
      what: 'of another association',
      bytes: outbound(other, 503n, plain, someBytes(16)),
      linux: 'XfrmInNoStates',
      device: 'err',
    },
    { what: 'the next one', bytes: made(101), ...good },
  ];
}

function lifetime(shared: SharedSa): Step[] {
  const { plain, made } = maker(shared);
  const statuses = ['ok', 'soft-expiry', 'soft-expiry'] as const;
  return [
    ...statuses.map((device, at) => ({ what: `packet ${at + 1}`, bytes: made(at + 1), linux: plain.bytes, device })),
    { what: 'one beyond the hard limit', bytes: made(4), linux: 'XfrmInStateExpired', device: 'err' },
  ];
}

/** Fields that change on the way are no part of what AH protects. */
function hops(shared: SharedSa): Step[] {
  const { plain, made } = maker(shared);
  return [{ what: 'one hop later', bytes: afterHop(made(1)), linux: afterHop(plain.bytes), device: 'ok' }];
}

/** Where RFC 4303 leaves a choice, or one of both is stricter. docs/ipsec.md names these. */
function differences(shared: SharedSa): Step[] {
  const { plain, made } = maker(shared);
  const unusual = made(1, { padding: Buffer.alloc(17, 9) });
  return [
    { what: 'padding that does not count up', bytes: unusual, linux: plain.bytes, device: 'err' },
    { what: 'a dummy packet', bytes: made(2, { next: 59 }), linux: FORGED.linux, device: 'ok' },
    { what: 'nothing in it', bytes: made(3, {}, packetOf(shared, 'linux', 0)), linux: FORGED.linux, device: 'ok' },
  ];
}

const GCM: Partial<Association> = { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) };
const AH: Partial<Association> = { cipher: 'null', key: Buffer.alloc(0) };
const limits = { packetsSoft: 2, packetsHard: 3 };

export const SCENES: readonly Scene[] = [
  { wanted: { changes: {}, outer: 4, inner: 4 }, steps: attacks },
  { wanted: { changes: { ...GCM, mode: 'esp-transport', window: 32 }, outer: 6, inner: 6 }, steps: attacks },
  { wanted: { changes: { esn: true }, outer: 6, inner: 4, last: 0xffff_fffen, words: 'flag esn' }, steps: attacks },
  { wanted: { changes: { ...AH, mode: 'ah-transport' }, outer: 4, inner: 4, words: ALIGN4 }, steps: attacks },
  { wanted: { changes: { ...AH, mode: 'ah-tunnel' }, outer: 6, inner: 6 }, steps: attacks },
  {
    wanted: { changes: { lifetime: limits }, outer: 4, inner: 4, words: 'limit packet-soft 2 limit packet-hard 3' },
    steps: lifetime,
  },
  { wanted: { changes: { ...AH, mode: 'ah-transport' }, outer: 4, inner: 4, words: ALIGN4 }, steps: hops },
  { wanted: { changes: { mode: 'esp-transport' }, outer: 4, inner: 4 }, steps: differences },
];
