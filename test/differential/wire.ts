// A program's request as its driver writes it: the parts of its chain by their names, with whatever is wrong with them.
import * as spec from '../../spec/crypto.ts';
import {
  aeadOperation,
  akcipherOperation,
  authOperation,
  chainOperation,
  cipherOperation,
  type OperationChain,
  type RequestMode,
} from '../../src/driver/operations.ts';
import { resultBytes } from '../../src/driver/results.ts';
import type { AeadSession, ChainSession, SessionParameters } from '../../src/driver/sessions.ts';
import { AEADS, CIPHERS, cipherLength, longestText, MACS } from '../support/algorithms.ts';
import { noise } from '../support/memory.ts';
import { sealed } from '../support/oracle.ts';
import { isMac } from '../support/service_arbitraries.ts';
import { asymmetricContent } from './asymmetric.ts';
import type { RequestPlan } from './program.ts';
import { pick } from './sessions.ts';

export type ReadableName = 'header' | 'iv' | 'source' | 'aad' | 'surplus';
export type WritableName = 'result' | 'digest' | 'slack' | 'status' | 'surplus';

/** The parts of a chain, in its order. Keys of a stateless request stand behind its IV's place: they count as `iv`. */
export interface Wire {
  readable: { name: ReadableName; bytes: Uint8Array }[];
  writable: { name: WritableName; bytes: number }[];
}

/** The program's sessions: their ids, and what they are. */
export interface Opened {
  ids: readonly bigint[];
  sessions: readonly SessionParameters[];
}

/** What a session and a request come to: contents, by the names that the driver gives them. */
interface Contents {
  chain: OperationChain;
  source: Uint8Array;
  aad: Uint8Array;
}

/**
 * A request of a session.
 * @param opened the program's sessions, for a request that names another one than its own
 */
export function wireOf(plan: RequestPlan, parameters: SessionParameters, mode: RequestMode, opened: Opened): Wire {
  const { chain, source, aad } = contentsOf(plan, parameters, mode);
  const readable = chain.readable.map((bytes, index): Wire['readable'][number] => {
    if (index === 0) return { name: 'header', bytes };
    return { name: bytes === source ? 'source' : bytes === aad ? 'aad' : 'iv', bytes };
  });
  const results = chain.writable.slice(0, -1);
  const writable = results.map((bytes, index): Wire['writable'][number] => {
    const isDigest = parameters.service === 'chain' ? index === results.length - 1 : isAuth(parameters);
    return { name: isDigest ? 'digest' : 'result', bytes };
  });
  if (plan.slack > 0) writable.push({ name: 'slack', bytes: plan.slack });
  writable.push({ name: 'status', bytes: spec.STATUS_BYTES });
  const [header] = chain.readable;
  if (header) spoil(header, plan, mode, opened);
  return {
    readable: plan.wrong.kind === 'readable' ? lengthened(readable, -plan.wrong.missing) : readable,
    writable: plan.wrong.kind === 'writable' ? widened(writable, -plan.wrong.missing) : writable,
  };
}

function isAuth({ service }: SessionParameters): boolean {
  return service === 'hash' || service === 'mac';
}

/** Writes a wrong word, or a wrong session's id, into a header, unless the result would then be random. */
function spoil(header: Uint8Array, { wrong }: RequestPlan, mode: RequestMode, opened: Opened): void {
  const spoilt = Uint8Array.from(header);
  const view = new DataView(spoilt.buffer);
  if (wrong.kind === 'field') {
    const at = 4 * (wrong.word % (header.length >> 2));
    const value = wrong.add ? view.getUint32(at, true) + wrong.value : wrong.value;
    view.setUint32(at, value >>> 0, true);
  } else if (wrong.kind === 'session' && mode.session !== undefined) {
    view.setBigUint64(spec.DATA_SESSION_ID, opened.ids[wrong.session] ?? mode.session + (1n << 40n), true);
  }
  if (!hasRandomResult(view, mode, opened)) header.set(spoilt);
}

/** Whether the device fills a block with random bytes: encryption with PKCS #1 (RFC 8017, section 7.2.1). */
function hasRandomResult(header: DataView, mode: RequestMode, { ids, sessions }: Opened): boolean {
  if (header.getUint32(0, true) !== spec.AKCIPHER_ENCRYPT) return false;
  if (mode.session === undefined) return true;
  const named = sessions[ids.indexOf(header.getBigUint64(spec.DATA_SESSION_ID, true))];
  return named?.service === 'akcipher' && named.padding === 'pkcs1';
}

function lengthened(parts: Wire['readable'], more: number): Wire['readable'] {
  if (more >= 0) return [...parts, { name: 'surplus', bytes: noise(more, 3) }];
  let left = parts.reduce((sum, { bytes }) => sum + bytes.length, 0) + more;
  return parts.map(({ name, bytes }) => {
    const kept = bytes.subarray(0, Math.max(0, left));
    left -= bytes.length;
    return { name, bytes: kept };
  });
}

function widened(parts: Wire['writable'], more: number): Wire['writable'] {
  if (more >= 0) return [...parts, { name: 'surplus', bytes: more }];
  let left = parts.reduce((sum, { bytes }) => sum + bytes, 0) + more;
  return parts.map(({ name, bytes }) => {
    const kept = Math.min(bytes, Math.max(0, left));
    left -= bytes;
    return { name, bytes: kept };
  });
}

const NONE = new Uint8Array();

function contentsOf(plan: RequestPlan, parameters: SessionParameters, mode: RequestMode): Contents {
  const ivOf = (bytes: number) => {
    const length = plan.wrong.kind === 'iv' ? plan.wrong.bytes : bytes;
    return plan.highCounter ? new Uint8Array(length).fill(0xff) : noise(length, plan.seed + 1);
  };
  const dataOf = (bytes: number) => noise(bytes, plan.seed + 2);
  switch (parameters.service) {
    case 'cipher': {
      const source = dataOf(cipherLength(parameters.algorithm, plan.bytes));
      const iv = ivOf(CIPHERS[parameters.algorithm].iv);
      return { chain: cipherOperation(parameters, { iv, data: source }, mode), source, aad: NONE };
    }
    case 'hash':
    case 'mac': {
      const least = parameters.service === 'mac' ? MACS[parameters.algorithm].least : 0;
      const source = dataOf(least + plan.bytes);
      const length = resultLength(plan, parameters.length ?? resultBytes(parameters.algorithm));
      return { chain: authOperation(parameters, source, length, mode), source, aad: NONE };
    }
    case 'akcipher': {
      const content = asymmetricContent(plan, parameters);
      const { data, signature } = content;
      const chain = akcipherOperation(parameters, content, mode);
      return signature ? { chain, source: signature, aad: data } : { chain, source: data, aad: NONE };
    }
    case 'aead':
      return aeadContents(plan, parameters, mode, ivOf);
    case 'chain':
      return chainContents(plan, parameters, mode, ivOf(CIPHERS[parameters.cipher.algorithm].iv), dataOf(plan.bytes));
  }
}

function resultLength({ resultLength: length }: RequestPlan, most: number): number {
  return length === 0 ? most : 1 + ((length - 1) % most);
}

/** A decryption has a tag that is right, unless there is something wrong, or its source stands where others write. */
function aeadContents(
  plan: RequestPlan,
  parameters: AeadSession,
  mode: RequestMode,
  ivOf: (bytes: number) => Uint8Array<ArrayBuffer>,
): Contents {
  const { algorithm, direction, key, tagLength = 16 } = parameters;
  const { ivs, keys } = AEADS[algorithm];
  const iv = ivOf(pick(ivs, plan.iv));
  const aad = noise(plan.aad, plan.seed + 3);
  const plaintext = noise(Math.min(plan.bytes, longestText(algorithm, iv.length)), plan.seed + 2);
  let source = plaintext;
  if (direction === 'decrypt') {
    const possible = keys.includes(key.length) && ivs.includes(iv.length);
    source = possible
      ? new Uint8Array(sealed(algorithm, key, iv, aad, plaintext, tagLength))
      : noise(plaintext.length + tagLength, plan.seed);
    const bit = plan.changedBit % (8 * source.length);
    if (plan.changedBit >= 0) source[bit >> 3] = (source[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return { chain: aeadOperation(parameters, { iv, aad, data: source }, mode), source, aad };
}

function chainContents(
  plan: RequestPlan,
  parameters: ChainSession,
  mode: RequestMode,
  iv: Uint8Array,
  source: Uint8Array,
): Contents {
  const { cipher, hash } = parameters;
  const cipherWindow = windowOf(source.length, plan.windows[0], plan.windows[1]);
  const cipherBytes = cipherLength(cipher.algorithm, cipherWindow.length);
  const hashWindow = windowOf(source.length, plan.windows[2], plan.windows[3]);
  // What some MACs demand at a message's start.
  const least = isMac(hash.algorithm) ? MACS[hash.algorithm].least : 0;
  const aad = noise(Math.max(plan.aad, least - hashWindow.length), plan.seed + 3);
  const request = {
    iv,
    data: source,
    aad,
    // No shorter window than the algorithm takes.
    cipherWindow: { start: cipherWindow.start, length: cipherBytes > cipherWindow.length ? 0 : cipherBytes },
    hashWindow,
  };
  const length = resultLength(plan, hash.resultLength ?? resultBytes(hash.algorithm));
  return { chain: chainOperation(parameters, request, length, mode), source, aad };
}

/** A stretch of data: two numbers say where, in thousandths. */
function windowOf(bytes: number, start: number, length: number): { start: number; length: number } {
  const from = Math.floor((bytes * start) / 1000);
  return { start: from, length: Math.floor(((bytes - from) * length) / 1000) };
}
