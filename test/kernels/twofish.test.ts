import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gmac } from '../support/reference/gmac.ts';
import { twofish } from '../support/reference/twofish.ts';
import { type Arena, hex, loadKernels } from './arena.ts';

interface Kernels {
  twofishContextBytes(): number;
  twofishSetKey(ctx: number, key: number, keyBytes: number): void;
  twofishEncryptBlock(ctx: number, src: number, dst: number): void;
  gmacTwofishContextBytes(): number;
  gmacTwofishSetKey(ctx: number, key: number, keyBytes: number): void;
  gmacTwofish(
    ctx: number,
    iv: number,
    ivBytes: number,
    src: number,
    bytes: number,
    dst: number,
    tagBytes: number,
  ): void;
}

const BLOCK = 16;
const KEY_SIZES = [16, 24, 32];

let kernels: Kernels;
let arena: Arena;

beforeEach(() => arena.clear());

function encrypt(key: Uint8Array, block: Uint8Array, inPlace = false): Buffer {
  const ctx = arena.allocate(kernels.twofishContextBytes());
  kernels.twofishSetKey(ctx, arena.place(key, 3), key.length);
  const src = arena.place(block, 5);
  const dst = inPlace ? src : arena.allocate(BLOCK, 7);
  kernels.twofishEncryptBlock(ctx, src, dst);
  arena.expectGuards(dst, BLOCK);
  arena.expectGuards(ctx, kernels.twofishContextBytes());
  return arena.read(dst, BLOCK);
}

describe.each(['simd', 'relaxed-simd'] as const)('Twofish, built for %s', (build) => {
  beforeAll(async () => {
    ({ kernels, arena } = await loadKernels<Kernels>('test/kernels/twofish_entry.ts', build));
  });

  describe('the known answers that were published with Twofish', () => {
    const intermediate = [
      ['00000000000000000000000000000000', '9f589f5cf6122c32b6bfec2f2ae8c35a'],
      ['0123456789abcdeffedcba98765432100011223344556677', 'cfd1d2e5a9be9cdf501f13b892bd2248'],
      ['0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff', '37527be0052334b89f0cfccae87cfa20'],
    ] as const;
    it.each(intermediate)('enciphers zeros under %s', (key, ciphertext) => {
      expect(encrypt(hex(key), Buffer.alloc(BLOCK))).toEqual(hex(ciphertext));
    });

    // Each plaintext is the ciphertext before it, and each key begins with the plaintext before it.
    const tables = [
      [
        16,
        {
          1: '9f589f5cf6122c32b6bfec2f2ae8c35a',
          2: 'd491db16e7b1c39e86cb086b789f5419',
          3: '019f9809de1711858faac3a3ba20fbc3',
          4: '6363977de839486297e661c6c9d668eb',
          5: '816d5bd0fae35342bf2a7412c246f752',
          49: '5d9d4eeffa9151575524f115815a12e0',
        },
      ],
      [24, { 1: 'efa71f788965bd4453f860178fc19101', 49: 'e75449212beef9f4a390bd860a640941' }],
      [32, { 1: '57ff739d4dc92c1bd7fc01700cc8216f', 49: '37fe26ff1cf66175f5ddf4c33b97a205' }],
    ] as const;
    it.each(tables)('goes through the ECB table of keys of %i bytes', (keyBytes, figures) => {
      let key: Uint8Array = Buffer.alloc(keyBytes);
      let plaintext: Uint8Array = Buffer.alloc(BLOCK);
      const seen: Record<number, string> = {};
      for (let step = 1; step <= 49; step++) {
        arena.clear();
        const ciphertext = encrypt(key, plaintext);
        if (step in figures) seen[step] = ciphertext.toString('hex');
        key = Buffer.concat([plaintext, key]).subarray(0, keyBytes);
        plaintext = ciphertext;
      }
      expect(seen).toEqual(figures);
    });
  });

  describe.each(KEY_SIZES)('with a key of %i bytes, beside its description', (keyBytes) => {
    it.each([false, true])('enciphers blocks (in place: %s)', (inPlace) => {
      for (let n = 0; n < 200; n++) {
        arena.clear();
        const [key, block] = [randomBytes(keyBytes), randomBytes(BLOCK)];
        expect(encrypt(key, block, inPlace).equals(twofish(key)(block))).toBe(true);
      }
    });

    it('reads no byte of a context before it wrote it', () => {
      const [key, block] = [randomBytes(keyBytes), randomBytes(BLOCK)];
      const ctx = arena.allocate(kernels.twofishContextBytes());
      for (const other of KEY_SIZES) kernels.twofishSetKey(ctx, arena.place(randomBytes(other)), other);
      kernels.twofishSetKey(ctx, arena.place(key), keyBytes);
      const data = arena.place(block);
      kernels.twofishEncryptBlock(ctx, data, data);
      expect(arena.read(data, BLOCK).equals(twofish(key)(block))).toBe(true);
    });

    function mac(key: Uint8Array, iv: Uint8Array, message: Uint8Array, tagBytes = BLOCK): Buffer {
      const ctx = arena.allocate(kernels.gmacTwofishContextBytes());
      kernels.gmacTwofishSetKey(ctx, arena.place(key, 1), key.length);
      const dst = arena.allocate(tagBytes, 9);
      kernels.gmacTwofish(ctx, arena.place(iv, 2), iv.length, arena.place(message, 3), message.length, dst, tagBytes);
      arena.expectGuards(dst, tagBytes);
      arena.expectGuards(ctx, kernels.gmacTwofishContextBytes());
      return arena.read(dst, tagBytes);
    }

    it('makes the GMAC of messages of every length', () => {
      for (const bytes of [...Array(70).keys(), 511, 512, 513, 1000]) {
        arena.clear();
        const [key, iv, message] = [randomBytes(keyBytes), randomBytes(12), randomBytes(bytes)];
        expect(mac(key, iv, message).equals(gmac(twofish(key), iv, message))).toBe(true);
      }
    });

    it('makes a GMAC with an initialization vector of another length, and cuts tags short', () => {
      const [key, message] = [randomBytes(keyBytes), randomBytes(45)];
      for (const ivBytes of [1, 8, 11, 13, 15, 17, 60, 64]) {
        arena.clear();
        const iv = randomBytes(ivBytes);
        const expected = gmac(twofish(key), iv, message).subarray(0, ivBytes % 17);
        expect(mac(key, iv, message, expected.length).equals(expected)).toBe(true);
      }
    });

    it('takes an initialization vector of 16 bytes as the pre-counter block', () => {
      const [key, iv, message] = [randomBytes(keyBytes), randomBytes(12), randomBytes(45)];
      const counter = Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]);
      expect(mac(key, counter, message).equals(gmac(twofish(key), iv, message))).toBe(true);
    });
  });
});
