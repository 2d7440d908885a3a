import * as spec from '../../spec/crypto.ts';
import type { AeadAlgorithm, CipherAlgorithm, HashAlgorithm, MacAlgorithm } from '../../spec/names.ts';
import type { ServiceName } from '../../spec/services.ts';
import { checkBytes, checkLength, checkSessionParameters } from './check.ts';
import {
  aeadOperation,
  authOperation,
  type ChainData,
  chainOperation,
  cipherOperation,
  type OperationChain,
  type RequestMode,
  statelessFeature,
  type Window,
} from './operations.ts';
import { resultBytes } from './results.ts';
import { RingDriver } from './ring_driver.ts';
import {
  type AeadSession,
  type ChainHash,
  type ChainOrder,
  type ChainSession,
  type CipherSession,
  createSessionRequest,
  destroySessionHeader,
  type SessionParameters,
  serviceOf,
} from './sessions.ts';
import { type Status, statusName } from './status.ts';
import type { Direction } from './wire.ts';

/** What every request may say. */
export interface RequestOptions {
  /** In stateless mode (5.9.7): the keys go with the request, no session is made. Needs the layout 'revision1'. Default false. */
  stateless?: boolean;
  /** Data queue. Default 0. */
  queue?: number;
  /** Hold the notification back, until notify() or a later request sends it. */
  hold?: boolean;
}

export interface CipherRequest extends RequestOptions {
  algorithm: CipherAlgorithm;
  direction: Direction;
  key: Uint8Array;
  iv: Uint8Array;
  data: Uint8Array;
}

export interface HashRequest extends RequestOptions {
  algorithm: HashAlgorithm;
  data: Uint8Array;
  /** hash_result_len. Default: the algorithm's own. */
  length?: number;
}

export interface MacRequest extends RequestOptions {
  algorithm: MacAlgorithm;
  key: Uint8Array;
  data: Uint8Array;
  /** hash_result_len. Default: the algorithm's own. */
  length?: number;
}

export interface AeadRequest extends RequestOptions {
  algorithm: AeadAlgorithm;
  direction: Direction;
  key: Uint8Array;
  /** The nonce. */
  iv: Uint8Array;
  aad?: Uint8Array;
  /** Decryption: the ciphertext, then the tag. */
  data: Uint8Array;
  /** Default 16. */
  tagLength?: number;
}

export interface ChainRequest extends RequestOptions {
  order: ChainOrder;
  direction: Direction;
  cipher: { algorithm: CipherAlgorithm; key: Uint8Array; iv: Uint8Array } & Window;
  hash: ChainHash & Window;
  aad?: Uint8Array;
  data: Uint8Array;
}

export interface Result {
  status: Status;
  /** Empty unless the status is ok. */
  data: Uint8Array;
}

export interface ChainResult extends Result {
  digest: Uint8Array;
}

/** A session that the device made, and what it was made of. */
export interface OpenSession<Parameters extends SessionParameters = SessionParameters> {
  status: Status;
  /** 0 unless the status is ok. */
  id: bigint;
  parameters: Parameters;
}

/** The guest's side of the device: a driver after the specification (3.1, 5.9), for tests, benchmarks and teaching. */
export class CryptoDriver extends RingDriver {
  /**
   * Makes a session (5.9.7.2.1).
   * @throws TypeError or RangeError that names a parameter, its value and what it may be, as all requests do
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

  /** Makes a CIPHER session of one cipher. */
  createCipherSession(
    algorithm: CipherAlgorithm,
    direction: Direction,
    key: Uint8Array,
  ): Promise<OpenSession<CipherSession>> {
    return this.createSession({ service: 'cipher', algorithm, direction, key });
  }

  /** Closes a session (5.9.7.2.1). */
  async destroySession(id: bigint, service: ServiceName = 'cipher'): Promise<Status> {
    const { writable } = await this.submit({
      queue: this.controlQueue,
      readable: [destroySessionHeader(service, id, this.#revision1)],
      writable: [spec.STATUS_BYTES],
    });
    return statusName(viewOf(writable[0]).getUint8(0));
  }

  /** A CIPHER request in an open session. */
  async cipherInSession(
    id: bigint,
    request: Pick<CipherRequest, 'algorithm' | 'direction' | 'iv' | 'data' | 'queue' | 'hold'>,
  ): Promise<Result> {
    const { algorithm, direction, iv, data } = request;
    const parameters = { service: 'cipher', algorithm, direction, key: new Uint8Array() } as const;
    return this.#run(cipherOperation(parameters, { iv, data }, this.#mode(parameters, id)), request);
  }

  /** Encrypts or decrypts, in a session of its own unless stateless. */
  async cipher(request: CipherRequest): Promise<Result> {
    const { algorithm, direction, key, iv, data } = request;
    checkBytes('iv', iv);
    checkBytes('data', data);
    const parameters = { service: 'cipher', algorithm, direction, key } as const;
    return this.#perform(parameters, request, (mode) => cipherOperation(parameters, { iv, data }, mode));
  }

  /** Hashes. */
  async hash(request: HashRequest): Promise<Result> {
    const { algorithm, data, length = resultBytes(algorithm) } = request;
    checkBytes('data', data);
    const parameters = { service: 'hash', algorithm, length } as const;
    return this.#perform(parameters, request, (mode) => authOperation(parameters, data, length, mode));
  }

  /** Makes a message authentication code. */
  async mac(request: MacRequest): Promise<Result> {
    const { algorithm, key, data, length = resultBytes(algorithm) } = request;
    checkBytes('data', data);
    const parameters = { service: 'mac', algorithm, key, length } as const;
    return this.#perform(parameters, request, (mode) => authOperation(parameters, data, length, mode));
  }

  /** Encrypts and appends the tag, or verifies the tag and decrypts; the status is badmsg where it is not right. */
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

  /** Runs a cipher over one window of the data and a hash or MAC over another. */
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

  /** A chained request in an open session. */
  async chainInSession(
    { id, parameters }: OpenSession<ChainSession>,
    request: ChainData,
    options: RequestOptions = {},
  ): Promise<ChainResult> {
    const length = parameters.hash.resultLength ?? resultBytes(parameters.hash.algorithm);
    const mode = this.#mode(parameters, id);
    return splitDigest(await this.#run(chainOperation(parameters, request, length, mode), options), length);
  }

  get #revision1(): boolean {
    return this.has(spec.F_REVISION_1);
  }

  #mode(parameters: SessionParameters, session?: bigint): RequestMode {
    const layout = { revision1: this.#revision1, statelessLayout: this.has(statelessFeature(parameters)) };
    return session === undefined ? layout : { ...layout, session };
  }

  /** One request, in a session that is closed behind it, or in stateless mode. */
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

  async #run({ readable, writable }: OperationChain, options: RequestOptions): Promise<Result> {
    const { queue = 0, hold = false } = options;
    if (queue === this.controlQueue) {
      throw new RangeError(`queue is ${queue}, which is the control queue: give a data queue, 0 to ${queue - 1}.`);
    }
    const { writable: written } = await this.submit({ queue, readable, writable, hold });
    const status = statusName(viewOf(written.at(-1)).getUint8(0));
    return { status, data: status === 'ok' ? joined(written.slice(0, -1)) : new Uint8Array() };
  }
}

/** Parts a chain's result from the digest behind it. */
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

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function viewOf(bytes: Uint8Array | undefined): DataView {
  if (!bytes) throw new Error('The chain has no such writable buffer.');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
