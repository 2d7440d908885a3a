import { HOST_BAD_TAG, HOST_DECLINED, HOST_DONE } from '../../spec/engine.ts';
import type { WasmFunctions } from './webassembly.ts';

/**
 * The host's own cryptography, which the engine calls during a notification. Addresses are offsets in the engine's memory. `session` is the
 * address of a session, whose layout is in spec/engine.ts. A host that declines must not have written anything: the engine then does the
 * work itself.
 */
export interface HostCryptography {
  /** Runs the session's cipher; source and destination may be the same. Returns false if it declines. */
  cipher(session: number, iv: number, source: number, destination: number, bytes: number): boolean;
  /** Writes the first `resultBytes` bytes of the session's hash or MAC over `bytes` bytes at `source`. Returns false if it declines. */
  digest(session: number, source: number, bytes: number, result: number, resultBytes: number): boolean;
  /** Runs the session's AEAD over a text. The tag follows the ciphertext. Writes nothing if the tag is wrong. */
  aead(session: number, request: AeadPlaces): 'declined' | 'done' | 'bad-tag';
}

/** Addresses and lengths of an AEAD request, in bytes. */
export interface AeadPlaces {
  iv: number;
  ivBytes: number;
  aad: number;
  aadBytes: number;
  source: number;
  /** Length of the text without the tag. */
  bytes: number;
  destination: number;
}

/** A host without cryptography of its own. */
export const DECLINING_HOST: HostCryptography = {
  cipher: () => false,
  digest: () => false,
  aead: () => 'declined',
};

const ANSWERS = { declined: HOST_DECLINED, done: HOST_DONE, 'bad-tag': HOST_BAD_TAG } as const;

/** The imports of the engine's binary. WebAssembly passes 32-bit numbers as signed numbers; addresses and lengths are converted here. */
export function hostImports(host: HostCryptography): WasmFunctions {
  return {
    cipher: (session: number, iv: number, source: number, destination: number, bytes: number) =>
      host.cipher(session >>> 0, iv >>> 0, source >>> 0, destination >>> 0, bytes >>> 0) ? 1 : 0,
    digest: (session: number, source: number, bytes: number, result: number, resultBytes: number) =>
      host.digest(session >>> 0, source >>> 0, bytes >>> 0, result >>> 0, resultBytes >>> 0) ? 1 : 0,
    aead: (
      session: number,
      iv: number,
      ivBytes: number,
      aad: number,
      aadBytes: number,
      source: number,
      bytes: number,
      destination: number,
    ) =>
      ANSWERS[
        host.aead(session >>> 0, {
          iv: iv >>> 0,
          ivBytes: ivBytes >>> 0,
          aad: aad >>> 0,
          aadBytes: aadBytes >>> 0,
          source: source >>> 0,
          bytes: bytes >>> 0,
          destination: destination >>> 0,
        })
      ],
  };
}
