// Programs of random requests. A seed makes one, and it is plain data: it can be written down, replayed, and made smaller one field at a
// time. Numbers choose among what there is, modulo how much that is, so that every program means something whatever is left out of it.
//
// Requests may share bytes in each of their parts, headers, IVs and statuses among them: the result is as if each were done in turn. Left
// out is what has no one right outcome: a request that writes over rings or indirect tables, and a session that is closed while requests of it
// still stand in their ring, since no order holds between queues.
import fc from 'fast-check';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  CIPHER_ALGORITHMS,
  type CipherAlgorithm,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  MAC_ALGORITHMS,
  type MacAlgorithm,
} from '../../spec/names.ts';
import type { ChainOrder } from '../../src/driver/sessions.ts';
import type { Direction } from '../../src/driver/wire.ts';

/** The layouts of requests (5.9.7.3); with the last, requests may also be stateless. */
export const LAYOUTS = ['legacy', 'REVISION_1', 'stateless'] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface SessionPlan {
  /** Whether its service and its algorithms are those of the first session: then only keys, lengths and directions differ. */
  like: boolean;
  service: 'cipher' | 'hash' | 'mac' | 'aead' | 'chain' | 'akcipher';
  cipher: CipherAlgorithm;
  hash: HashAlgorithm;
  mac: MacAlgorithm;
  aead: AeadAlgorithm;
  /** Which of the asymmetric kinds. */
  asymmetric: number;
  direction: Direction;
  order: ChainOrder;
  /** What a chain hashes with: its hash, that with a prefix, the HMAC of it if there is one, or its MAC. */
  mode: 'plain' | 'nested' | 'hmac' | 'mac';
  /** Which of the algorithm's key lengths, and of the MAC's in a chain. */
  key: number;
  authKey: number;
  /** A byte too many in its key: no session comes about. */
  wrongKey: boolean;
  tag: number;
  /** The longest result; 0: the algorithm's own. */
  resultLength: number;
  seed: number;
}

/** What is wrong with a request, if anything: its driver writes what it should not. */
export type Wrong =
  | { kind: 'nothing' }
  /** A word of its header is another one, or the same with a small number added. */
  | { kind: 'field'; word: number; value: number; add: boolean }
  /** The id of another session, or beyond the last of one that never was. */
  | { kind: 'session'; session: number }
  | { kind: 'iv'; bytes: number }
  /** So many bytes of the readable or of the writable part are left out at its end, or too many if below 0. */
  | { kind: 'readable'; missing: number }
  | { kind: 'writable'; missing: number };

/** What happens before a request is made available. */
export type Event =
  | { kind: 'nothing' }
  /** A session is closed while requests of it may be under way, and another one opened in its slot, whose id nobody uses. */
  | { kind: 'close'; session: number }
  /** The backend is exchanged, where a configuration says so; `wait`: the new one is at work before the next request. */
  | { kind: 'exchange'; backend: number; wait: boolean }
  /** The device completes all that is under way. */
  | { kind: 'settle' };

/** Where a part of a request stands in what all requests share, in bytes; below 0: apart from all others. */
export type Place = number;

export interface RequestPlan {
  session: number;
  /** In the layout that allows for it. */
  stateless: boolean;
  bytes: number;
  aad: number;
  /** Which of an AEAD's IV lengths. */
  iv: number;
  /** An IV of ones, whose counter is about to run over. An asymmetric key that can sign and decrypt signs. */
  highCounter: boolean;
  /** A chain's windows: start and length of the cipher's and of the hash's, in thousandths. */
  windows: readonly [number, number, number, number];
  /** hash_result_len; 0: the session's. */
  resultLength: number;
  /** An AEAD's decryption, and asymmetric requests: the bit that is changed, if any. */
  changedBit: number;
  seed: number;
  places: { header: Place; iv: Place; source: Place; aad: Place; result: Place; digest: Place; status: Place };
  /** Whether the result goes to the buffers of the source: the data of a cipher alone, or a digest as well. */
  inPlace: 'no' | 'data' | 'digest';
  /** Where the readable and the writable part are cut, modulo their length; twice the same: a buffer of no bytes. */
  readableCuts: readonly number[];
  writableCuts: readonly number[];
  /** Whether parts that stand behind each other have one buffer. */
  joined: boolean;
  /** Bytes before each piece that stands apart, in turn. */
  gaps: readonly number[];
  /** Writable bytes before the status that no result fills. */
  slack: number;
  /** Descriptors of its own in the ring, even where an indirect table is possible. */
  direct: boolean;
  wrong: Wrong;
  before: Event;
  /** Whether a notification follows. */
  notify: boolean;
}

export interface Program {
  layout: Layout;
  /** Bytes of memory that the requests share; 0: none, every request stands apart. */
  sharedBytes: number;
  /** Whether no request is cut into pieces, and all sessions are like the first: what is whole and alike runs side by side. */
  whole: boolean;
  alike: boolean;
  sessions: readonly SessionPlan[];
  requests: readonly RequestPlan[];
}

/** What is made smaller becomes the first of the choices, if that will do. */
const SIMPLER = { withCrossShrink: true };
const rarely = (weight: number) =>
  fc.oneof(SIMPLER, { weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const names = <Name extends string>(table: Record<Name, unknown>) => Object.keys(table) as Name[];

const ciphers = names(CIPHER_ALGORITHMS);
const hashes = names(HASH_ALGORITHMS);
const macs = names(MAC_ALGORITHMS);
/** What runs side by side is named more often. */
const laneHashes = ['sha1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'] as const satisfies HashAlgorithm[];
const laneHmacs = [
  'hmac-sha1',
  'hmac-sha-224',
  'hmac-sha-256',
  'hmac-sha-384',
  'hmac-sha-512',
] as const satisfies MacAlgorithm[];
const someMac = fc.oneof(
  SIMPLER,
  fc.constantFrom(...macs),
  fc.constantFrom(...laneHmacs),
  fc.constant<MacAlgorithm>('cmac-aes'),
);
const someHash = fc.oneof(SIMPLER, fc.constantFrom(...hashes), fc.constantFrom(...laneHashes));

const session: fc.Arbitrary<SessionPlan> = fc.record({
  like: fc.boolean(),
  service: fc.oneof(
    SIMPLER,
    { weight: 12, arbitrary: fc.constantFrom('cipher', 'hash', 'mac', 'mac', 'aead', 'chain', 'chain') },
    { weight: 1, arbitrary: fc.constant('akcipher' as const) },
  ),
  cipher: fc.oneof(SIMPLER, fc.constantFrom(...ciphers), fc.constant<CipherAlgorithm>('aes-cbc')),
  hash: someHash,
  mac: someMac,
  aead: fc.constantFrom(...names(AEAD_ALGORITHMS)),
  asymmetric: fc.nat(15),
  direction: fc.oneof(
    SIMPLER,
    { weight: 3, arbitrary: fc.constant<Direction>('encrypt') },
    { weight: 1, arbitrary: fc.constant<Direction>('decrypt') },
  ),
  order: fc.constantFrom('cipher-then-hash', 'hash-then-cipher'),
  mode: fc.constantFrom('plain', 'nested', 'hmac', 'mac'),
  key: fc.nat(7),
  authKey: fc.nat(7),
  wrongKey: rarely(60),
  tag: fc.nat(6),
  resultLength: fc.oneof(SIMPLER, { weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(80) }),
  seed: fc.nat(1000),
});

/** Mostly short, often at the edge of a block or of a kernel's stride. */
const lengths = fc.oneof(
  SIMPLER,
  { weight: 40, arbitrary: fc.nat(300) },
  {
    weight: 30,
    arbitrary: fc
      .tuple(fc.constantFrom(8, 16, 64, 128, 136, 168, 256), fc.nat(9), fc.integer({ min: -1, max: 1 }))
      .map(([block, count, step]) => Math.max(0, block * count + step)),
  },
  { weight: 6, arbitrary: fc.nat(5000) },
  { weight: 1, arbitrary: fc.nat(20_000) },
);
/** Where a window begins, and how long it is: mostly all of the data, for what runs side by side does so as far as the shortest goes. */
const start = fc.oneof(
  SIMPLER,
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(1000) },
  { weight: 1, arbitrary: fc.constant(1000) },
);
const length = fc.oneof(
  SIMPLER,
  { weight: 4, arbitrary: fc.constant(1000) },
  { weight: 2, arbitrary: fc.nat(1000) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const place = fc.oneof(
  SIMPLER,
  { weight: 3, arbitrary: fc.constant(-1) },
  { weight: 1, arbitrary: fc.nat(63).map((block) => 16 * block) },
  { weight: 1, arbitrary: fc.nat(4000) },
);
/** A header that another request writes over is worth a look, but most of them are to be understood. */
const headerPlace = fc.oneof(
  SIMPLER,
  { weight: 24, arbitrary: fc.constant(-1) },
  { weight: 1, arbitrary: fc.nat(4000) },
);
const cuts = fc.oneof(
  SIMPLER,
  { weight: 3, arbitrary: fc.array(fc.nat(), { maxLength: 0 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(SIMPLER, fc.nat(120), fc.nat(20_000)), { minLength: 1, maxLength: 4 }) },
);
const edges = fc.constantFrom(0, 1, 8, 15, 16, 17, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff);

const wrong: fc.Arbitrary<Wrong> = fc.oneof(
  SIMPLER,
  { weight: 100, arbitrary: fc.record({ kind: fc.constant('nothing' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('field' as const),
      word: fc.nat(39),
      value: fc.oneof(SIMPLER, edges, fc.integer({ min: -20, max: 20 }), fc.nat(0xffffffff)),
      add: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('session' as const), session: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('iv' as const), bytes: fc.nat(33) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('readable', 'writable'),
      missing: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.nat(500)),
    }),
  },
);

const before: fc.Arbitrary<Event> = fc.oneof(
  SIMPLER,
  { weight: 100, arbitrary: fc.record({ kind: fc.constant('nothing' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close' as const), session: fc.nat(7) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('exchange' as const), backend: fc.nat(4), wait: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);

const request: fc.Arbitrary<RequestPlan> = fc.record({
  session: fc.nat(7),
  stateless: rarely(2),
  bytes: lengths,
  aad: fc.oneof(SIMPLER, { weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40) }),
  iv: fc.nat(7),
  highCounter: rarely(4),
  windows: fc.tuple(start, length, start, length),
  resultLength: fc.oneof(SIMPLER, { weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(500) }),
  changedBit: fc.oneof(SIMPLER, { weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(4000) }),
  seed: fc.nat(1_000_000),
  places: fc.record({
    header: headerPlace,
    iv: place,
    source: place,
    aad: place,
    result: place,
    digest: place,
    status: place,
  }),
  inPlace: fc.constantFrom('no', 'no', 'no', 'no', 'no', 'data', 'data', 'digest'),
  readableCuts: cuts,
  writableCuts: cuts,
  joined: rarely(3),
  gaps: fc.array(fc.nat(33), { minLength: 1, maxLength: 5 }),
  slack: fc.oneof(SIMPLER, { weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(70) }),
  direct: fc.boolean(),
  wrong,
  before,
  notify: rarely(7),
});

const SESSIONS_MAX = 8;
const REQUESTS_MAX = 60;

const programs: fc.Arbitrary<Program> = fc.record({
  layout: fc.constantFrom(...LAYOUTS),
  sharedBytes: fc.constantFrom(0, 0, 600, 1200, 4096),
  whole: fc.boolean(),
  alike: fc.boolean(),
  sessions: fc.array(session, { minLength: 1, maxLength: SESSIONS_MAX, size: 'max' }),
  requests: fc.array(request, { minLength: 1, maxLength: REQUESTS_MAX, size: 'max' }),
});

/** The program of a seed. */
export function programOf(seed: number): Program {
  const [program] = fc.sample(programs, { seed, numRuns: 1, unbiased: true });
  if (!program) throw new Error(`Seed ${seed} gave no program.`);
  return program;
}

/** Whether this is a program, as a file has it. */
export function isProgram(value: unknown): value is Program {
  return programs.canShrinkWithoutContext(value);
}

/**
 * The smallest program that comes of one by leaving out requests and sessions and by making numbers smaller, one after the other, and of
 * which `fails` answers true as it does of the first.
 */
export async function shrink(program: Program, fails: (program: Program) => Promise<boolean>): Promise<Program> {
  const smaller = async (candidates: Iterable<fc.Value<Program>>) => {
    for (const candidate of candidates) if (await fails(candidate.value)) return candidate;
    return undefined;
  };
  let smallest = program;
  for (let next = await smaller(programs.shrink(program, undefined)); next; ) {
    smallest = next.value;
    next = await smaller(programs.shrink(next.value_, next.context));
  }
  return withoutParts(smallest, fails);
}

/** Leaves out each session and each request alone, too: fast-check leaves out the first ones of an array only together. */
async function withoutParts(program: Program, fails: (program: Program) => Promise<boolean>): Promise<Program> {
  let smallest = program;
  for (const part of ['sessions', 'requests'] as const) {
    for (let index = smallest[part].length - 1; index >= 0 && smallest[part].length > 1; index--) {
      const shorter = { ...smallest, [part]: smallest[part].filter((_, at) => at !== index) };
      if (await fails(shorter)) smallest = shorter;
    }
  }
  return smallest;
}
