// Each check that refuses a request or features reports its name and its section to onRefused.
import { afterEach, describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { F_VERSION_1, STATUS_FEATURES_OK } from '../../spec/virtio.ts';
import { REQUEST_CHECKS, type Refusal } from '../../src/device/refusals.ts';
import { createSessionRequest } from '../../src/driver/sessions.ts';
import { type BenchOptions, createBench } from '../../src/testing/index.ts';
import type { SymmetricName } from '../support/algorithms.ts';
import { noise } from '../support/memory.ts';
import { PLAIN, place } from '../support/placement.ts';
import type { ServiceRequest } from '../support/service_requests.ts';
import { type ModeName, ServiceRig } from '../support/service_rig.ts';
import { sampleChains, sampleOf } from '../support/service_samples.ts';

/** A field of a header, and what is written there. */
type Patch = readonly [offset: number, value: number];
/** Sample, what is patched in its header, the status, the check and the section. */
type Row = readonly [string, SymmetricName | 'plain-chain' | 'auth-chain', readonly Patch[], string, string, string];

const PLAIN_CHAIN = sampleChains()[0]?.request ?? expect.unreachable();
const AUTH_CHAIN = sampleChains()[4]?.request ?? expect.unreachable();
const requestOf = (name: SymmetricName | 'plain-chain' | 'auth-chain'): ServiceRequest => {
  if (name === 'plain-chain') return PLAIN_CHAIN;
  return name === 'auth-chain' ? AUTH_CHAIN : sampleOf(name);
};

const DATA_ROWS: readonly Row[] = [
  ['an unknown operation', 'aes-cbc', [[spec.DATA_OPCODE, 0x7f]], 'notsupp', 'opcode', '5.9.7'],
  ['an unknown session', 'aes-cbc', [[spec.DATA_SESSION_ID, 0x7777]], 'invsess', 'session', '5.9.7.3'],
  ['another service', 'aes-cbc', [[spec.DATA_OPCODE, spec.HASH]], 'invsess', 'session-service', '5.9.7.3'],
  ['an op_type', 'aes-cbc', [[spec.DATA_SYM_OP_TYPE, 9]], 'notsupp', 'op_type', '5.9.7.2.1.3'],
  ['another op_type', 'aes-cbc', [[spec.DATA_SYM_OP_TYPE, 2]], 'err', 'session-op_type', '5.9.7.6'],
  ['a direction', 'aes-cbc', [[spec.DATA_OPCODE, spec.CIPHER_ENCRYPT]], 'err', 'session-direction', '5.9.7.3'],
  ['a long source', 'aes-cbc', [[spec.DATA_CIPHER_SRC_LEN, 0x7fffffff]], 'err', 'max_size', '5.9.5.1'],
  ['a missing source', 'aes-cbc', [[spec.DATA_CIPHER_SRC_LEN, 4096]], 'err', 'content-missing', '5.9.7.3'],
  ['a missing result', 'aes-cbc', [[spec.DATA_CIPHER_DST_LEN, 4096]], 'err', 'room', '5.9.7.3'],
  ['a short IV', 'aes-cbc', [[spec.DATA_CIPHER_IV_LEN, 8]], 'err', 'iv-length', '5.9.7.6'],
  ['a short result', 'aes-cbc', [[spec.DATA_CIPHER_DST_LEN, 32]], 'err', 'destination-length', '5.9.7.6'],
  [
    'half a block',
    'aes-cbc',
    [
      [spec.DATA_CIPHER_SRC_LEN, 40],
      [spec.DATA_CIPHER_DST_LEN, 40],
    ],
    'err',
    'source-length',
    '5.9.7.3',
  ],
  ['no digest', 'sha-256', [[spec.DATA_AUTH_RESULT_LEN, 0]], 'err', 'result-length', '5.9.7.3'],
  ['a window', 'plain-chain', [[spec.DATA_CHAIN_CIPHER_LEN, 4096]], 'err', 'window', '5.9.7.6'],
  ['a tag length', 'gcm', [[spec.DATA_AEAD_TAG_LEN, 12]], 'err', 'tag-length', '5.9.7.7'],
];

const SESSION_ROWS: readonly Row[] = [
  ['an op_type', 'aes-cbc', [[spec.CTRL_SYM_OP_TYPE, 9]], 'notsupp', 'op_type', '5.9.7.2.1.3'],
  ['an algorithm', 'aes-cbc', [[spec.CTRL_CIPHER_ALGO, 63]], 'notsupp', 'algorithm', '5.9.4'],
  ['a direction', 'aes-cbc', [[spec.CTRL_CIPHER_OP, 7]], 'err', 'direction', '5.9.7.2.1'],
  ['a long key', 'aes-cbc', [[spec.CTRL_CIPHER_KEY_LEN, 0x7fffffff]], 'err', 'key-limit', '5.9.5'],
  ['an odd key', 'aes-cbc', [[spec.CTRL_CIPHER_KEY_LEN, 17]], 'err', 'key-length', '5.9.7.2.1'],
  ['a missing key', 'hmac-sha-256', [[spec.CTRL_AUTH_KEY_LEN, 256]], 'err', 'key-missing', '5.9.7.2.1'],
  ['an order', 'plain-chain', [[spec.CTRL_CHAIN_ORDER, 5]], 'err', 'chain-order', '5.9.7.2.1.3'],
  ['a hash_mode', 'plain-chain', [[spec.CTRL_CHAIN_HASH_MODE, 9]], 'err', 'hash-mode', '5.9.7.2.1.3'],
  ['a result', 'sha-256', [[spec.CTRL_AUTH_RESULT_LEN, 99]], 'err', 'session-result-length', '5.9.7.2.1'],
  ['a tag', 'gcm', [[spec.CTRL_AEAD_TAG_LEN, 3]], 'err', 'session-tag-length', '5.9.7.2.1.4'],
  ['an unknown operation', 'aes-cbc', [[spec.CTRL_OPCODE, 0x42]], 'notsupp', 'opcode', '5.9.7'],
];

const reached = new Set<string>();
const disposals: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose();
});

async function rigOf(mode: ModeName, options: BenchOptions = {}): Promise<{ rig: ServiceRig; refusals: Refusal[] }> {
  const refusals: Refusal[] = [];
  const rig = await ServiceRig.make('split', mode, { onRefused: (refusal) => refusals.push(refusal), ...options });
  disposals.push(() => rig.bench.dispose());
  return { rig, refusals };
}

const patched = (header: Uint8Array, patches: readonly Patch[]): Uint8Array => {
  const copy = header.slice();
  for (const [offset, value] of patches) new DataView(copy.buffer).setUint32(offset, value, true);
  return copy;
};

/** Sends a data request whose header is patched. */
async function send(rig: ServiceRig, request: ServiceRequest, patches: readonly Patch[]): Promise<string> {
  const operation = request.operation(await rig.open(request.parameters));
  const [header = new Uint8Array(), ...rest] = operation.readable;
  const chain = { ...operation, readable: [patched(header, patches), ...rest] };
  const placed = place(rig, chain, request.data, { ...PLAIN, slack: 40 });
  const [outcome] = await rig.send([placed], placed.writable);
  return outcome?.status ?? expect.unreachable();
}

/** Sends a control request that has `readable` and room for an answer. */
async function control(rig: ServiceRig, readable: readonly Uint8Array[]): Promise<void> {
  const { driver } = rig.bench;
  let at = rig.arena;
  const buffers = readable.map((bytes) => {
    rig.write(at, bytes);
    at += bytes.length;
    return { address: at - bytes.length, bytes: bytes.length };
  });
  const writable = [{ address: at, bytes: spec.CREATE_INPUT_BYTES }];
  const done = driver.submitChain(driver.controlQueue, { readable: buffers, writable }, true);
  driver.notify(driver.controlQueue);
  await done;
}

function expectRefusal(refusals: Refusal[], expected: Record<string, unknown>): void {
  expect(refusals).toEqual([expect.objectContaining({ kind: 'request', ...expected })]);
  const [refusal] = refusals;
  expect(refusal?.message).toContain(`(${refusal?.section})`);
  reached.add(refusal?.check ?? '');
}

describe('a data request', () => {
  test.each(DATA_ROWS)('%s of %s', async (_, name, patches, status, check, section) => {
    const { rig, refusals } = await rigOf('REVISION_1');
    expect(await send(rig, requestOf(name), patches)).toBe(status);
    expectRefusal(refusals, { queue: 0, status, check, section });
  });

  test('of a service that is not offered', async () => {
    const { rig, refusals } = await rigOf('REVISION_1', { algorithms: ['aes-cbc'] });
    expect(await send(rig, sampleOf('aes-cbc'), [[spec.DATA_OPCODE, spec.MAC]])).toBe('notsupp');
    expectRefusal(refusals, { check: 'service', section: '5.9.5', opcode: spec.MAC });
  });

  test('without the flag of session mode', async () => {
    const { rig, refusals } = await rigOf('REVISION_1');
    expect(await send(rig, sampleOf('aes-cbc'), [[spec.DATA_FLAG, 0]])).toBe('notsupp');
    expectRefusal(refusals, { check: 'session-mode', section: '5.9.7.3' });
  });

  test('of CCM whose nonce does not stand in 16 bytes', async () => {
    const { rig, refusals } = await rigOf('REVISION_1');
    const { parameters, data } = sampleOf('ccm');
    const patches: Patch[] = [
      [spec.DATA_AEAD_SRC_LEN, data.length + 1],
      [spec.DATA_AEAD_DST_LEN, data.length + 1],
    ];
    expect(await send(rig, { ...sampleOf('ccm'), parameters }, patches)).toBe('err');
    expectRefusal(refusals, { check: 'nonce-field', section: '5.9.7.7' });
  });

  test('with a wrong tag, at once and from a worker', async () => {
    for (const backend of ['inline', 'workers'] as const) {
      const refusals: Refusal[] = [];
      const bench = await createBench({ backend, workers: 1, onRefused: (refusal) => refusals.push(refusal) });
      disposals.push(() => bench.dispose());
      await bench.device.backendReady;
      const request = { algorithm: 'gcm', direction: 'decrypt', key: noise(16, 1), iv: noise(12, 2) } as const;
      const data = noise(65536, 3);
      const { status } = await bench.driver.aead({ ...request, aad: new Uint8Array(), data, tagLength: 16 });
      expect(status).toBe('badmsg');
      expect(bench.device.statistics().elsewhere.workers).toBe(backend === 'workers' ? 1 : 0);
      expectRefusal(refusals, { queue: 0, status: 'badmsg', check: 'tag', opcode: spec.AEAD_DECRYPT });
    }
  });

  test('with wrong lengths that would run in a worker', async () => {
    const refusals: Refusal[] = [];
    const bench = await createBench({ backend: 'workers', workers: 1, onRefused: (refusal) => refusals.push(refusal) });
    disposals.push(() => bench.dispose());
    await bench.device.backendReady;
    const request = { algorithm: 'aes-cbc', direction: 'encrypt', key: noise(16, 1), iv: noise(16, 2) } as const;
    expect(await bench.driver.cipher({ ...request, data: noise(65537, 3) })).toMatchObject({ status: 'err' });
    expectRefusal(refusals, { status: 'err', check: 'source-length' });
  });
});

describe('a control request', () => {
  test.each(SESSION_ROWS)('%s of %s', async (_, name, patches, status, check, section) => {
    const { rig, refusals } = await rigOf('legacy');
    const { parameters } = requestOf(name);
    const { header, readable } = createSessionRequest(parameters, false);
    await control(rig, [patched(header, patches), ...readable]);
    expectRefusal(refusals, { queue: rig.bench.driver.controlQueue, status, check, section });
  });

  test('for a chain whose hash is not offered', async () => {
    for (const request of [PLAIN_CHAIN, AUTH_CHAIN]) {
      const { rig, refusals } = await rigOf('legacy', { algorithms: ['aes-cbc'] });
      const { header, readable } = createSessionRequest(request.parameters, false);
      await control(rig, [header, ...readable]);
      expectRefusal(refusals, { status: 'notsupp', check: 'chain-service', section: '5.9.5' });
    }
  });

  test('for one session more than there is room for', async () => {
    const { rig, refusals } = await rigOf('REVISION_1', { maxSessions: 1 });
    const { parameters } = sampleOf('aes-cbc');
    await rig.open(parameters);
    expect(await rig.bench.driver.createSession(parameters)).toMatchObject({ status: 'nospc' });
    expectRefusal(refusals, { status: 'nospc', check: 'sessions', section: '5.9.7.1' });
  });

  test('for the end of an unknown session', async () => {
    const { rig, refusals } = await rigOf('legacy');
    expect(await rig.bench.driver.destroySession(77n, 'cipher')).toBe('err');
    expectRefusal(refusals, { status: 'err', check: 'destroy-session', section: '5.9.7.2.1' });
  });
});

test('each check of a request was reached above', () => {
  // Those of AKCIPHER and of IPSEC are reached by the tests of these services.
  const akcipher = ['akcipher', 'key', 'key_type', 'pieces', 'signature'];
  const ipsec = [
    'sa',
    'packet',
    'packet-length',
    'spi',
    'lifetime',
    'sequence',
    'replay',
    'icv',
    'trailer',
    'inner',
    'hops',
  ];
  expect([...reached, ...akcipher, ...ipsec].sort()).toEqual(REQUEST_CHECKS.map(({ check }) => check).sort());
});

describe('features', () => {
  test.each([
    ['features-offered', '2.2.2', (1n << BigInt(F_VERSION_1)) | (1n << 20n)],
    ['version_1', '6.2', 0n],
    ['stateless-revision_1', '5.9.3.1', (1n << BigInt(F_VERSION_1)) | (1n << BigInt(spec.F_CIPHER_STATELESS_MODE))],
  ])('%s', async (check, section, driverFeatures) => {
    const refusals: Refusal[] = [];
    const bench = await createBench({ start: false, onRefused: (refusal) => refusals.push(refusal) });
    disposals.push(() => bench.dispose());
    const { device } = bench;
    device.writeDriverFeatures(0, Number(driverFeatures & 0xffffffffn));
    device.writeDriverFeatures(1, Number(driverFeatures >> 32n));
    device.writeStatus(STATUS_FEATURES_OK);
    expect(device.status & STATUS_FEATURES_OK).toBe(0);
    expect(refusals).toEqual([expect.objectContaining({ kind: 'features', check, section, driverFeatures })]);
  });
});

describe('the handler of refusals', () => {
  test('may throw: the call throws it, and the device goes on', async () => {
    const { rig } = await rigOf('legacy', {
      onRefused: () => {
        throw new Error('from onRefused');
      },
    });
    const { driver } = rig.bench;
    const parameters = sampleOf('aes-cbc').parameters;
    const refused = driver.submitChain(
      0,
      place(rig, sampleOf('aes-cbc').operation({ ...rig.layout(parameters), session: 77n }), new Uint8Array(), PLAIN),
      true,
    );
    expect(() => driver.notify(0)).toThrow('from onRefused');
    expect((await refused).writable.at(-1)?.at(-1)).toBe(spec.CRYPTO_INVSESS);
    expect(rig.bench.device.fault).toBeUndefined();
    const { status } = await driver.cipher({
      algorithm: 'aes-cbc',
      direction: 'encrypt',
      key: noise(16, 1),
      iv: noise(16, 2),
      data: noise(16, 3),
    });
    expect(status).toBe('ok');
  });

  test('is missing by default, and must be a function', async () => {
    const bench = await createBench();
    disposals.push(() => bench.dispose());
    expect(await bench.driver.destroySession(77n, 'cipher')).toBe('err');
    await expect(createBench({ onRefused: 'me' as never })).rejects.toThrow('onRefused');
  });
});
