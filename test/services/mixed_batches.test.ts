// Four requests of one notification, and three, of any two kinds of sessions: algorithms, key lengths, directions, lengths of IVs and
// results, modes of chains. What runs side by side must not be told from what runs alone. This is about the engine's own batches: other
// backends have test/differential.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import type { Chain, ChainBuffer } from '../../src/driver/queue.ts';
import type { ChainHash } from '../../src/driver/sessions.ts';
import { type Bench, createBench } from '../../src/testing/index.ts';
import { AEADS, CIPHERS, HASHES, MACS, SYMMETRIC, type SymmetricName } from '../support/algorithms.ts';
import { noise } from '../support/memory.ts';
import { isAead, isCipher, isHash } from '../support/service_arbitraries.ts';
import {
  aeadRequest,
  chainRequest,
  cipherRequest,
  hashRequest,
  macRequest,
  type ServiceRequest,
} from '../support/service_requests.ts';

const DIRECTIONS = ['encrypt', 'decrypt'] as const;
const AES_KEYS = [16, 24, 32] as const;
/** Room for a result and its status. */
const RESULT_BYTES = 256;

interface Kind {
  name: string;
  request: ServiceRequest;
}

/** A kind in guest memory: what its chain reads, its session named in it, and what it must write. */
interface Ready {
  name: string;
  readable: ChainBuffer[];
  expected: Uint8Array;
}

/** Kinds of data of several lengths: whole blocks of every cipher. */
function kindsOf(algorithm: SymmetricName, seed: number): Kind[] {
  const data = noise(32 + 16 * (seed % 5), seed);
  if (isCipher(algorithm)) {
    const { keys, iv } = CIPHERS[algorithm];
    return keys.slice(0, 3).flatMap((key) =>
      DIRECTIONS.map((direction) => ({
        name: `${algorithm} ${direction}, key of ${key}`,
        request: cipherRequest(algorithm, direction, noise(key, seed + key), noise(iv, seed + 1), data),
      })),
    );
  }
  if (isHash(algorithm)) {
    const bytes = HASHES[algorithm] ?? 100;
    return [bytes, bytes - 5].map((length) => ({
      name: `${algorithm}, ${length} bytes`,
      request: hashRequest(algorithm, data, length),
    }));
  }
  if (isAead(algorithm)) {
    const { keys, ivs } = AEADS[algorithm];
    const shortAndLong = [...new Set([ivs[0] ?? 12, ivs.at(-1) ?? 12])];
    return keys.flatMap((key) =>
      shortAndLong.flatMap((iv) =>
        DIRECTIONS.map((direction) => ({
          name: `${algorithm} ${direction}, key of ${key}, IV of ${iv}`,
          request: aeadRequest({
            algorithm,
            direction,
            key: noise(key, seed + key),
            iv: noise(iv, seed + 1),
            aad: noise(11, seed + 2),
            plaintext: data,
            tagLength: 16,
          }),
        })),
      ),
    );
  }
  const { keys, bytes } = MACS[algorithm];
  const some = keys.filter((key) => keys.length <= 3 || [20, 129].includes(key));
  return some.map((key, i) => ({
    name: `${algorithm}, key of ${key}, ${bytes - i} bytes`,
    request: macRequest(algorithm, noise(key, seed + key), data, bytes - i),
  }));
}

const CHAIN_HASHES: readonly ChainHash[] = [
  { mode: 'plain', algorithm: 'sha-256' },
  { mode: 'nested', algorithm: 'sha-256', key: noise(20, 11) },
  { mode: 'nested', algorithm: 'sha-256', key: noise(65, 12) },
  { mode: 'auth', algorithm: 'hmac-sha-256', key: noise(20, 13) },
  { mode: 'auth', algorithm: 'hmac-sha-256', key: noise(129, 14), resultLength: 12 },
  { mode: 'auth', algorithm: 'hmac-sha-512', key: noise(20, 15) },
  ...AES_KEYS.map((key) => ({ mode: 'auth', algorithm: 'cmac-aes', key: noise(key, 16) }) as const),
];

function chains(): Kind[] {
  return CHAIN_HASHES.flatMap((hash, i) =>
    AES_KEYS.flatMap((key) =>
      (['cipher-then-hash', 'hash-then-cipher'] as const).flatMap((order) =>
        DIRECTIONS.slice(0, key === 16 ? 2 : 1).map((direction) => {
          const data = noise(80 + 16 * (i % 3), i);
          const cipher = {
            algorithm: 'aes-cbc',
            key: noise(key, key),
            iv: noise(16, i),
            start: 16,
            length: 48,
          } as const;
          const windows = { cipher, hash: { ...hash, start: 7, length: 65 } };
          const request = chainRequest({ order, direction, ...windows, aad: new Uint8Array(), data });
          const hashName = `${hash.mode} ${hash.algorithm}, key of ${hash.mode === 'plain' ? 0 : hash.key.length}`;
          return { name: `${order} ${direction}, key of ${key}, ${hashName}`, request };
        }),
      ),
    ),
  );
}

let bench: Bench;
let kinds: Ready[] = [];

beforeAll(async () => {
  bench = await createBench({ backend: 'inline', algorithms: 'all', queueSize: 2048 });
  kinds = [];
  for (const kind of [...SYMMETRIC.flatMap(kindsOf), ...chains()]) kinds.push(await ready(kind));
});
afterAll(() => bench.dispose());

function take(bytes: number): ChainBuffer {
  return { address: bench.allocator.take(bytes), bytes };
}

/** Opens a kind's session and writes its chain into guest memory. */
async function ready({ name, request }: Kind): Promise<Ready> {
  const { status, id } = await bench.driver.createSession(request.parameters);
  expect(status, name).toBe('ok');
  const { readable } = request.operation({ revision1: false, statelessLayout: false, session: id });
  const buffers = readable.map((bytes) => {
    const buffer = take(bytes.length);
    bench.ram().set(bytes, buffer.address);
    return buffer;
  });
  return { name, readable: buffers, expected: request.result() ?? expect.unreachable() };
}

/** Sends requests with one notification; answers the names of those whose results are not what they must be. */
async function send(batch: readonly Ready[], results: readonly number[]): Promise<string[]> {
  const sent = batch.map(({ readable, expected }, i) => {
    const address = results[i] ?? expect.unreachable();
    const last = { address: address + RESULT_BYTES, bytes: 1 };
    const chain: Chain = { readable, writable: [{ address, bytes: expected.length }, last] };
    return bench.driver.submitChain(0, chain, true);
  });
  bench.driver.notify(0);
  const answers = await Promise.all(sent);
  return batch.flatMap(({ name, expected }, i) => {
    const [result, status] = answers[i]?.writable ?? [];
    return status?.[0] === CRYPTO_OK && result && Buffer.from(expected).equals(result) ? [] : [name];
  });
}

test('each kind alone gives what other implementations give', async () => {
  const result = take(RESULT_BYTES + 1).address;
  for (const kind of kinds) expect(await send([kind], [result])).toEqual([]);
});

test('any two kinds in one notification, two of each or one of one, give what each gives alone', async () => {
  const wrong: string[] = [];
  const places = kinds.map(() => Array.from({ length: 7 }, () => take(RESULT_BYTES + 1).address));
  for (const [first, a] of kinds.entries()) {
    const row = kinds.slice(first).flatMap((b, second) => {
      const results = places[second] ?? expect.unreachable();
      return [
        [[a, b, a, b], results.slice(0, 4)],
        [[b, a, b], results.slice(4)],
      ] as const;
    });
    for (const result of places.flat()) bench.ram().fill(0, result, result + RESULT_BYTES + 1);
    const answers = await Promise.all(row.map(([batch, results]) => send(batch, results)));
    for (const [i, names] of answers.entries()) {
      const batch = row[i]?.[0].map(({ name }) => name).join('; ');
      wrong.push(...names.map((name) => `${name}, among ${batch}`));
    }
  }
  expect(wrong).toEqual([]);
}, 600_000);
