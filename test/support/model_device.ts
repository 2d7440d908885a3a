// A second reading of data requests (5.9.7.3 to 5.9.7.7) and of docs/parameters.md, in TypeScript over the oracle: what the
// engine must answer to any bytes at all.
import * as spec from '../../spec/crypto.ts';
import type { AlgorithmName } from '../../spec/names.ts';
import { AEADS, CIPHERS, cipherLength, HASHES, longestText, MACS } from './algorithms.ts';
import {
  aeadNamed,
  cipherNamed,
  type Failure,
  hashNamed,
  type ModelSession,
  macNamed,
  offers,
  sessionFailure,
  sessionOfRequest,
  viewOf,
} from './model_session.ts';
import { cipherResult, hashResult, macResult, nestedHashResult, opened, sealed } from './oracle.ts';

export interface ModelDevice {
  offered: readonly AlgorithmName[];
  revision1: boolean;
  /** Whether the stateless mode of every service was negotiated. */
  stateless: boolean;
  maxRequestBytes: number;
  sessions: ReadonlyMap<bigint, ModelSession>;
}

/** The result, a failure, or a request that cannot even be answered. */
export type ModelAnswer = Uint8Array | Failure | 'needs reset';

const OPCODES = [
  spec.CIPHER_ENCRYPT,
  spec.CIPHER_DECRYPT,
  spec.HASH,
  spec.MAC,
  spec.AEAD_ENCRYPT,
  spec.AEAD_DECRYPT,
] as const;

/** Bytes of header and fixed-length fields. */
export function headerBytesOf(service: number, { revision1, stateless }: ModelDevice): number {
  if (!revision1) return 72;
  if (service === spec.SERVICE_CIPHER) return stateless ? 100 : 72;
  if (service === spec.SERVICE_AEAD) return stateless ? 56 : 48;
  return stateless ? 40 : 32;
}

/** What becomes of a request whose chain has these readable bytes and so many writable ones. */
export function answerTo(request: Uint8Array, writableBytes: number, device: ModelDevice): ModelAnswer {
  if (request.length < (device.revision1 ? 24 : 72) || writableBytes < 1) return 'needs reset';
  const view = viewOf(request);
  const opcode = view.getUint32(spec.DATA_OPCODE, true);
  const service = opcode >>> 8;
  if (!OPCODES.some((known) => known === opcode) || !offers(service, device.offered)) return 'notsupp';
  const headerBytes = headerBytesOf(service, device);
  if (request.length < headerBytes) return 'needs reset';

  let session: ModelSession | undefined;
  let content = request.subarray(headerBytes);
  if (!device.revision1 || view.getUint32(spec.DATA_FLAG, true) & spec.FLAG_SESSION_MODE) {
    session = device.sessions.get(view.getBigUint64(spec.DATA_SESSION_ID, true));
    if (!session || session.service !== service) return 'invsess';
    if (service === spec.SERVICE_CIPHER) {
      const opType = view.getUint32(device.stateless ? spec.STATELESS_SYM_OP_TYPE : spec.DATA_SYM_OP_TYPE, true);
      if (opType !== spec.SYM_OP_CIPHER && opType !== spec.SYM_OP_ALGORITHM_CHAINING) return 'notsupp';
      if (opType !== session.opType) return 'err';
    }
  } else {
    if (!device.stateless) return 'notsupp';
    session = sessionOfRequest(request, headerBytes);
    const failure = sessionFailure(session, device.offered);
    if (failure) return failure;
    const keys = session.keyBytes + session.authKeyBytes;
    if (keys > content.length) return 'err';
    content = content.subarray(keys);
  }
  const decrypts = opcode === spec.CIPHER_DECRYPT || opcode === spec.AEAD_DECRYPT;
  const direction = decrypts ? spec.DIRECTION_DECRYPT : spec.DIRECTION_ENCRYPT;
  if ((service === spec.SERVICE_CIPHER || service === spec.SERVICE_AEAD) && session.direction !== direction)
    return 'err';
  return run({ view, content, room: writableBytes - 1, session, device });
}

interface Running {
  view: DataView;
  content: Uint8Array;
  room: number;
  session: ModelSession;
  device: ModelDevice;
}

function run(running: Running): ModelAnswer {
  const { session } = running;
  if (session.service === spec.SERVICE_AEAD) return runAead(running);
  if (session.service !== spec.SERVICE_CIPHER) return runAuth(running);
  return session.opType === spec.SYM_OP_CIPHER ? runCipher(running) : runChain(running);
}

/** Whether the content is within max_size and the chain has what the lengths say. */
function carries(
  { content, room, device }: Running,
  readable: readonly number[],
  writable: readonly number[],
): boolean {
  const sum = (lengths: readonly number[]) => lengths.reduce((total, length) => total + length, 0);
  const all = sum(readable) + sum(writable);
  return all <= device.maxRequestBytes && sum(readable) <= content.length && sum(writable) <= room;
}

/** The parts of the content, one behind the other. */
function parts(content: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return content.slice(at - length, at);
  });
}

const word = (view: DataView, offset: number, index: number): number => view.getUint32(offset + 4 * index, true);

function runCipher(running: Running): ModelAnswer {
  const { view, content, session, device } = running;
  const at = device.stateless ? spec.STATELESS_CIPHER_IV_LEN : spec.DATA_CIPHER_IV_LEN;
  const [ivBytes, sourceBytes, resultBytes] = [word(view, at, 0), word(view, at, 1), word(view, at, 2)];
  const name = cipherNamed(session.algo, device.offered);
  if (!name || !carries(running, [ivBytes, sourceBytes], [resultBytes])) return 'err';
  if (resultBytes !== sourceBytes || !takes(name, ivBytes, sourceBytes)) return 'err';
  const [iv, source] = parts(content, [ivBytes, sourceBytes]);
  if (!iv || !source) return 'err';
  return cipherResult(name, directionOf(session), session.key, iv, source);
}

function takes(name: keyof typeof CIPHERS, ivBytes: number, bytes: number): boolean {
  return ivBytes === CIPHERS[name].iv && cipherLength(name, bytes) === bytes;
}

const directionOf = ({ direction }: ModelSession) =>
  direction === spec.DIRECTION_ENCRYPT ? ('encrypt' as const) : ('decrypt' as const);

function runAuth(running: Running): ModelAnswer {
  const { view, content, session, device } = running;
  const stateless = session.service === spec.SERVICE_HASH ? spec.STATELESS_HASH_SRC_LEN : spec.STATELESS_MAC_SRC_LEN;
  const at = device.stateless ? stateless : spec.DATA_AUTH_SRC_LEN;
  const [sourceBytes, resultBytes] = [word(view, at, 0), word(view, at, 1)];
  if (!carries(running, [sourceBytes], [resultBytes])) return 'err';
  return digest(session, device, content.slice(0, sourceBytes), resultBytes) ?? 'err';
}

/** The digest of a session's hash or MAC, or undefined where it cannot be. */
function digest(
  session: ModelSession,
  device: ModelDevice,
  message: Uint8Array,
  bytes: number,
): Uint8Array | undefined {
  if (bytes === 0 || (session.resultBytes !== 0 && bytes > session.resultBytes)) return undefined;
  const isMac =
    session.service === spec.SERVICE_MAC ||
    (session.service === spec.SERVICE_CIPHER && session.hashMode === spec.HASH_MODE_AUTH);
  if (isMac) {
    const name = macNamed(session.authAlgo, device.offered);
    if (!name || bytes > MACS[name].bytes || message.length < MACS[name].least) return undefined;
    return macResult(name, session.authKey, message, bytes);
  }
  const name = hashNamed(session.authAlgo, device.offered);
  if (!name || bytes > (HASHES[name] ?? bytes)) return undefined;
  const nested = session.service === spec.SERVICE_CIPHER && session.hashMode === spec.HASH_MODE_NESTED;
  return nested ? nestedHashResult(name, session.authKey, message, bytes) : hashResult(name, message, bytes);
}

function runAead(running: Running): ModelAnswer {
  const { view, content, session, device } = running;
  const [ivAt, tagAt, aadAt, sourceAt, resultAt] = device.stateless
    ? [
        spec.STATELESS_AEAD_IV_LEN,
        spec.STATELESS_AEAD_TAG_LEN,
        spec.STATELESS_AEAD_AAD_LEN,
        spec.STATELESS_AEAD_SRC_LEN,
        spec.STATELESS_AEAD_DST_LEN,
      ]
    : [
        spec.DATA_AEAD_IV_LEN,
        spec.DATA_AEAD_TAG_LEN,
        spec.DATA_AEAD_AAD_LEN,
        spec.DATA_AEAD_SRC_LEN,
        spec.DATA_AEAD_DST_LEN,
      ];
  const read = (offset: number) => view.getUint32(offset, true);
  const [ivBytes, tagBytes, aadBytes, sourceBytes, resultBytes] = [
    read(ivAt),
    read(tagAt),
    read(aadAt),
    read(sourceAt),
    read(resultAt),
  ];
  const name = aeadNamed(session.algo, device.offered);
  // CCM's nonce stands in 16 bytes, behind one that is reserved.
  const ivField = name === 'ccm' ? spec.CCM_IV_BYTES : ivBytes;
  if (!name || !carries(running, [ivBytes, sourceBytes, aadBytes], [resultBytes])) return 'err';
  if (!AEADS[name].ivs.includes(ivBytes) || tagBytes !== session.resultBytes) return 'err';
  if (ivField + sourceBytes + aadBytes > content.length) return 'err';
  const encrypts = session.direction === spec.DIRECTION_ENCRYPT;
  const text = encrypts ? sourceBytes : sourceBytes - tagBytes;
  if (text < 0 || text > longestText(name, ivBytes) || resultBytes < (encrypts ? text + tagBytes : text)) return 'err';
  const [field, source, aad] = parts(content, [ivField, sourceBytes, aadBytes]);
  if (!field || !source || !aad) return 'err';
  const iv = name === 'ccm' ? field.slice(1, 1 + ivBytes) : field;
  if (encrypts) return sealed(name, session.key, iv, aad, source, tagBytes);
  return opened(name, session.key, iv, aad, source, tagBytes) ?? 'badmsg';
}

function runChain(running: Running): ModelAnswer {
  const { view, content, session, device } = running;
  const at = device.stateless ? spec.STATELESS_CHAIN_IV_LEN : spec.DATA_CHAIN_IV_LEN;
  const field = (index: number) => word(view, at, index);
  const [ivBytes, sourceBytes, destinationBytes, aadBytes, resultBytes] = [
    field(0),
    field(1),
    field(2),
    field(7),
    field(8),
  ];
  const cipher = { start: field(3), end: field(3) + field(4) };
  const hash = { start: field(5), end: field(5) + field(6) };
  const name = cipherNamed(session.algo, device.offered);
  if (!name || !carries(running, [ivBytes, sourceBytes, aadBytes], [destinationBytes, resultBytes])) return 'err';
  if (destinationBytes !== sourceBytes || cipher.end > sourceBytes || hash.end > sourceBytes) return 'err';
  if (!takes(name, ivBytes, field(4))) return 'err';
  const aadFirst = device.stateless || !device.revision1;
  const [iv, second, third] = parts(content, [
    ivBytes,
    ...(aadFirst ? [aadBytes, sourceBytes] : [sourceBytes, aadBytes]),
  ]);
  if (!iv || !second || !third) return 'err';
  const [source, aad] = aadFirst ? [third, second] : [second, third];
  const after = source.slice();
  const window = source.slice(cipher.start, cipher.end);
  after.set(cipherResult(name, directionOf(session), session.key, iv, window), cipher.start);
  const hashed = session.order === spec.CHAIN_CIPHER_THEN_HASH ? after : source;
  const message = new Uint8Array(Buffer.concat([aad, hashed.subarray(hash.start, hash.end)]));
  const tail = digest(session, device, message, resultBytes);
  return tail ? new Uint8Array(Buffer.concat([after, tail])) : 'err';
}
