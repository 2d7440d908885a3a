// What a program's sessions are: parameters with keys.
import type { HashAlgorithm, MacAlgorithm } from '../../spec/names.ts';
import { resultBytes } from '../../src/driver/results.ts';
import type { ChainHash, SessionParameters } from '../../src/driver/sessions.ts';
import { AEADS, CIPHERS, HASHES, MACS } from '../support/algorithms.ts';
import { noise } from '../support/memory.ts';
import { isMac } from '../support/service_arbitraries.ts';
import { ASYMMETRIC_KINDS, asymmetricSession } from './asymmetric.ts';
import type { Program, SessionPlan } from './program.ts';

/** Prefixes of nested hashes. */
const NESTED_KEYS = [0, 1, 20, 64, 65, 128, 129, 512] as const;
const HMACS: Partial<Record<HashAlgorithm, MacAlgorithm>> = {
  md5: 'hmac-md5',
  sha1: 'hmac-sha1',
  'sha-224': 'hmac-sha-224',
  'sha-256': 'hmac-sha-256',
  'sha-384': 'hmac-sha-384',
  'sha-512': 'hmac-sha-512',
};
const SHAKE_BYTES_MAX = 500;

/** One of several, by any number. */
export function pick<T>(choices: readonly T[], number: number): T {
  const choice = choices[number % choices.length];
  if (choice === undefined) throw new RangeError('There is nothing to choose from.');
  return choice;
}

/** The sessions of a program, in their order. */
export function sessionsOf({ sessions, alike }: Program): SessionParameters[] {
  const [first] = sessions;
  return sessions.map((plan) => parametersOf(plan, (alike || plan.like) && first ? first : plan));
}

/** @param kind whose service and algorithms it has */
function parametersOf(plan: SessionPlan, kind: SessionPlan): SessionParameters {
  const { direction, order, seed, resultLength } = plan;
  const { service } = kind;
  const keyOf = (lengths: readonly number[]) => noise(pick(lengths, plan.key) + (plan.wrongKey ? 1 : 0), seed + 1);
  switch (service) {
    case 'cipher':
      return { service, algorithm: kind.cipher, direction, key: keyOf(CIPHERS[kind.cipher].keys) };
    case 'hash':
      return { service, algorithm: kind.hash, length: shortened(kind.hash, resultLength) };
    case 'mac': {
      const { keys } = MACS[kind.mac];
      return { service, algorithm: kind.mac, key: keyOf(keys), length: shortened(kind.mac, resultLength) };
    }
    case 'aead': {
      const { keys, tags } = AEADS[kind.aead];
      return { service, algorithm: kind.aead, direction, key: keyOf(keys), tagLength: pick(tags, plan.tag) };
    }
    case 'akcipher':
      return asymmetricSession(pick(ASYMMETRIC_KINDS, kind.asymmetric), plan.wrongKey ? 1 : 0);
    case 'chain': {
      const key = keyOf(CIPHERS[kind.cipher].keys);
      return { service, order, direction, cipher: { algorithm: kind.cipher, key }, hash: chainHash(plan, kind) };
    }
  }
}

function chainHash(plan: SessionPlan, { hash, mac }: SessionPlan): ChainHash {
  const keyOf = (lengths: readonly number[]) => noise(pick(lengths, plan.authKey), plan.seed + 2);
  if (plan.mode === 'plain' || plan.mode === 'nested') {
    const resultLength = shortened(hash, plan.resultLength);
    if (plan.mode === 'plain') return { mode: 'plain', algorithm: hash, resultLength };
    return { mode: 'nested', algorithm: hash, key: keyOf(NESTED_KEYS), resultLength };
  }
  const algorithm = (plan.mode === 'hmac' ? HMACS[hash] : undefined) ?? mac;
  return {
    mode: 'auth',
    algorithm,
    key: keyOf(MACS[algorithm].keys),
    resultLength: shortened(algorithm, plan.resultLength),
  };
}

/** 0: the algorithm's own length; else one that it may have. */
function shortened(algorithm: HashAlgorithm | MacAlgorithm, length: number): number {
  if (length === 0) return resultBytes(algorithm);
  const most = isMac(algorithm) ? MACS[algorithm].bytes : (HASHES[algorithm] ?? SHAKE_BYTES_MAX);
  return 1 + ((length - 1) % most);
}
