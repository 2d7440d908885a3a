// Requests of the symmetric services (5.9.7.4 to 5.9.7.7) as values: their session, their chain in any layout, and what the
// device must make of them.
import type { AeadAlgorithm, CipherAlgorithm, HashAlgorithm, MacAlgorithm } from '../../spec/names.ts';
import {
  aeadOperation,
  authOperation,
  chainOperation,
  cipherOperation,
  type OperationChain,
  type RequestMode,
  type Window,
} from '../../src/driver/operations.ts';
import { resultBytes } from '../../src/driver/results.ts';
import type { ChainHash, ChainOrder, SymmetricSession } from '../../src/driver/sessions.ts';
import type { Direction } from '../../src/driver/wire.ts';
import { cipherResult, hashResult, macResult, nestedHashResult, sealed } from './oracle.ts';

export interface ServiceRequest {
  parameters: SymmetricSession;
  /** The source: the chain holds this very array. */
  data: Uint8Array;
  operation(mode: RequestMode): OperationChain;
  /** What the device writes before the status; undefined where it must answer BADMSG. */
  result(): Uint8Array | undefined;
}

export function cipherRequest(
  algorithm: CipherAlgorithm,
  direction: Direction,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): ServiceRequest {
  const parameters = { service: 'cipher', algorithm, direction, key } as const;
  return {
    parameters,
    data,
    operation: (mode) => cipherOperation(parameters, { iv, data }, mode),
    result: () => cipherResult(algorithm, direction, key, iv, data),
  };
}

export function hashRequest(
  algorithm: HashAlgorithm,
  data: Uint8Array,
  length = resultBytes(algorithm),
): ServiceRequest {
  const parameters = { service: 'hash', algorithm, length } as const;
  return {
    parameters,
    data,
    operation: (mode) => authOperation(parameters, data, length, mode),
    result: () => hashResult(algorithm, data, length),
  };
}

export function macRequest(
  algorithm: MacAlgorithm,
  key: Uint8Array,
  data: Uint8Array,
  length = resultBytes(algorithm),
): ServiceRequest {
  const parameters = { service: 'mac', algorithm, key, length } as const;
  return {
    parameters,
    data,
    operation: (mode) => authOperation(parameters, data, length, mode),
    result: () => macResult(algorithm, key, data, length),
  };
}

export interface AeadValues {
  algorithm: AeadAlgorithm;
  direction: Direction;
  key: Uint8Array;
  iv: Uint8Array;
  aad: Uint8Array;
  plaintext: Uint8Array;
  tagLength: number;
  /** Decryption: a bit of ciphertext and tag to change, if any. */
  changedBit?: number;
}

export function aeadRequest(values: AeadValues): ServiceRequest {
  const { algorithm, direction, key, iv, aad, plaintext, tagLength, changedBit } = values;
  const parameters = { service: 'aead', algorithm, direction, key, tagLength, aadLength: aad.length } as const;
  const text = sealed(algorithm, key, iv, aad, plaintext, tagLength);
  const changed = direction === 'decrypt' && changedBit !== undefined;
  const data = direction === 'encrypt' ? plaintext : text.slice();
  if (changed) {
    const at = changedBit % (8 * data.length);
    data[at >> 3] = (data[at >> 3] ?? 0) ^ (1 << (at & 7));
  }
  return {
    parameters,
    data,
    operation: (mode) => aeadOperation(parameters, { iv, aad, data }, mode),
    result: () => (changed ? undefined : direction === 'encrypt' ? text : plaintext),
  };
}

export interface ChainValues {
  order: ChainOrder;
  direction: Direction;
  cipher: { algorithm: CipherAlgorithm; key: Uint8Array; iv: Uint8Array } & Required<Window>;
  hash: ChainHash & Required<Window>;
  aad: Uint8Array;
  data: Uint8Array;
}

export function chainRequest({ order, direction, cipher, hash, aad, data }: ChainValues): ServiceRequest {
  const length = hash.resultLength ?? resultBytes(hash.algorithm);
  const parameters = { service: 'chain', order, direction, cipher, hash, aadLength: aad.length } as const;
  return {
    parameters,
    data,
    operation: (mode) =>
      chainOperation(
        parameters,
        {
          iv: cipher.iv,
          data,
          aad,
          cipherWindow: { start: cipher.start, length: cipher.length },
          hashWindow: { start: hash.start, length: hash.length },
        },
        length,
        mode,
      ),
    result: () => {
      const window = data.subarray(cipher.start, cipher.start + cipher.length);
      const after = data.slice();
      after.set(cipherResult(cipher.algorithm, direction, cipher.key, cipher.iv, window), cipher.start);
      const hashed = order === 'cipher-then-hash' ? after : data;
      const message = Buffer.concat([aad, hashed.subarray(hash.start, hash.start + hash.length)]);
      return new Uint8Array(Buffer.concat([after, digestOf(hash, message, length)]));
    },
  };
}

function digestOf(hash: ChainHash, message: Uint8Array, length: number): Uint8Array {
  if (hash.mode === 'auth') return macResult(hash.algorithm, hash.key, message, length);
  if (hash.mode === 'plain') return hashResult(hash.algorithm, message, length);
  return nestedHashResult(hash.algorithm, hash.key, message, length);
}
