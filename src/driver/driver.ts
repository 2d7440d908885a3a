import * as spec from '../../spec/crypto.ts';
import type { CipherAlgorithm } from '../../spec/names.ts';
import type { ServiceName } from '../../spec/services.ts';
import { checkBytes, checkLength, checkSessionParameters } from './check.ts';
import {
  type AkcipherData,
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
import type {
  AeadRequest,
  AkcipherOptions,
  ChainRequest,
  ChainResult,
  CipherRequest,
  HashRequest,
  IpsecRequest,
  MacRequest,
  OpenSession,
  RequestOptions,
  Result,
} from './requests.ts';
import { joined, resultBytes } from './results.ts';
import { RingDriver } from './ring_driver.ts';
import {
  type AeadSession,
  type AkcipherSession,
  type ChainSession,
  type CipherSession,
  createSessionRequest,
  destroySessionHeader,
  type SessionParameters,
  serviceOf,
} from './sessions.ts';
import { type Status, statusName } from './status.ts';
import type { Direction } from './wire.ts';

/** Bytes of the longest modulus. */
const AKCIPHER_RESULT_BYTES = 1024;
/** More than any mode adds to a packet: outer header 40, UDP 8, ESP header 8, IV 16, padding and trailer 17, ICV 32. */
const IPSEC_ADDED_BYTES = 128;

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
