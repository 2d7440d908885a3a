import { CRYPTO_BADMSG, CRYPTO_OK, SERVICE_CIPHER, SYM_OP_CIPHER } from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import type { AlgorithmName } from '../../../spec/names.ts';
import { type SessionAlgorithms, sessionAlgorithms } from '../placement/session_fields.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The result of a request in WebCrypto. */
export interface SubtleResult {
  /** VIRTIO_CRYPTO_* status (5.9.7.1). */
  status: number;
  /** Consecutive parts of the result. */
  parts: readonly Bytes[];
}

/** A request that can be handed to WebCrypto. Its bytes, keys too, are views of the slot: WebCrypto copies them when it is called. */
export interface SubtleRequest {
  /** The id of the session that the key belongs to; 0: the key belongs to this request alone. */
  session: bigint;
  key: Bytes;
  algorithms: SessionAlgorithms;
  iv: Bytes;
  source: Bytes;
  aad: Bytes;
  resultBytes: number;
  tagBytes: number;
}

const HASHES: Readonly<Partial<Record<AlgorithmName, string>>> = {
  sha1: 'SHA-1',
  'sha-256': 'SHA-256',
  'sha-384': 'SHA-384',
  'sha-512': 'SHA-512',
};
const HMACS: Readonly<Partial<Record<AlgorithmName, string>>> = {
  'hmac-sha1': 'SHA-1',
  'hmac-sha-256': 'SHA-256',
  'hmac-sha-384': 'SHA-384',
  'hmac-sha-512': 'SHA-512',
};
const DIGEST_BYTES: Readonly<Record<string, number>> = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 };
const CIPHERS: Readonly<Partial<Record<AlgorithmName, string>>> = {
  'aes-cbc': 'AES-CBC',
  'aes-ctr': 'AES-CTR',
  gcm: 'AES-GCM',
};
/** The lengths of AES keys that WebKit and Blink know, in bytes. */
const AES_KEY_BYTES: readonly number[] = [16, 32];
const BLOCK = 16;
/** WebCrypto treats nonces of other lengths differently: it hashes 16 bytes, while the device uses 16 bytes as J0 itself. */
const NONCE_BYTES = 12;
/**
 * CTR is done in pieces of this size. For a buffer near 1 MiB and beyond, Chromium asks the system for pages each time, which takes
 * longer than the encryption.
 */
const PIECE_BYTES = 256 * 1024;
const NOTHING: Bytes = new Uint8Array();

/** Whether WebCrypto computes the session's algorithm with the same result as the engine. */
export function isSubtle(memory: DataView, session: number): boolean {
  return subtleAlgorithms(memory, session) !== undefined;
}

function subtleAlgorithms(memory: DataView, session: number): SessionAlgorithms | undefined {
  const field = (offset: number) => memory.getUint32(session + offset, true);
  // A chain would need two calls, one after the other.
  if (field(spec.SESSION_SERVICE) === SERVICE_CIPHER && field(spec.SESSION_OP_TYPE) !== SYM_OP_CIPHER) return undefined;
  const algorithms = sessionAlgorithms(memory, session);
  const { cipher, digest } = algorithms;
  const known = cipher
    ? CIPHERS[cipher] !== undefined && AES_KEY_BYTES.includes(field(spec.SESSION_KEY_LEN))
    : digest !== undefined && (HASHES[digest] !== undefined || HMACS[digest] !== undefined);
  return known ? algorithms : undefined;
}

/**
 * Reads a job. Returns undefined if WebCrypto does not know the session's algorithm, or if something is wrong with the request: then the
 * engine runs it and says what is wrong.
 * @param memory the memory with the job and its copy of the session
 * @param job the job's offset in that memory
 */
export function readJob(memory: WebAssembly.Memory, job: number): SubtleRequest | undefined {
  const view = new DataView(memory.buffer);
  const session = view.getUint32(job + spec.JOB_SESSION, true);
  const field = (offset: number) => view.getUint32(session + offset, true);
  const length = (offset: number) => view.getUint32(job + spec.JOB_OPERATION + offset, true);
  const stretch = (at: number, bytes: number): Bytes => new Uint8Array(memory.buffer, at, bytes);
  const algorithms = subtleAlgorithms(view, session);
  if (!algorithms) return undefined;
  const { cipher } = algorithms;
  const authKey = cipher === undefined;
  const request = { iv: length(spec.OPERATION_IV), source: length(spec.OPERATION_SOURCE), aad: 0 };
  if (cipher === 'gcm') request.aad = length(spec.OPERATION_AAD);
  if (authKey) request.iv = 0;
  const readable = view.getUint32(job + spec.JOB_READABLE_BYTES, true);
  if (request.iv + request.source + request.aad > readable) return undefined;
  const content = job + view.getUint32(job + spec.JOB_CONTENT_AT, true);
  const read: SubtleRequest = {
    session: view.getBigUint64(session + spec.SESSION_ID, true),
    key: stretch(
      session + spec.SESSION_KEY + (authKey ? field(spec.SESSION_KEY_LEN) : 0),
      field(authKey ? spec.SESSION_AUTH_KEY_LEN : spec.SESSION_KEY_LEN),
    ),
    algorithms,
    iv: stretch(content, request.iv),
    source: stretch(content + request.iv, request.source),
    aad: stretch(content + request.iv + request.source, request.aad),
    resultBytes: length(spec.OPERATION_RESULT),
    tagBytes: length(spec.OPERATION_TAG),
  };
  const room = { destination: length(spec.OPERATION_DESTINATION), session: field(spec.SESSION_RESULT_LEN) };
  return isPlain(read, room) ? read : undefined;
}

/** Whether all lengths of a request are those that WebCrypto and the engine treat alike. */
function isPlain(request: SubtleRequest, room: { destination: number; session: number }): boolean {
  const { algorithms, iv, source, tagBytes, resultBytes } = request;
  const { cipher, digest, decrypts } = algorithms;
  switch (cipher) {
    case 'aes-cbc':
    case 'aes-ctr':
      if (iv.length !== BLOCK || source.length === 0 || room.destination !== source.length) return false;
      return cipher === 'aes-ctr' || source.length % BLOCK === 0;
    case 'gcm':
      if (iv.length !== NONCE_BYTES || tagBytes !== room.session) return false;
      return decrypts
        ? source.length >= tagBytes && room.destination >= source.length - tagBytes
        : room.destination >= source.length + tagBytes;
  }
  const most = digest && DIGEST_BYTES[HASHES[digest] ?? HMACS[digest] ?? ''];
  return most !== undefined && resultBytes > 0 && resultBytes <= (room.session ? Math.min(room.session, most) : most);
}

/** Runs requests in WebCrypto. It keeps a CryptoKey for each session; these keys cannot be exported. */
export class SubtleWork {
  readonly #subtle: SubtleCrypto;
  readonly #keys = new Map<bigint, Promise<CryptoKey>>();

  constructor(subtle: SubtleCrypto) {
    this.#subtle = subtle;
  }

  forgetKey(session: bigint): void {
    this.#keys.delete(session);
  }

  forgetKeys(): void {
    this.#keys.clear();
  }

  /** Runs a request. Rejects with WebCrypto's error if it refuses the request. */
  async run(request: SubtleRequest): Promise<SubtleResult> {
    const { cipher, digest } = request.algorithms;
    const hash = digest && HASHES[digest];
    if (hash) return done(await this.#subtle.digest(hash, request.source), request.resultBytes);
    const key = await this.#keyOf(request);
    if (digest) return done(await this.#subtle.sign('HMAC', key, request.source), request.resultBytes);
    if (cipher === 'gcm') return this.#gcm(key, request);
    return cipher === 'aes-ctr' ? this.#ctr(key, request) : done(await this.#cbc(key, request), request.source.length);
  }

  #keyOf({ session, key, algorithms: { cipher, digest } }: SubtleRequest): Promise<CryptoKey> {
    const known = this.#keys.get(session);
    if (known) return known;
    const made = digest
      ? this.#subtle.importKey('raw', key, { name: 'HMAC', hash: HMACS[digest] ?? '' }, false, ['sign'])
      : this.#subtle.importKey('raw', key, CIPHERS[cipher ?? 'aes-cbc'] ?? '', false, ['encrypt', 'decrypt']);
    // A refused import is kept, too: it is refused for the next request of the session.
    if (session !== 0n) this.#keys.set(session, made);
    return made;
  }

  async #ctr(key: CryptoKey, { iv, source }: SubtleRequest): Promise<SubtleResult> {
    const pieces: Promise<ArrayBuffer>[] = [];
    for (let at = 0; at < source.length; at += PIECE_BYTES) {
      // The counter has all 128 bits, as in the device.
      const parameters = { name: 'AES-CTR', counter: counterAfter(iv, at / BLOCK), length: 8 * BLOCK };
      pieces.push(this.#subtle.encrypt(parameters, key, source.subarray(at, at + PIECE_BYTES)));
    }
    return { status: CRYPTO_OK, parts: (await Promise.all(pieces)).map((piece) => new Uint8Array(piece)) };
  }

  /** AES-CBC. WebCrypto always pads; the device never does. */
  async #cbc(key: CryptoKey, { iv, source, algorithms: { decrypts } }: SubtleRequest): Promise<ArrayBuffer> {
    const name = 'AES-CBC';
    // Encryption appends a block of padding. The caller cuts it off.
    if (!decrypts) return this.#subtle.encrypt({ name, iv }, key, source);
    // Decryption needs a block of padding at the end. Encrypting no bytes, with the last block as the IV, makes one.
    const padding = await this.#subtle.encrypt({ name, iv: source.subarray(-BLOCK) }, key, NOTHING);
    const padded = new Uint8Array(source.length + BLOCK);
    padded.set(source);
    padded.set(new Uint8Array(padding), source.length);
    return this.#subtle.decrypt({ name, iv }, key, padded);
  }

  async #gcm(key: CryptoKey, { iv, aad, source, tagBytes, algorithms }: SubtleRequest): Promise<SubtleResult> {
    const parameters = { name: 'AES-GCM', iv, additionalData: aad, tagLength: 8 * tagBytes };
    if (!algorithms.decrypts) {
      return done(await this.#subtle.encrypt(parameters, key, source), source.length + tagBytes);
    }
    try {
      return done(await this.#subtle.decrypt(parameters, key, source), source.length - tagBytes);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'OperationError') {
        return { status: CRYPTO_BADMSG, parts: [] };
      }
      throw error;
    }
  }
}

function done(result: ArrayBuffer, bytes: number): SubtleResult {
  return { status: CRYPTO_OK, parts: [new Uint8Array(result, 0, bytes)] };
}

/** The 128-bit counter `blocks` blocks after `iv`. */
function counterAfter(iv: Bytes, blocks: number): Bytes {
  if (blocks === 0) return iv;
  const counter = iv.slice();
  let carry = blocks;
  for (let i = BLOCK - 1; i >= 0 && carry > 0; i--) {
    carry += counter[i] ?? 0;
    counter[i] = carry & 0xff;
    carry = Math.floor(carry / 256);
  }
  return counter;
}

/** WebCrypto, if there is one. A page has it only over https, or from localhost. */
export function subtleCrypto(): SubtleCrypto | undefined {
  return globalThis.crypto?.subtle;
}
