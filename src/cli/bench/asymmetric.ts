// Asymmetric operations of the device, through its rings, beside node:crypto and libraries of JavaScript.
import * as crypto from 'node:crypto';
import type { BackendOptions } from '../../backend/options.ts';
import type { CryptoDriver } from '../../driver/driver.ts';
import { createBench } from '../../testing/bench.ts';
import { installed } from './implementation.ts';
import { median } from './measure.ts';

/** What is measured. */
export const ASYMMETRIC_CASES = [
  'rsa-2048-private',
  'rsa-2048-public',
  'ecdsa-p-256-sign',
  'ecdsa-p-256-verify',
] as const;
export type AsymmetricCase = (typeof ASYMMETRIC_CASES)[number];

/** Operations a second. */
export interface AsymmetricResult {
  case: AsymmetricCase;
  implementation: string;
  opsPerSecond: number;
}

/** Requests of the device in flight. */
export const IN_FLIGHT = 8;
const ROUNDS = 5;
const BYTES = 256;

/** Does one operation. */
type Operation = () => unknown;

interface Runner {
  name: string;
  operations: Partial<Record<AsymmetricCase, Operation>>;
  /** Operations that run at once. */
  inFlight: number;
  dispose(): Promise<void>;
}

interface Material {
  rsa: crypto.KeyPairKeyObjectResult;
  ec: crypto.KeyPairKeyObjectResult;
  message: Buffer;
  digest: Buffer;
  /** A number below the modulus, and a signature of the message. */
  block: Buffer;
  signature: Buffer;
}

/**
 * Measures all implementations in turns, so that a slow time of the machine hits all of them.
 * @param milliseconds of all work together
 */
export async function measureAsymmetric(milliseconds: number, signal?: AbortSignal): Promise<AsymmetricResult[]> {
  const material = materialOf();
  const runners = [
    await deviceRunner('inline', { backend: 'inline' }, material),
    await deviceRunner('workers, 1', { backend: 'workers', workers: 1 }, material),
    await deviceRunner('workers, 2', { backend: 'workers', workers: 2 }, material),
    await deviceRunner('auto', { backend: 'auto' }, material),
    nodeRunner(material),
    ...[await forgeRunner(material), await bigintRunner(material), await nobleRunner(material)].filter(
      (runner) => runner !== undefined,
    ),
  ];
  try {
    const results: AsymmetricResult[] = [];
    for (const name of ASYMMETRIC_CASES) {
      const turns = runners.flatMap(({ name: implementation, operations, inFlight }) => {
        const operation = operations[name];
        return operation ? [{ implementation, operation, inFlight, rates: [] as number[] }] : [];
      });
      const each = milliseconds / ASYMMETRIC_CASES.length / ROUNDS / turns.length;
      for (let round = 0; round <= ROUNDS; round++) {
        for (const { operation, inFlight, rates } of turns) {
          signal?.throwIfAborted();
          const rate = await rateOf(operation, inFlight, each);
          // The first round warms up: workers start in it, and tables are made.
          if (round > 0) rates.push(rate);
        }
      }
      for (const { implementation, rates } of turns) {
        results.push({ case: name, implementation, opsPerSecond: median(rates) });
      }
    }
    return results;
  } finally {
    for (const runner of runners) await runner.dispose();
  }
}

/** Operations a second, with `inFlight` of them at once, over so many milliseconds. */
async function rateOf(operation: Operation, inFlight: number, milliseconds: number): Promise<number> {
  const start = performance.now();
  let done = 0;
  const loop = async () => {
    do {
      await operation();
      done++;
    } while (performance.now() - start < milliseconds);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return (1000 * done) / (performance.now() - start);
}

function materialOf(): Material {
  const message = crypto.randomBytes(100);
  const block = crypto.randomBytes(BYTES);
  block[0] = 0;
  const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    rsa: crypto.generateKeyPairSync('rsa', { modulusLength: 8 * BYTES }),
    ...{ ec, message, block, digest: crypto.createHash('sha256').update(message).digest() },
    signature: crypto.sign('sha256', message, ec.privateKey),
  };
}

async function deviceRunner(name: string, options: BackendOptions, material: Material): Promise<Runner> {
  const bench = await createBench(options);
  const { driver } = bench;
  const { rsa, ec, block, digest, signature } = material;
  const rsaSession = { service: 'akcipher', algorithm: 'rsa' } as const;
  const ecSession = { service: 'akcipher', algorithm: 'ecdsa', curve: 'p-256' } as const;
  const [secret, shown, ecSecret, ecShown] = [
    await driver.createSession({ ...rsaSession, keyType: 'private', key: der(rsa.privateKey, 'pkcs1') }),
    await driver.createSession({ ...rsaSession, keyType: 'public', key: der(rsa.publicKey, 'pkcs1') }),
    await driver.createSession({ ...ecSession, keyType: 'private', key: der(ec.privateKey, 'sec1') }),
    await driver.createSession({ ...ecSession, keyType: 'public', key: pointOf(ec) }),
  ];
  type Arguments = Parameters<CryptoDriver['akcipherInSession']>;
  const run = (session: Arguments[0], content: Arguments[1]) => async () => {
    const { status } = await driver.akcipherInSession(session, content);
    if (status !== 'ok') throw new Error(`${name}: the device answered ${status}.`);
  };
  return {
    name,
    inFlight: IN_FLIGHT,
    operations: {
      'rsa-2048-private': run(secret, { operation: 'decrypt', data: block, length: BYTES }),
      'rsa-2048-public': run(shown, { operation: 'encrypt', data: block, length: BYTES }),
      'ecdsa-p-256-sign': run(ecSecret, { operation: 'sign', data: digest, length: 80 }),
      'ecdsa-p-256-verify': run(ecShown, { operation: 'verify', data: digest, signature, length: 0 }),
    },
    dispose: () => bench.dispose(),
  };
}

/** node:crypto hashes what it signs and verifies, and takes random nonces. */
function nodeRunner({ rsa, ec, message, block, signature }: Material): Runner {
  const padding = crypto.constants.RSA_NO_PADDING;
  return {
    ...here('node'),
    operations: {
      'rsa-2048-private': () => crypto.privateDecrypt({ key: rsa.privateKey, padding }, block),
      'rsa-2048-public': () => crypto.publicEncrypt({ key: rsa.publicKey, padding }, block),
      'ecdsa-p-256-sign': () => crypto.sign('sha256', message, ec.privateKey),
      'ecdsa-p-256-verify': () => crypto.verify('sha256', message, ec.publicKey, signature),
    },
  };
}

async function forgeRunner({ rsa, block }: Material): Promise<Runner | undefined> {
  const library = await installed(() => import('node-forge'));
  if (!library) return undefined;
  const { pki } = library.default;
  const secret = pki.privateKeyFromPem(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  const shown = pki.publicKeyFromPem(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const text = block.toString('binary');
  return {
    ...here('node-forge'),
    operations: {
      'rsa-2048-private': () => secret.decrypt(text, 'RAW'),
      'rsa-2048-public': () => shown.encrypt(text, 'RAW'),
    },
  };
}

async function bigintRunner({ rsa, block }: Material): Promise<Runner | undefined> {
  const library = await installed(() => import('bigint-mod-arith'));
  if (!library) return undefined;
  const { modPow } = library;
  const key = rsa.privateKey.export({ format: 'jwk' });
  const number = (text = '') => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
  const [n, e, p, q, dp, dq, qi] = [key.n, key.e, key.p, key.q, key.dp, key.dq, key.qi].map(number);
  if (!n || !e || !p || !q || !dp || !dq || !qi) throw new Error('The key has no numbers.');
  const value = BigInt(`0x${block.toString('hex')}`);
  return {
    ...here('bigint-mod-arith'),
    operations: {
      'rsa-2048-private': () => {
        const [first, second] = [modPow(value, dp, p), modPow(value, dq, q)];
        return second + q * ((((first - second) * qi) % p) + p);
      },
      'rsa-2048-public': () => modPow(value, e, n),
    },
  };
}

async function nobleRunner({ ec, digest, signature }: Material): Promise<Runner | undefined> {
  const library = await installed(() => import('@noble/curves/nist.js'));
  if (!library) return undefined;
  const { p256 } = library;
  const secret = Buffer.from(ec.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const point = pointOf(ec);
  const options = { prehash: false, lowS: false, format: 'der' } as const;
  return {
    ...here('noble'),
    operations: {
      'ecdsa-p-256-sign': () => p256.sign(digest, secret, options),
      'ecdsa-p-256-verify': () => p256.verify(signature, digest, point, options),
    },
  };
}

/** A runner in this thread, of one operation after another. */
function here(name: string): Omit<Runner, 'operations'> {
  return { name, inFlight: 1, dispose: () => Promise.resolve() };
}

function der(key: crypto.KeyObject, type: 'pkcs1' | 'sec1'): Uint8Array {
  return key.type === 'private' ? key.export({ type, format: 'der' }) : key.export({ type: 'pkcs1', format: 'der' });
}

/** The octets of a public key on P-256 stand at the end of its SubjectPublicKeyInfo. */
function pointOf({ publicKey }: crypto.KeyPairKeyObjectResult): Uint8Array {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
}
