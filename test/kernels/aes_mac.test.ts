import { createCipheriv, randomBytes } from 'node:crypto';
import { cmac } from '@noble/ciphers/aes.js';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RFC_3566, SP_800_38B } from './aes_modes_figures.ts';
import { LENGTHS, RequestRig } from './request_rig.ts';

type Init = (ctx: number) => void;
type Update = (ctx: number, src: number, bytes: number) => void;
type Final = (ctx: number, dst: number, resultBytes: number) => void;

interface Kernels {
  macContextBytes(): number;
  cmac4ScratchBytes(): number;
  aesCmacSetKey(ctx: number, key: number, keyBytes: number): void;
  aesCmacInit: Init;
  aesCmacUpdate: Update;
  aesCmacFinal: Final;
  aesCmac4(lanes: number, scratch: number): void;
  aesXcbcSetKey(ctx: number, key: number): void;
  aesXcbcInit: Init;
  aesXcbcUpdate: Update;
  aesXcbcFinal: Final;
  aesCbcmacSetKey(ctx: number, key: number, keyBytes: number): void;
  aesCbcmacInit: Init;
  aesCbcmacUpdate: Update;
  aesCbcmacFinal: Final;
}

const BLOCK = 16;
const KEY_SIZES = [16, 24, 32];

const ecb = (key: Buffer, block: Buffer): Buffer =>
  createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
    .setAutoPadding(false)
    .update(block);
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, n) => byte ^ (b[n] ?? 0)));

/** The last block of node:crypto's CBC encryption, under a zero IV, of whole blocks. */
function lastOfCbc(key: Buffer, blocks: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(BLOCK)).setAutoPadding(false);
  return Buffer.concat([Buffer.alloc(BLOCK), cipher.update(blocks), cipher.final()]).subarray(-BLOCK);
}

const cbcmac = (key: Buffer, message: Buffer): Buffer =>
  lastOfCbc(key, Buffer.concat([message, Buffer.alloc(-message.length & 15)]));

/** RFC 3566 section 4, in its own steps. */
function xcbc(key: Buffer, message: Buffer): Buffer {
  const derived = (byte: number): Buffer => ecb(key, Buffer.alloc(BLOCK, byte));
  const before = Math.max(0, Math.ceil(message.length / BLOCK) - 1) * BLOCK;
  const last = message.subarray(before);
  const padded = Buffer.concat([last, Buffer.of(0x80), Buffer.alloc(BLOCK)]).subarray(0, BLOCK);
  const block = last.length === BLOCK ? xor(last, derived(2)) : xor(padded, derived(3));
  return lastOfCbc(derived(1), Buffer.concat([message.subarray(0, before), block]));
}

const nobleCmac = (key: Buffer, message: Buffer): Buffer => Buffer.from(cmac(message, key));

describe.each(['simd', 'relaxed-simd'] as const)('MACs over AES, built for %s', (build) => {
  let rig: RequestRig<Kernels>;
  let kernels: Kernels;

  beforeAll(async () => {
    rig = await RequestRig.compile('test/kernels/aes_mac_entry.ts', build);
    kernels = rig.kernels;
  });

  beforeEach(() => rig.clear());

  const algorithms = {
    CMAC: {
      setKey: (ctx: number, at: number, bytes: number) => kernels.aesCmacSetKey(ctx, at, bytes),
      init: (ctx: number) => kernels.aesCmacInit(ctx),
      update: (ctx: number, src: number, bytes: number) => kernels.aesCmacUpdate(ctx, src, bytes),
      final: (ctx: number, dst: number, bytes: number) => kernels.aesCmacFinal(ctx, dst, bytes),
      keySizes: KEY_SIZES,
      reference: nobleCmac,
    },
    'XCBC-MAC': {
      setKey: (ctx: number, at: number) => kernels.aesXcbcSetKey(ctx, at),
      init: (ctx: number) => kernels.aesXcbcInit(ctx),
      update: (ctx: number, src: number, bytes: number) => kernels.aesXcbcUpdate(ctx, src, bytes),
      final: (ctx: number, dst: number, bytes: number) => kernels.aesXcbcFinal(ctx, dst, bytes),
      keySizes: [16],
      reference: xcbc,
    },
    'CBC-MAC': {
      setKey: (ctx: number, at: number, bytes: number) => kernels.aesCbcmacSetKey(ctx, at, bytes),
      init: (ctx: number) => kernels.aesCbcmacInit(ctx),
      update: (ctx: number, src: number, bytes: number) => kernels.aesCbcmacUpdate(ctx, src, bytes),
      final: (ctx: number, dst: number, bytes: number) => kernels.aesCbcmacFinal(ctx, dst, bytes),
      keySizes: KEY_SIZES,
      reference: cbcmac,
    },
  };
  type Name = keyof typeof algorithms;

  const expand = (name: Name, key: Buffer): number =>
    rig.setKey((ctx, at) => algorithms[name].setKey(ctx, at, key.length), kernels.macContextBytes(), key);

  /** One message, in pieces that end at `cuts`. */
  function macOf(name: Name, ctx: number, message: Buffer, { cuts = [] as number[], bytes = BLOCK, skew = 5 } = {}) {
    const { init, update, final } = algorithms[name];
    return rig.mac(
      message,
      bytes,
      (src, dst) => {
        init(ctx);
        let from = 0;
        for (const to of [...cuts, message.length]) {
          update(ctx, src + from, to - from);
          from = to;
        }
        final(ctx, dst, bytes);
      },
      skew,
    );
  }

  it.each(SP_800_38B)('CMAC-AES$bits of $bytes bytes gives the figure of SP 800-38B', ({ key, message, mac }) => {
    expect(macOf('CMAC', expand('CMAC', key), message)).toEqual(mac);
  });

  it.each(RFC_3566)('XCBC-MAC of $bytes bytes gives the figure of RFC 3566 section 4.6', ({ message, mac }) => {
    const key = Buffer.from(Array.from({ length: 16 }, (_, n) => n));
    expect(xcbc(key, message)).toEqual(mac);
    expect(macOf('XCBC-MAC', expand('XCBC-MAC', key), message)).toEqual(mac);
  });

  describe.each(['CMAC', 'XCBC-MAC', 'CBC-MAC'] as const)('%s', (name) => {
    it.each(algorithms[name].keySizes)('authenticates every length under a key of %i bytes', (keyBytes) => {
      for (const bytes of LENGTHS) {
        rig.clear();
        const [key, message] = [randomBytes(keyBytes), randomBytes(bytes)];
        const ctx = expand(name, key);
        const mac = macOf(name, ctx, message, { skew: bytes % 16 });
        expect(mac, `${bytes} bytes`).toEqual(algorithms[name].reference(key, message));
        rig.expectGuards(ctx, kernels.macContextBytes());
      }
    });

    it('takes a message in pieces, however it is cut', () => {
      const [key, message] = [randomBytes(16), randomBytes(150)];
      const ctx = expand(name, key);
      const expected = algorithms[name].reference(key, message);
      for (let cut = 0; cut <= message.length; ++cut) {
        expect(macOf(name, ctx, message, { cuts: [cut] })).toEqual(expected);
        expect(macOf(name, ctx, message, { cuts: [cut >> 1, cut, Math.min(cut + 16, 150)] })).toEqual(expected);
      }
    });

    it('gives as many bytes of the result as are asked for', () => {
      const [key, message] = [randomBytes(16), randomBytes(77)];
      const ctx = expand(name, key);
      const expected = algorithms[name].reference(key, message);
      for (let bytes = 0; bytes <= BLOCK; ++bytes)
        expect(macOf(name, ctx, message, { bytes })).toEqual(expected.subarray(0, bytes));
    });
  });

  describe('CMAC of four messages at once', () => {
    interface Lane {
      ctx: number;
      message: Buffer;
      resultBytes: number;
      mac: Buffer;
    }

    function runLanes(lanes: Lane[]): void {
      const places = lanes.map(({ message, resultBytes }, lane) => ({
        src: rig.place(message, lane * 3),
        dst: rig.allocate(resultBytes, lane),
      }));
      const records = Buffer.alloc(80);
      for (const [lane, { ctx, message, resultBytes }] of lanes.entries()) {
        const { src = 0, dst = 0 } = places[lane] ?? {};
        for (const [field, value] of [ctx, src, message.length, dst, resultBytes].entries())
          records.writeUInt32LE(value, lane * 20 + field * 4);
      }
      const scratch = rig.allocate(kernels.cmac4ScratchBytes());
      const at = rig.place(records);
      kernels.aesCmac4(at, scratch);
      expect(rig.read(at, 80)).toEqual(records);
      rig.expectGuards(scratch, kernels.cmac4ScratchBytes());
      for (const [lane, { resultBytes, mac }] of lanes.entries()) {
        const { dst = 0 } = places[lane] ?? {};
        expect(rig.read(dst, resultBytes)).toEqual(mac.subarray(0, resultBytes));
        rig.expectGuards(dst, resultBytes);
      }
    }

    it.each(KEY_SIZES)('gives what each gives alone, with keys of %i bytes and lengths of their own', (keyBytes) => {
      const lengths = [
        [0, 0, 0, 0],
        [16, 16, 16, 16],
        [0, 1, 16, 17],
        [64, 64, 63, 65],
        [300, 20, 160, 4097],
        [1500, 1500, 1500, 1500],
      ];
      for (const four of lengths) {
        rig.clear();
        runLanes(
          four.map((length, lane) => {
            const [key, message] = [randomBytes(keyBytes), randomBytes(length)];
            return { ctx: expand('CMAC', key), message, resultBytes: 16 - lane * 4, mac: nobleCmac(key, message) };
          }),
        );
      }
    });

    it('only reads a key that lanes share', () => {
      const key = randomBytes(16);
      const ctx = expand('CMAC', key);
      const before = rig.read(ctx, kernels.macContextBytes());
      runLanes(
        [100, 200, 300, 0].map((length) => {
          const message = randomBytes(length);
          return { ctx, message, resultBytes: 16, mac: nobleCmac(key, message) };
        }),
      );
      expect(rig.read(ctx, kernels.macContextBytes())).toEqual(before);
    });
  });
});
