import * as spec from '../../spec/crypto.ts';
import type {
  AeadAlgorithm,
  AkcipherAlgorithm,
  CipherAlgorithm,
  HashAlgorithm,
  MacAlgorithm,
} from '../../spec/names.ts';
import type { ServiceName } from '../../spec/services.ts';
import { checkBytes, checkLength, checkSessionParameters } from './check.ts';
import {
  type AkcipherData,
  type AkcipherOperation,
  aeadOperation,
  akcipherOperation,
  authOperation,
  type ChainData,
  chainOperation,
  cipherOperation,
  ipsecOperation,
  type OperationChain,
  type RequestMode,
  statelessFeature,
  type Window,
} from './operations.ts';
import { joined, resultBytes } from './results.ts';
import { RingDriver } from './ring_driver.ts';
import {
  type AeadSession,
  type AkcipherSession,
  type ChainHash,
  type ChainOrder,
  type ChainSession,
  type CipherSession,
  createSessionRequest,
  destroySessionHeader,
  type EcdsaCurve,
  type KeyType,
  type RsaHash,
  type RsaPadding,
  type SessionParameters,
  serviceOf,
} from './sessions.ts';
import { type Status, statusName } from './status.ts';
import type { Direction } from './wire.ts';

/** Bytes of the longest modulus. */
const AKCIPHER_RESULT_BYTES = 1024;
/** More than any mode adds to a packet: outer header 40, UDP 8, ESP header 8, IV 16, padding and trailer 17, ICV 32. */
const IPSEC_ADDED_BYTES = 128;

/** Options of every request. */
export interface RequestOptions {
  /** Whether the request is in stateless mode (5.9.7.3): it carries the keys. Needs the layout 'revision1'. Default false: a session. */
  stateless?: boolean;
  /** Number of the data queue, from 0. Default 0. */
  queue?: number;
  /** Whether the notification is held back, until notify() or a later request sends it. Default false. */
  hold?: boolean;
}

/** A request of the CIPHER service (5.9.7.6). */
export interface CipherRequest extends RequestOptions {
  algorithm: CipherAlgorithm;
  direction: Direction;
  /**
   * The key. AES: 16, 24 or 32 bytes; aes-xts: 32 or 64; aes-f8: key and mask, 32, 48 or 64; DES: 8; 3DES: 16 or 24; arc4: 1 to 256;
   * others: 16.
   */
  key: Uint8Array;
  /** The IV or initial counter: 16 bytes; DES, 3DES and kasumi-f8: 8 bytes; ECB and arc4: none. */
  iv: Uint8Array;
  /** The source. ECB and CBC: whole blocks of 16 bytes, DES and 3DES of 8; aes-xts: at least 16 bytes. */
  data: Uint8Array;
}

/** A request of the HASH service (5.9.7.4). */
export interface HashRequest extends RequestOptions {
  algorithm: HashAlgorithm;
  /** The message, of any length. */
  data: Uint8Array;
  /** hash_result_len: length of the result in bytes, at most the algorithm's own; SHAKE gives any length. Default: the algorithm's own. */
  length?: number;
}

/** A request of the MAC service (5.9.7.5). */
export interface MacRequest extends RequestOptions {
  algorithm: MacAlgorithm;
  /** The key. HMAC: any length; cmac-3des: 16 or 24 bytes; other AES and Twofish: 16, 24 or 32; xcbc-aes, KASUMI, SNOW 3G and ZUC: 16. */
  key: Uint8Array;
  /** The message. GMAC expects its IV (12 bytes) in front of it; snow3g-uia2 and zuc-eia3 theirs (16); kasumi-f9 COUNT and FRESH (8). */
  data: Uint8Array;
  /** hash_result_len: length of the result in bytes, at most the algorithm's own. Default: the algorithm's own. */
  length?: number;
}

/** A request of the AEAD service (5.9.7.7). */
export interface AeadRequest extends RequestOptions {
  algorithm: AeadAlgorithm;
  direction: Direction;
  /** The key. AES-GCM and AES-CCM: 16, 24 or 32 bytes; ChaCha20-Poly1305: 32. */
  key: Uint8Array;
  /** The nonce. GCM: 12 bytes, or 16 that are J0 itself; CCM: 7 to 13; ChaCha20-Poly1305: 12. */
  iv: Uint8Array;
  /** Additional authenticated data. Default: none. */
  aad?: Uint8Array;
  /** The text. For decryption: the ciphertext, followed by the tag. */
  data: Uint8Array;
  /** Length of the tag in bytes. GCM: 4, 8 or 12 to 16; CCM: an even number from 4 to 16; ChaCha20-Poly1305: 16. Default 16. */
  tagLength?: number;
}

/** A request of algorithm chaining: a cipher and a hash or MAC over the same source (5.9.7.6). */
export interface ChainRequest extends RequestOptions {
  order: ChainOrder;
  direction: Direction;
  /** The cipher, with key and IV as in CipherRequest. Its window says which bytes of `data` it covers. */
  cipher: { algorithm: CipherAlgorithm; key: Uint8Array; iv: Uint8Array } & Window;
  /** The hash or MAC. Its window says which bytes of `data` it covers. */
  hash: ChainHash & Window;
  /** Data that is hashed in front of the window. Default: none. */
  aad?: Uint8Array;
  /** The source. */
  data: Uint8Array;
}

/** A request of the AKCIPHER service (5.9.7.8). */
export interface AkcipherOptions extends RequestOptions {
  algorithm: AkcipherAlgorithm;
  operation: AkcipherOperation;
  keyType: KeyType;
  /**
   * RSA: RSAPublicKey or RSAPrivateKey in DER (RFC 8017, appendix A.1). ECDSA: the octets of an uncompressed point (SEC 1, section 2.3.3),
   * or ECPrivateKey in DER (RFC 5915).
   */
  key: Uint8Array;
  /** The curve of ECDSA. Default 'p-256'. */
  curve?: EcdsaCurve;
  /** Of RSA. Default 'raw', which cannot sign or verify. */
  padding?: RsaPadding;
  /** The hash of an RSA signature with padding. Default 'none'. */
  hash?: RsaHash;
  /** The source; to sign and to verify: the signed value, a digest unless `hash` is 'none'. */
  data: Uint8Array;
  /** The signature to verify. */
  signature?: Uint8Array;
  /** Room for the result in bytes. Default 1024, as long as the longest modulus. A raw result fills it. */
  length?: number;
}

/** A request of the IPSEC service (virtio 1.4, 5.9.7.9). */
export interface IpsecRequest {
  direction: 'outbound' | 'inbound';
  /** Id of the security association, from 0 on: each direction has its own. */
  association: number | bigint;
  /** The packet, from its IP header on. Outbound: as it is. Inbound: with ESP or AH. */
  data: Uint8Array;
  /** Room for the result in bytes. Default: enough for any mode and algorithm. */
  length?: number;
  queue?: number;
  hold?: boolean;
}

/** The result of a request. */
export interface Result {
  status: Status;
  /** The device's result. Empty unless the status is 'ok' or 'soft-expiry'. */
  data: Uint8Array;
}

/** The result of a chained request: `data` is as long as the source. */
export interface ChainResult extends Result {
  /** The hash or MAC. Empty unless the status is 'ok'. */
  digest: Uint8Array;
}

/** The device's answer to a request for a session, with the session's parameters. */
export interface OpenSession<Parameters extends SessionParameters = SessionParameters> {
  /** 'ok' if the session is open. */
  status: Status;
  /** The session's id; 0 unless the status is 'ok'. */
  id: bigint;
  parameters: Parameters;
}

/**
 * The guest's side of the device: a driver after the specification (3.1, 5.9), for tests, benchmarks and teaching.
 *
 * All requests resolve when the device has completed them. They reject with a TypeError or RangeError that names a wrong parameter, its
 * value and what it may be; with a RangeError if the queue or the driver's memory is full, or the queue is the control queue or does not
 * exist; with an Error if a stateless mode was not negotiated; and with a BrokenQueueError if the device breaks the queue. A request that
 * the device refuses does not reject: its status is not 'ok'.
 */
export class CryptoDriver extends RingDriver {
  /**
   * Makes a session (5.9.7.2.1). The status of the answer says whether the device made it.
   * @throws TypeError or RangeError that names a wrong parameter, its value and what it may be
   */
  async createSession<Parameters extends SessionParameters>(parameters: Parameters): Promise<OpenSession<Parameters>> {
    checkSessionParameters(parameters);
    const { header, readable: keys } = createSessionRequest(parameters, this.#revision1);
    const { writable } = await this.submit({
      queue: this.controlQueue,
      readable: [header, ...keys],
      writable: [spec.CREATE_INPUT_BYTES],
    });
    const input = viewOf(writable[0]);
    return {
      status: statusName(input.getUint32(spec.CREATE_INPUT_STATUS, true)),
      id: input.getBigUint64(spec.CREATE_INPUT_SESSION_ID, true),
      parameters,
    };
  }

  /** Makes a CIPHER session of one cipher: createSession() with fewer words. */
  createCipherSession(
    algorithm: CipherAlgorithm,
    direction: Direction,
    key: Uint8Array,
  ): Promise<OpenSession<CipherSession>> {
    return this.createSession({ service: 'cipher', algorithm, direction, key });
  }

  /**
   * Closes a session (5.9.7.2.1).
   * @param service the service that the session was made for; 'cipher' for a chain
   */
  async destroySession(id: bigint, service: ServiceName = 'cipher'): Promise<Status> {
    const { writable } = await this.submit({
      queue: this.controlQueue,
      readable: [destroySessionHeader(service, id, this.#revision1)],
      writable: [spec.STATUS_BYTES],
    });
    return statusName(viewOf(writable[0]).getUint8(0));
  }

  /**
   * Runs a CIPHER request in an open session (5.9.7.6).
   * @param id the session's id
   * @param request algorithm and direction as in the session. They, `iv` and `data` are not checked before the device sees them
   */
  async cipherInSession(
    id: bigint,
    request: Pick<CipherRequest, 'algorithm' | 'direction' | 'iv' | 'data' | 'queue' | 'hold'>,
  ): Promise<Result> {
    const { algorithm, direction, iv, data } = request;
    const parameters = { service: 'cipher', algorithm, direction, key: new Uint8Array() } as const;
    return this.#run(cipherOperation(parameters, { iv, data }, this.#mode(parameters, id)), request);
  }

  /** Encrypts or decrypts (5.9.7.6), in a session of its own unless stateless. */
  async cipher(request: CipherRequest): Promise<Result> {
    const { algorithm, direction, key, iv, data } = request;
    checkBytes('iv', iv);
    checkBytes('data', data);
    const parameters = { service: 'cipher', algorithm, direction, key } as const;
    return this.#perform(parameters, request, (mode) => cipherOperation(parameters, { iv, data }, mode));
  }

  /** Hashes (5.9.7.4), in a session of its own unless stateless. */
  async hash(request: HashRequest): Promise<Result> {
    const { algorithm, data, length = resultBytes(algorithm) } = request;
    checkBytes('data', data);
    const parameters = { service: 'hash', algorithm, length } as const;
    return this.#perform(parameters, request, (mode) => authOperation(parameters, data, length, mode));
  }

  /** Computes a message authentication code (5.9.7.5), in a session of its own unless stateless. */
  async mac(request: MacRequest): Promise<Result> {
    const { algorithm, key, data, length = resultBytes(algorithm) } = request;
    checkBytes('data', data);
    const parameters = { service: 'mac', algorithm, key, length } as const;
    return this.#perform(parameters, request, (mode) => authOperation(parameters, data, length, mode));
  }

  /**
   * Encrypts and appends the tag, or verifies the tag and decrypts (5.9.7.7). The status is 'badmsg' if the tag is wrong. In a session of
   * its own unless stateless.
   */
  async aead(request: AeadRequest): Promise<Result> {
    const { algorithm, direction, key, tagLength = 16, aad = new Uint8Array() } = request;
    checkBytes('iv', request.iv);
    checkBytes('data', request.data);
    checkBytes('aad', aad);
    const parameters: AeadSession = {
      service: 'aead',
      algorithm,
      direction,
      key,
      tagLength,
      aadLength: aad.length,
    };
    return this.#perform(parameters, request, (mode) => aeadOperation(parameters, request, mode));
  }

  /** Runs a cipher over one window of the data, and a hash or MAC over another (5.9.7.6). In a session of its own unless stateless. */
  async chain(request: ChainRequest): Promise<ChainResult> {
    const { order, direction, cipher, hash, aad = new Uint8Array(), data } = request;
    const parameters: ChainSession = { service: 'chain', order, direction, cipher, hash, aadLength: aad.length };
    checkSessionParameters(parameters);
    checkBytes('cipher.iv', cipher.iv);
    checkBytes('data', data);
    checkBytes('aad', aad);
    checkWindow('cipher', cipher);
    checkWindow('hash', hash);
    const length = hash.resultLength ?? resultBytes(hash.algorithm);
    const operation = { iv: cipher.iv, data, aad, cipherWindow: windowOf(cipher), hashWindow: windowOf(hash) };
    const result = await this.#perform(parameters, request, (mode) =>
      chainOperation(parameters, operation, length, mode),
    );
    return splitDigest(result, length);
  }

  /**
   * Runs a chained request in an open session (5.9.7.6).
   * @param session the answer of createSession()
   * @param request its fields are not checked before the device sees them
   */
  async chainInSession(
    { id, parameters }: OpenSession<ChainSession>,
    request: ChainData,
    options: RequestOptions = {},
  ): Promise<ChainResult> {
    const length = parameters.hash.resultLength ?? resultBytes(parameters.hash.algorithm);
    const mode = this.#mode(parameters, id);
    return splitDigest(await this.#run(chainOperation(parameters, request, length, mode), options), length);
  }

  /**
   * Encrypts, decrypts, signs or verifies (5.9.7.8), in a session of its own unless stateless. The result is as long as the used element
   * says. The status is 'key-rejected' if a signature is wrong.
   */
  async akcipher(request: AkcipherOptions): Promise<Result> {
    const { algorithm, keyType, key, operation, data, signature, length = AKCIPHER_RESULT_BYTES } = request;
    checkBytes('data', data);
    if (signature !== undefined) checkBytes('signature', signature);
    checkLength('length', length);
    const parameters: AkcipherSession = {
      service: 'akcipher',
      algorithm,
      keyType,
      key,
      ...(request.padding && { padding: request.padding }),
      ...(request.hash && { hash: request.hash }),
      ...(request.curve && { curve: request.curve }),
    };
    const content = { operation, data, length, ...(signature && { signature }) };
    return this.#perform(parameters, request, (mode) => akcipherOperation(parameters, content, mode));
  }

  /**
   * Runs an asymmetric request in an open session (5.9.7.8).
   * @param session the answer of createSession()
   * @param request its fields are not checked before the device sees them
   */
  async akcipherInSession(
    { id, parameters }: OpenSession<AkcipherSession>,
    request: AkcipherData,
    options: RequestOptions = {},
  ): Promise<Result> {
    return this.#run(akcipherOperation(parameters, request, this.#mode(parameters, id)), options);
  }

  /**
   * Protects a packet, or checks and unwraps one (5.9.7.9). The result is as long as the used element says. The status is 'badmsg' if the
   * integrity check fails.
   */
  async ipsec(request: IpsecRequest): Promise<Result> {
    const { direction, association, data } = request;
    checkBytes('data', data);
    const { length = data.length + (direction === 'outbound' ? IPSEC_ADDED_BYTES : 0) } = request;
    checkLength('length', length);
    const mode = { revision1: this.#revision1, statelessLayout: false, session: BigInt(association) };
    return this.#run(ipsecOperation({ direction, data, length }, mode), request);
  }

  get #revision1(): boolean {
    return this.has(spec.F_REVISION_1);
  }

  #mode(parameters: SessionParameters, session?: bigint): RequestMode {
    const layout = { revision1: this.#revision1, statelessLayout: this.has(statelessFeature(parameters)) };
    return session === undefined ? layout : { ...layout, session };
  }

  /** Runs one request, in stateless mode or in a session that is closed afterwards. */
  async #perform(
    parameters: SessionParameters,
    options: RequestOptions,
    chain: (mode: RequestMode) => OperationChain,
  ): Promise<Result> {
    if (options.stateless) {
      checkSessionParameters(parameters);
      const mode = this.#mode(parameters);
      if (!mode.statelessLayout) {
        throw new Error(
          `The stateless mode of ${serviceOf(parameters)} was not negotiated: give the driver the layout 'revision1', and offer it in the device's features.`,
        );
      }
      return this.#run(chain(mode), options);
    }
    const { status, id } = await this.createSession(parameters);
    if (status !== 'ok') return { status, data: new Uint8Array() };
    try {
      return await this.#run(chain(this.#mode(parameters, id)), options);
    } finally {
      await this.destroySession(id, serviceOf(parameters));
    }
  }

  async #run({ readable, writable, measured }: OperationChain, options: RequestOptions): Promise<Result> {
    const { queue = 0, hold = false } = options;
    if (queue === this.controlQueue) {
      throw new RangeError(`queue is ${queue}, which is the control queue: give a data queue, 0 to ${queue - 1}.`);
    }
    const { writable: written, written: used } = await this.submit({ queue, readable, writable, hold });
    const status = statusName(viewOf(written.at(-1)).getUint8(0));
    const done = status === 'ok' || status === 'soft-expiry';
    const data = done ? joined(written.slice(0, -1)) : new Uint8Array();
    return { status, data: measured ? data.subarray(0, Math.max(0, used - spec.STATUS_BYTES)) : data };
  }
}

/** Splits a chain's result into the data and the digest that follows it. */
function splitDigest({ status, data }: Result, digestBytes: number): ChainResult {
  const end = data.length - (status === 'ok' ? digestBytes : 0);
  return { status, data: data.slice(0, end), digest: data.slice(end) };
}

function checkWindow(name: string, { start, length }: Window): void {
  checkLength(`${name}.start`, start);
  checkLength(`${name}.length`, length);
}

function windowOf({ start, length }: Window): Window {
  return { ...(start === undefined ? {} : { start }), ...(length === undefined ? {} : { length }) };
}

function viewOf(bytes: Uint8Array | undefined): DataView {
  if (!bytes) throw new Error('The chain has no such writable buffer.');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
