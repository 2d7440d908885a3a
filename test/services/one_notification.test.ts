// Requests of one notification may run side by side. What the driver sees is what one after the other would have given, whatever
// they share: sources, results, IVs, headers, digests, statuses.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationChain, RequestMode } from '../../src/driver/operations.ts';
import type { ChainBuffer } from '../../src/driver/queue.ts';
import { resultBytes } from '../../src/driver/results.ts';
import type { SessionParameters } from '../../src/driver/sessions.ts';
import { SYMMETRIC } from '../support/algorithms.ts';
import { noise } from '../support/memory.ts';
import { cipherResult } from '../support/oracle.ts';
import {
  aeadRequest,
  chainRequest,
  cipherRequest,
  hashRequest,
  macRequest,
  type ServiceRequest,
} from '../support/service_requests.ts';
import {
  bytesOf,
  lastByte,
  MODE_NAMES,
  type PlacedChain,
  RINGS,
  ServiceRig,
  UNWRITTEN,
} from '../support/service_rig.ts';
import { usedLength } from '../support/used_length.ts';

/** Where requests share bytes, from the rig's arena on. */
const SHARED_BYTES = 1200;
/** Bytes of a request's own, for its header: behind the shared ones. */
const OWN_BYTES = 256;

/** A kind of request in a session of its own: what it makes of an IV and a source, wherever these stand. */
interface Kind {
  name: string;
  parameters: SessionParameters;
  ivBytes: number;
  /** Lengths of the source that it takes, from one of this many blocks. */
  block: number;
  make(iv: Uint8Array, data: Uint8Array): ServiceRequest;
}

const offered = SYMMETRIC;
const KEYS = [noise(16, 1), noise(16, 2), noise(32, 3)] as const;

function kinds(): Kind[] {
  const list: Omit<Kind, 'parameters'>[] = [];
  for (const [i, key] of KEYS.entries()) {
    for (const direction of ['encrypt', 'decrypt'] as const) {
      const name = `aes-cbc ${direction} ${i}`;
      list.push({
        name,
        ivBytes: 16,
        block: 16,
        make: (iv, data) => cipherRequest('aes-cbc', direction, key, iv, data),
      });
    }
    list.push({ name: `cmac-aes ${i}`, ivBytes: 0, block: 1, make: (_, data) => macRequest('cmac-aes', key, data) });
    for (const hash of ['sha1', 'sha-256', 'sha-512'] as const) {
      if (!offered.includes(hash)) continue;
      list.push({
        name: hash,
        ivBytes: 0,
        block: 1,
        make: (_, data) => hashRequest(hash, data, resultBytes(hash) - i),
      });
      const mac = `hmac-${hash}` as const;
      list.push({ name: `${mac} ${i}`, ivBytes: 0, block: 1, make: (_, data) => macRequest(mac, key, data) });
      list.push(chains(`aes-cbc+${mac} ${i}`, key, { mode: 'auth', algorithm: mac, key }));
    }
    list.push(chains(`aes-cbc+cmac-aes ${i}`, key, { mode: 'auth', algorithm: 'cmac-aes', key }));
  }
  const [key] = KEYS;
  list.push({
    name: 'aes-ctr',
    ivBytes: 16,
    block: 1,
    make: (iv, data) => cipherRequest('aes-ctr', 'encrypt', key, iv, data),
  });
  list.push({
    name: 'gcm',
    ivBytes: 12,
    block: 1,
    make: (iv, data) =>
      aeadRequest({
        algorithm: 'gcm',
        direction: 'encrypt',
        key,
        iv,
        aad: new Uint8Array(),
        plaintext: data,
        tagLength: 16,
      }),
  });
  // A request's session depends on none of its data.
  return list.map((kind) => ({
    ...kind,
    parameters: kind.make(new Uint8Array(kind.ivBytes), new Uint8Array()).parameters,
  }));
}

function chains(
  name: string,
  key: Uint8Array,
  digest: { mode: 'auth'; algorithm: 'cmac-aes' | 'hmac-sha1' | 'hmac-sha-256' | 'hmac-sha-512'; key: Uint8Array },
): Omit<Kind, 'parameters'> {
  const order = name.length % 2 === 0 ? 'cipher-then-hash' : 'hash-then-cipher';
  return {
    name,
    ivBytes: 16,
    block: 1,
    make: (iv, data) => {
      const start = Math.min(7, data.length);
      const length = (data.length - start) & ~15;
      return chainRequest({
        order,
        direction: 'encrypt',
        cipher: { algorithm: 'aes-cbc', key, iv, start, length },
        hash: { ...digest, start: data.length >> 2, length: data.length >> 1 },
        aad: new Uint8Array(),
        data,
      });
    },
  };
}

/** Where one request of a notification stands, in bytes from the start of what all share. */
interface Step {
  kind: number;
  bytes: number;
  iv: number;
  source: number;
  result: number;
  /** Whether the result's place is the source's. */
  inPlace: boolean;
  digest: number;
  status: number;
  /** Where the source is cut in two, if anywhere. */
  cut: number;
}

const KINDS = kinds();
const place = fc.nat(400);
const steps = (kind: fc.Arbitrary<number>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      kind,
      bytes: fc.nat(160),
      iv: place,
      source: place,
      result: place,
      inPlace: fc.boolean(),
      digest: place,
      status: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: place }),
      cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(160) }),
    }),
    { minLength: 1, maxLength: 9 },
  );

/** Buffers of one request, none of whose writable ones overlap. */
interface Parts {
  header: ChainBuffer;
  iv: ChainBuffer;
  source: ChainBuffer[];
  writable: ChainBuffer[];
}

describe.each(RINGS)('%s ring', (ring) => {
  describe.each(MODE_NAMES)('%s', (mode) => {
    let rig: ServiceRig;
    let modes: RequestMode[] = [];

    beforeAll(async () => {
      rig = await ServiceRig.make(ring, mode, { maxSessions: 64 });
      modes = [];
      for (const kind of KINDS) modes.push(await rig.open(kind.parameters));
    });
    afterAll(async () => {
      await rig.bench.dispose();
    });

    const kindOf = (step: Step): Kind => KINDS[step.kind] ?? expect.unreachable();
    const lengthOf = (step: Step): number => step.bytes - (step.bytes % kindOf(step).block);

    /** A request over bytes that stand somewhere, as a driver that sees them now would make it. */
    function operationOf(
      step: Step,
      iv: Uint8Array,
      data: Uint8Array,
    ): { request: ServiceRequest; chain: OperationChain } {
      const request = kindOf(step).make(iv, data);
      return { request, chain: request.operation(modes[step.kind] ?? expect.unreachable()) };
    }

    function partsOf(step: Step, index: number): Parts {
      const at = (offset: number, bytes: number): ChainBuffer => ({ address: rig.arena + offset, bytes });
      const own = SHARED_BYTES + index * OWN_BYTES;
      const bytes = lengthOf(step);
      const { chain } = operationOf(step, new Uint8Array(kindOf(step).ivBytes), new Uint8Array(bytes));
      const headerBytes = chain.readable[0]?.length ?? 0;
      const keyBytes =
        chain.readable.reduce((sum, part) => sum + part.length, 0) - headerBytes - bytes - kindOf(step).ivBytes;
      const cut = Math.min(step.cut, bytes);
      const source = [at(step.source, cut), at(step.source + cut, bytes - cut)];
      const results = chain.writable.slice(0, -1);
      const total = results.reduce((sum, length) => sum + length, 0);
      const result = step.inPlace ? step.source : step.result;
      // Of several results the last is a chain's digest: it stands apart, and so does the status.
      const digestBytes = results.length > 1 ? (results.at(-1) ?? 0) : 0;
      const digestAt = apart(step.digest, digestBytes, result, total - digestBytes);
      const statusAt =
        step.status < 0
          ? own + OWN_BYTES - 1
          : clear(step.status, [
              [result, total - digestBytes],
              [digestAt, digestBytes],
            ]);
      return {
        header: at(own, headerBytes + keyBytes),
        iv: at(step.iv, kindOf(step).ivBytes),
        source,
        writable: [at(result, total - digestBytes), at(digestAt, digestBytes), at(statusAt, 1)],
      };
    }

    /** Sends the steps with one notification; memory is then as if each had been done before the next was looked at. */
    async function expectInTurn(list: readonly Step[], seed: number): Promise<void> {
      const memory = noise(SHARED_BYTES + list.length * OWN_BYTES, seed);
      const parts = list.map(partsOf);
      for (const [i, step] of list.entries()) {
        const { header } = parts[i] ?? expect.unreachable();
        const { chain } = operationOf(step, new Uint8Array(kindOf(step).ivBytes), new Uint8Array(lengthOf(step)));
        memory.set(Buffer.concat(chain.readable).subarray(0, header.bytes), header.address - rig.arena);
      }
      rig.write(rig.arena, memory);
      const chains = parts.map(
        ({ header, iv, source, writable }): PlacedChain => ({ readable: [header, iv, ...source], writable }),
      );
      const lengths = list.map((step, i) => {
        const { iv, source, writable } = parts[i] ?? expect.unreachable();
        const read = (buffers: readonly ChainBuffer[]) =>
          new Uint8Array(
            Buffer.concat(
              buffers.map(({ address, bytes }) => memory.slice(address - rig.arena, address - rig.arena + bytes)),
            ),
          );
        const result = operationOf(step, read([iv]), read(source)).request.result() ?? expect.unreachable();
        let from = 0;
        for (const { address, bytes } of writable.slice(0, -1)) {
          memory.set(result.subarray(from, from + bytes), address - rig.arena);
          from += bytes;
        }
        memory[(writable.at(-1)?.address ?? 0) - rig.arena] = 0;
        return usedLength(result.length, bytesOf(writable));
      });
      const outcomes = await rig.sendRaw(
        chains,
        chains.flatMap(({ writable }) => writable),
      );
      expect(outcomes.map(({ written }) => written)).toEqual(lengths);
      const after = rig.read({ address: rig.arena, bytes: memory.length });
      for (const [i, { writable }] of parts.entries()) {
        for (const { address, bytes } of writable) {
          const at = address - rig.arena;
          expect(after.slice(at, at + bytes), `request ${i}`).toEqual(memory.slice(at, at + bytes));
        }
      }
      expect(after).toEqual(memory);
    }

    const numRuns = 120;

    test('5.9.7 requests of all kinds that share bytes in any way', () =>
      fc.assert(
        fc.asyncProperty(steps(fc.nat(KINDS.length - 1)), fc.nat(1000), (list, seed) => expectInTurn(list, seed)),
        { numRuns },
      ));

    test('5.9.7 requests of one kind, which run side by side, that share bytes in any way', () =>
      fc.assert(
        fc.asyncProperty(
          fc.nat(KINDS.length - 1).chain((kind) => steps(fc.constant(kind))),
          fc.nat(1000),
          (list, seed) => expectInTurn(list, seed),
        ),
        { numRuns },
      ));

    const cbc = KINDS.findIndex(({ name }) => name === 'aes-cbc encrypt 0');
    const step = (values: Partial<Step>): Step => ({
      kind: cbc,
      bytes: 32,
      iv: 0,
      source: 100,
      result: 200,
      inPlace: false,
      digest: 0,
      status: -1,
      cut: 0,
      ...values,
    });

    test('5.9.7.6 one result is the next IV', () =>
      expectInTurn(
        [
          step({ result: 200 }),
          step({ iv: 200, result: 300 }),
          step({ iv: 316, result: 400 }),
          step({ iv: 408, result: 500 }),
        ],
        1,
      ));

    test('5.9.7.6 one result is the next source, and the next result that source again', () =>
      expectInTurn(
        [
          step({ result: 200 }),
          step({ source: 200, result: 300 }),
          step({ source: 300, result: 200 }),
          step({ source: 200, inPlace: true }),
        ],
        2,
      ));

    test('5.9.7.3 a status in the source of a request before it, and in its own', () =>
      expectInTurn([step({ result: 200 }), step({ source: 400, result: 300, status: 110 }), step({ status: 120 })], 3));

    test('5.9.7.3 one result is the next header', async () => {
      const kind = KINDS[cbc] ?? expect.unreachable();
      const [key] = KEYS;
      const { chain } = operationOf(step({ bytes: 48 }), noise(16, 5), noise(48, 6));
      const next = Buffer.concat(chain.readable);
      // Header, IV and source of the second, as the plaintext that the first must encrypt to have them.
      const whole = new Uint8Array(next.length + ((16 - (next.length % 16)) % 16));
      whole.set(next);
      const source = cipherResult('aes-cbc', 'decrypt', key, noise(16, 7), whole);
      const first = kind.make(noise(16, 7), source).operation(modes[cbc] ?? expect.unreachable());
      const at = (offset: number, bytes: number): ChainBuffer => ({ address: rig.arena + offset, bytes });
      const readable = Buffer.concat(first.readable);
      rig.write(rig.arena, readable);
      rig.write(rig.arena + 1000, new Uint8Array(1000).fill(UNWRITTEN));
      const chains: PlacedChain[] = [
        { readable: [at(0, readable.length)], writable: [at(1000, whole.length), at(1900, 1)] },
        { readable: [at(1000, next.length)], writable: [at(1500, 48), at(1901, 1)] },
      ];
      const outcomes = await rig.send(
        chains,
        chains.flatMap(({ writable }) => writable),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'ok']);
      expect(rig.read(at(1500, 48))).toEqual(cipherResult('aes-cbc', 'encrypt', key, noise(16, 5), noise(48, 6)));
      expect(lastByte(chains[1] ?? expect.unreachable()).address).toBe(rig.arena + 1901);
    });
  });
});

/** A place for `bytes` that is not among `other` bytes at `start`: the wanted one, or behind them. */
function apart(wanted: number, bytes: number, start: number, other: number): number {
  return wanted + bytes <= start || start + other <= wanted ? wanted : start + other;
}

/** The first byte from `wanted` on that is in none of the stretches. */
function clear(wanted: number, stretches: readonly (readonly [number, number])[]): number {
  let at = wanted;
  while (stretches.some(([start, bytes]) => at >= start && at < start + bytes)) at++;
  return at;
}
