import { HOST_BAD_TAG, HOST_DECLINED, HOST_DONE } from '../../spec/engine.ts';
import type { WasmFunctions } from './webassembly.ts';

/**
 * The host's own cryptography, as the engine calls it from inside a notification. Addresses are offsets in the memory that the
 * engine runs in; `session` is that of a session, laid out as spec/engine.ts says. A host that declines has written nothing: the
 * engine's kernels then do the same work.
 */
export interface HostCryptography {
  /** Runs the session's cipher, in place or apart; false: declined. */
  cipher(session: number, iv: number, source: number, destination: number, bytes: number): boolean;
  /** Writes the first `resultBytes` of the session's hash or MAC over `bytes` at `source`; false: declined. */
  digest(session: number, source: number, bytes: number, result: number, resultBytes: number): boolean;
  /** Runs the session's AEAD over a text; its tag stands, or is left, behind the ciphertext. Writes nothing where the tag is wrong. */
  aead(session: number, request: AeadPlaces): 'declined' | 'done' | 'bad-tag';
}

export interface AeadPlaces {
  iv: number;
  ivBytes: number;
  aad: number;
  aadBytes: number;
  source: number;
  /** Bytes of the text, without the tag. */
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

/** The imports of the engine's binary. WebAssembly gives 32-bit numbers as signed ones; addresses and lengths are not. */
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
