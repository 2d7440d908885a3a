// What is timed of each algorithm: its work on data, its use of a key, and what is made of a key when a session is.
import { randomBytes } from 'node:crypto';
import { CRYPTO_BADMSG, CRYPTO_OK } from '../../dist/spec/crypto.js';
import { aeadOperation, authOperation, cipherOperation } from '../../dist/src/driver/operations.js';
import { resultBytes } from '../../dist/src/driver/results.js';
import { TimedDevice } from './device.mjs';

/** Kernels differ by length: a few blocks go another way than many. */
const SHORT = 48;
const LONG = 512;
const TAG = 16;
const SESSION_MODE = { revision1: false, statelessLayout: false, session: 0n };

const AES = { keys: [16, 24, 32], iv: 16, directions: ['encrypt', 'decrypt'] };
const TDEA = { keys: [16, 24], iv: 8, directions: ['encrypt', 'decrypt'] };
const STREAM = { keys: [16], iv: 16, directions: ['encrypt'] };
const CIPHERS = {
  'aes-ecb': { ...AES, iv: 0 },
  'aes-cbc': AES,
  'aes-ctr': { ...AES, directions: ['encrypt'] },
  'aes-xts': { ...AES, keys: [32, 64] },
  'aes-f8': { ...AES, keys: [32, 64], directions: ['encrypt'] },
  'des-ecb': { ...TDEA, keys: [8], iv: 0 },
  'des-cbc': { ...TDEA, keys: [8] },
  '3des-ecb': { ...TDEA, iv: 0 },
  '3des-cbc': TDEA,
  '3des-ctr': { ...TDEA, directions: ['encrypt'] },
  'kasumi-f8': { ...STREAM, iv: 8 },
  'snow3g-uea2': STREAM,
  'zuc-eea3': STREAM,
  arc4: { ...STREAM, iv: 0 },
};
const HASHES = [
  'md5',
  'sha1',
  'sha-224',
  'sha-256',
  'sha-384',
  'sha-512',
  'sha3-256',
  'sha3-512',
  'shake128',
  'shake256',
];
const MACS = {
  'hmac-md5': [20],
  'hmac-sha1': [20],
  'hmac-sha-224': [28],
  'hmac-sha-256': [32],
  'hmac-sha-384': [48],
  'hmac-sha-512': [64],
  'cmac-3des': [16, 24],
  'cmac-aes': [16, 24, 32],
  'cbcmac-aes': [16],
  'xcbc-aes': [16],
  'gmac-aes': [16, 32],
  'gmac-twofish': [16, 24, 32],
  'kasumi-f9': [16],
  'cbcmac-kasumi-f9': [16],
  'snow3g-uia2': [16],
  'zuc-eia3': [16],
};
const AEADS = {
  gcm: { keys: [16, 24, 32], iv: 12 },
  ccm: { keys: [16, 24, 32], iv: 12 },
  'chacha20-poly1305': { keys: [32], iv: 12 },
};
/** Timed with four requests in one notification too: all but MD5's run side by side then, in kernels of their own. */
const SIDE_BY_SIDE = ['aes-cbc', 'cmac-aes', 'hmac-md5', 'hmac-sha1', 'hmac-sha-256', 'md5', 'sha1', 'sha-256'];

/** @typedef {{ algorithm: string, what: string, make: (build: 'simd' | 'relaxed-simd') => import('./measure.mjs').Trial }} TrialOf */

/** Every trial of the engine. @returns {TrialOf[]} */
export function engineTrials() {
  return [
    ...Object.entries(CIPHERS).flatMap(([algorithm, shape]) => cipherTrials(algorithm, shape)),
    ...HASHES.flatMap((algorithm) => {
      const parameters = { service: 'hash', algorithm };
      return dataTrials(algorithm, parameters, '', [LONG], authOf(parameters, resultBytes(algorithm)));
    }),
    ...Object.entries(MACS).flatMap(([algorithm, keys]) => macTrials(algorithm, keys)),
    ...Object.entries(AEADS).flatMap(([algorithm, shape]) => aeadTrials(algorithm, shape)),
  ];
}

function cipherTrials(algorithm, { keys, iv, directions }) {
  return [
    ...directions.flatMap((direction) => {
      const parameters = { service: 'cipher', algorithm, direction, key: randomBytes(keys[0]) };
      const operation = (bytes) =>
        withData(cipherOperation(parameters, { iv: randomBytes(iv), data: randomBytes(bytes) }, SESSION_MODE), 0);
      return [
        ...dataTrials(algorithm, parameters, `${direction}, `, [SHORT, LONG], operation),
        ...useOfKey(algorithm, parameters, `${direction}, `, operation),
      ];
    }),
    ...keys.map((bytes) =>
      expansion(algorithm, { service: 'cipher', algorithm, direction: directions.at(-1), key: randomBytes(bytes) }),
    ),
  ];
}

function macTrials(algorithm, keys) {
  const parameters = { service: 'mac', algorithm, key: randomBytes(keys[0]) };
  const operation = authOf(parameters, resultBytes(algorithm));
  return [
    ...dataTrials(algorithm, parameters, '', [LONG], operation),
    ...useOfKey(algorithm, parameters, '', operation),
    ...keys.map((bytes) => expansion(algorithm, { ...parameters, key: randomBytes(bytes) })),
  ];
}

const authOf = (parameters, length) => (bytes) =>
  withData(authOperation(parameters, randomBytes(bytes), length, SESSION_MODE), 0);

/**
 * An operation's chain, and the index of the buffer that holds the data.
 * @param behind number of readable buffers that stand behind the data
 */
function withData(chain, behind) {
  return { ...chain, data: chain.readable.length - 1 - behind };
}

/** Fixed data against random data under one key. */
function dataTrials(algorithm, parameters, prefix, lengths, operation) {
  const trial = (bytes, requests) => ({
    algorithm,
    what: `${prefix}${countOf(requests, bytes)}: fixed or random data`,
    make: (build) => {
      const device = new TimedDevice(build);
      const operations = Array.from({ length: requests }, () => operation(bytes));
      const chain = device.requests(operations);
      chain.useSession(device.session(parameters, parameters.key ?? new Uint8Array()).open());
      const sources = chain.buffers.map((at, i) => at[operations[i].data]);
      const gathered = device.take(requests * bytes);
      return {
        ...placeOf(device),
        input: requests > 1 ? gathered : sources[0],
        bytes: requests * bytes,
        before: () => {
          if (requests > 1)
            for (let i = 0; i < requests; i++)
              device.memory.copyWithin(sources[i], gathered + i * bytes, gathered + (i + 1) * bytes);
          chain.offer();
        },
        run: chain.run,
        after: () => chain.check(),
      };
    },
  });
  return [...lengths.map((bytes) => trial(bytes, 1)), ...(isSideBySide(parameters) ? [trial(LONG, 4)] : [])];
}

const isSideBySide = ({ algorithm, direction }) => SIDE_BY_SIDE.includes(algorithm) && direction !== 'decrypt';
const countOf = (requests, bytes) => `${requests > 1 ? `${requests} of ` : ''}${bytes} bytes`;

/** A fixed key against random ones, of which the session was made before: what is timed is the same data's request. */
function useOfKey(algorithm, parameters, prefix, operation) {
  const trial = (requests) =>
    keyTrial(
      algorithm,
      `${prefix}${countOf(requests, LONG)}`,
      parameters,
      (device) => device.requests(Array.from({ length: requests }, () => operation(LONG))),
      (session, chain) => ({
        before: () => {
          chain.useSession(session.open());
          chain.offer();
        },
        run: chain.run,
        after: () => chain.check(),
      }),
    );
  return isSideBySide(parameters) ? [trial(1), trial(4)] : [trial(1)];
}

/** A fixed key against random ones: what is timed is the request that makes a session of it. */
function expansion(algorithm, parameters) {
  const what = `session with ${8 * parameters.key.length} bits of key`;
  return keyTrial(
    algorithm,
    what,
    parameters,
    () => undefined,
    (session) => ({ before: () => session.offer(), run: session.create, after: () => session.check() }),
  );
}

/**
 * A trial whose input is the key. Each run has a session of its own, so that the one before is closed first.
 * @param prepare makes what the runs need of the device
 * @param runs says what is done before a run, what is timed, and what is checked after it
 */
function keyTrial(algorithm, what, parameters, prepare, runs) {
  return {
    algorithm,
    what: `${what}: fixed or random key`,
    make: (build) => {
      const device = new TimedDevice(build);
      const session = device.session(parameters, parameters.key);
      const prepared = prepare(device);
      session.open();
      const { before, ...rest } = runs(session, prepared);
      return {
        ...placeOf(device),
        input: session.keyAt,
        bytes: parameters.key.length,
        before: () => {
          session.destroy();
          before();
        },
        ...rest,
      };
    },
  };
}

function aeadTrials(algorithm, { keys, iv: ivBytes }) {
  const iv = randomBytes(ivBytes);
  const parameters = { service: 'aead', algorithm, direction: 'encrypt', key: randomBytes(keys[0]), tagLength: TAG };
  const aad = randomBytes(20);
  const operationOf = (own) => (bytes) =>
    withData(aeadOperation(own, { iv, aad, data: randomBytes(bytes) }, SESSION_MODE), 1);
  const encryption = operationOf(parameters);
  const opened = { ...parameters, direction: 'decrypt' };
  const decryption = operationOf(opened);

  /** A device that decrypts, with what seals texts for it. */
  const receiver = (build, status) => {
    const device = new TimedDevice(build);
    const seal = device.requests([encryption(LONG)]);
    seal.useSession(device.session(parameters, parameters.key).open());
    const chain = device.requests([decryption(LONG + TAG)], status);
    chain.useSession(device.session(opened, opened.key).open());
    const [source, result] = [seal.buffers[0][encryption(LONG).data], seal.buffers[0].at(-2)];
    return {
      /** Seals the text at the head of `slot`, and leaves text and tag there. */
      seal(slot) {
        device.memory.set(slot.subarray(0, LONG), source);
        seal.offer();
        seal.run();
        seal.check();
        slot.set(device.memory.subarray(result, result + LONG + TAG));
      },
      trial: {
        ...placeOf(device),
        input: chain.buffers[0][decryption(LONG + TAG).data],
        bytes: LONG + TAG,
        before: () => chain.offer(),
        run: chain.run,
        after: () => chain.check(),
      },
    };
  };
  const slotsOf = (chunk, count) =>
    Array.from({ length: count }, (_, i) => chunk.subarray(i * (LONG + TAG), (i + 1) * (LONG + TAG)));
  /** Texts that are sealed once, with a tag that is then made wrong by `spoil(tag, class)`. */
  const wrongTags = (what, spoil) => ({
    algorithm,
    what: `decrypt, ${LONG} bytes, wrong tag: ${what}`,
    make: (build) => {
      const { seal, trial } = receiver(build, CRYPTO_BADMSG);
      const sealed = randomBytes(LONG + TAG);
      seal(sealed);
      return {
        ...trial,
        prepare: (chunk, classes) => {
          for (const [i, slot] of slotsOf(chunk, classes.length).entries()) {
            const random = slot.slice(LONG);
            slot.set(sealed);
            spoil(slot.subarray(LONG), classes[i], random);
          }
        },
      };
    },
  });
  return [
    ...dataTrials(algorithm, parameters, 'encrypt, ', [SHORT, LONG], encryption),
    {
      algorithm,
      what: `decrypt, ${LONG} bytes: fixed or random data`,
      make: (build) => {
        const { seal, trial } = receiver(build, CRYPTO_OK);
        return {
          ...trial,
          prepare: (chunk, classes) => {
            for (const [i, slot] of slotsOf(chunk, classes.length).entries()) {
              if (classes[i] === 0) slot.fill(0);
              seal(slot);
            }
          },
        };
      },
    },
    wrongTags('in its first byte or its last', (tag, index) => {
      tag[index === 0 ? 0 : TAG - 1] ^= 1;
    }),
    wrongTags('in its first bit or random', (tag, index, random) => {
      if (index === 0) tag[0] ^= 0x80;
      else tag.set(random);
    }),
    ...useOfKey(algorithm, parameters, 'encrypt, ', encryption),
    ...keys.map((bytes) => expansion(algorithm, { ...parameters, key: randomBytes(bytes) })),
  ];
}

const placeOf = ({ memory, pool }) => ({ memory, pool });
