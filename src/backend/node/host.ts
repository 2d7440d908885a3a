import type * as NodeCrypto from 'node:crypto';
import * as spec from '../../../spec/engine.ts';
import type { AlgorithmName } from '../../../spec/names.ts';
import type { AeadPlaces, HostCryptography } from '../../engine/host_crypto.ts';
import type { BackendEvent } from '../contract.ts';
import { sessionAlgorithms } from '../placement/session_fields.ts';
import { end, KEPT_BYTES_MAX, KeptCbc } from './kept_cbc.ts';

type Crypto = typeof NodeCrypto;

/** OpenSSL's names. The argument is the key's size in bits. */
const CIPHERS: Readonly<Partial<Record<AlgorithmName, (keyBits: number) => string>>> = {
  'aes-ecb': (bits) => `aes-${bits}-ecb`,
  'aes-cbc': (bits) => `aes-${bits}-cbc`,
  'aes-ctr': (bits) => `aes-${bits}-ctr`,
  'aes-xts': (bits) => `aes-${bits / 2}-xts`,
};
const AEADS: Readonly<Partial<Record<AlgorithmName, (keyBits: number) => NodeCrypto.CipherGCMTypes>>> = {
  gcm: (bits) => `aes-${bits}-gcm` as NodeCrypto.CipherGCMTypes,
  // Node handles this cipher through the interface that it types for GCM.
  'chacha20-poly1305': () => 'chacha20-poly1305' as NodeCrypto.CipherGCMTypes,
};
const HASHES: Readonly<Partial<Record<AlgorithmName, string>>> = {
  md5: 'md5',
  sha1: 'sha1',
  'sha-224': 'sha224',
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
};
const HMACS: Readonly<Partial<Record<AlgorithmName, string>>> = {
  'hmac-md5': 'md5',
  'hmac-sha1': 'sha1',
  'hmac-sha-224': 'sha224',
  'hmac-sha-256': 'sha256',
  'hmac-sha-384': 'sha384',
  'hmac-sha-512': 'sha512',
};

/** OpenSSL treats nonces of other lengths differently: it hashes 16 bytes, while the device uses 16 bytes as J0 itself. */
const NONCE_BYTES = 12;
const IV_BYTES = 16;

/**
 * Runs requests in node:crypto, which is OpenSSL with the processor's own AES and SHA instructions. If node:crypto refuses (an XTS key
 * with equal halves, an algorithm that its build or policy lacks), the request is declined, and the engine runs it.
 */
export class NodeHost implements HostCryptography {
  readonly #crypto: Crypto;
  readonly #memory: WebAssembly.Memory;
  readonly #report: (event: BackendEvent) => void;
  /** Algorithms whose refusal has been reported. */
  readonly #refused = new Set<AlgorithmName>();
  readonly #cbc: KeptCbc;
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Operations that ran here. A chained request counts once for each of its two algorithms. */
  operations = 0;
  /** Bytes that these operations processed. */
  bytes = 0;

  constructor(crypto: Crypto, memory: WebAssembly.Memory, report: (event: BackendEvent) => void) {
    this.#crypto = crypto;
    this.#memory = memory;
    this.#report = report;
    this.#cbc = new KeptCbc(crypto);
  }

  cipher(session: number, iv: number, source: number, destination: number, bytes: number): boolean {
    this.#refresh();
    const { cipher, decrypts } = sessionAlgorithms(this.#view, session);
    const key = this.#key(session);
    const name = cipher && CIPHERS[cipher]?.(8 * key.length);
    if (!name) return false;
    const nonce = cipher === 'aes-ecb' ? null : this.#at(iv, IV_BYTES);
    const text = this.#at(source, bytes);
    const id = cipher === 'aes-cbc' && bytes <= KEPT_BYTES_MAX ? this.#id(session) : 0;
    return this.#attempt(cipher, bytes, false, () => {
      if (nonce && id !== 0) {
        const result = this.#cbc.run(session, id, { name, key, decrypts, iv: nonce, source: text });
        return this.#write([result], destination, bytes);
      }
      const { createCipheriv, createDecipheriv } = this.#crypto;
      const stream = decrypts ? createDecipheriv(name, key, nonce) : createCipheriv(name, key, nonce);
      stream.setAutoPadding(false);
      // OpenSSL treats each piece of XTS as a data unit of its own.
      const result = piecewise(stream, text, cipher === 'aes-xts' ? bytes : PIECE_BYTES);
      end(stream);
      return this.#write(result, destination, bytes);
    });
  }

  digest(session: number, source: number, bytes: number, result: number, resultBytes: number): boolean {
    this.#refresh();
    const { digest } = sessionAlgorithms(this.#view, session);
    if (!digest) return false;
    const hash = HASHES[digest];
    const hmac = HMACS[digest];
    if (!hash && !hmac) return false;
    return this.#attempt(digest, bytes, false, () => {
      const data = this.#at(source, bytes);
      const { hash: hashOf, createHmac } = this.#crypto;
      const sum = hash
        ? hashOf(hash, data, 'buffer')
        : createHmac(hmac ?? '', this.#authKey(session))
            .update(data)
            .digest();
      this.#bytes.set(sum.subarray(0, resultBytes), result);
      return true;
    });
  }

  forget(session?: number): void {
    this.#cbc.forget(session);
  }

  aead(session: number, places: AeadPlaces): 'declined' | 'done' | 'bad-tag' {
    this.#refresh();
    const { cipher, decrypts } = sessionAlgorithms(this.#view, session);
    const key = this.#key(session);
    const name = cipher && AEADS[cipher]?.(8 * key.length);
    const authTagLength = this.#field(session, spec.SESSION_RESULT_LEN);
    if (!name || places.ivBytes !== NONCE_BYTES) return 'declined';
    const nonce = this.#at(places.iv, NONCE_BYTES);
    const aad = this.#at(places.aad, places.aadBytes);
    const text = this.#at(places.source, places.bytes);
    const { destination, bytes } = places;
    return this.#attempt<'declined' | 'done' | 'bad-tag'>(cipher, places.aadBytes + bytes, 'declined', () => {
      if (decrypts) {
        const stream = this.#crypto.createDecipheriv(name, key, nonce, { authTagLength });
        stream.setAAD(aad);
        stream.setAuthTag(this.#at(places.source + bytes, authTagLength));
        const plain = piecewise(stream, text);
        if (!authentic(stream)) return 'bad-tag';
        return this.#write(plain, destination, bytes) ? 'done' : 'declined';
      }
      const stream = this.#crypto.createCipheriv(name, key, nonce, { authTagLength });
      stream.setAAD(aad);
      const sealed = piecewise(stream, text);
      stream.final();
      if (!this.#write(sealed, destination, bytes)) return 'declined';
      this.#bytes.set(stream.getAuthTag(), destination + bytes);
      return 'done';
    });
  }

  /** Writes pieces one after another. Writes nothing and returns false unless they have `bytes` bytes in total. */
  #write(pieces: readonly Uint8Array[], destination: number, bytes: number): boolean {
    if (pieces.reduce((sum, { length }) => sum + length, 0) !== bytes) return false;
    let at = destination;
    for (const piece of pieces) {
      this.#bytes.set(piece, at);
      at += piece.length;
    }
    return true;
  }

  /** Runs `work`. If node:crypto throws, returns `refusal` and reports the error, once for each algorithm. */
  #attempt<Answer>(algorithm: AlgorithmName, bytes: number, refusal: Answer, work: () => Answer): Answer {
    try {
      const answer = work();
      if (answer !== refusal) {
        this.operations++;
        this.bytes += bytes;
      }
      return answer;
    } catch (error) {
      if (!isOfKey(error) && !this.#refused.has(algorithm)) {
        this.#refused.add(algorithm);
        const reason = error instanceof Error ? error.message : String(error);
        this.#report({
          kind: 'host-refused',
          message: `node:crypto refused ${algorithm}, which the engine computes instead: ${reason}`,
        });
      }
      return refusal;
    }
  }

  #key(session: number): Uint8Array {
    return this.#at(session + spec.SESSION_KEY, this.#field(session, spec.SESSION_KEY_LEN));
  }

  #authKey(session: number): Uint8Array {
    const start = session + spec.SESSION_KEY + this.#field(session, spec.SESSION_KEY_LEN);
    return this.#at(start, this.#field(session, spec.SESSION_AUTH_KEY_LEN));
  }

  /** A session's id; 0 for the session of one stateless request. */
  #id(session: number): number {
    return this.#field(session, spec.SESSION_ID) + 2 ** 32 * this.#field(session, spec.SESSION_ID + 4);
  }

  #field(session: number, offset: number): number {
    return this.#view.getUint32(session + offset, true);
  }

  #at(address: number, bytes: number): Uint8Array {
    return this.#bytes.subarray(address, address + bytes);
  }

  /** Makes new views if the memory has grown, because growing replaces its ArrayBuffer. */
  #refresh(): void {
    const { buffer } = this.#memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }
}

/**
 * Node allocates a new buffer for each result. For a large buffer the kernel must find and clear pages, which costs twice as much as the
 * encryption. Buffers of this size mostly come from memory that the process already has.
 */
const PIECE_BYTES = 65536;

function piecewise(
  stream: { update(data: Uint8Array): Uint8Array },
  data: Uint8Array,
  pieceBytes = PIECE_BYTES,
): Uint8Array[] {
  if (data.length <= pieceBytes) return [stream.update(data)];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += pieceBytes) pieces.push(stream.update(data.subarray(at, at + pieceBytes)));
  return pieces;
}

/** Whether OpenSSL refused the guest's key: it takes no XTS key with equal halves, but the device does. */
function isOfKey(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OSSL_XTS_DUPLICATED_KEYS';
}

/** Whether the tag is right: node:crypto throws if it is wrong. */
function authentic(stream: NodeCrypto.DecipherGCM): boolean {
  try {
    stream.final();
    return true;
  } catch {
    return false;
  }
}
