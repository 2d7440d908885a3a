// 5.9.5: the configuration space shows exactly what works. An algorithm whose bit is set has sessions and runs; one whose bit
// is not is NOTSUPP, in a session as in stateless mode.
import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { AEAD_ALGORITHMS, CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS } from '../../spec/names.ts';
import { type AlgorithmChoice, chosenAlgorithms } from '../../src/device/offer.ts';
import type { SymmetricName } from '../support/algorithms.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { offers } from '../support/model_session.ts';
import { PLAIN, place } from '../support/placement.ts';
import { isAead, isCipher, isHash, isMac } from '../support/service_arbitraries.ts';
import { MODE_NAMES, ServiceRig } from '../support/service_rig.ts';
import { sampleChains, sampleOf } from '../support/service_samples.ts';

const TABLES = [CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS, AEAD_ALGORITHMS];
const ALL = TABLES.flatMap((table) => Object.keys(table) as SymmetricName[]);
/** What no one should use: offered by 'all' and by name alone. */
const NOT_MODERN = ['arc4', 'des-ecb', 'des-cbc', 'md5', 'kasumi-f8', 'kasumi-f9', 'cbcmac-kasumi-f9'];

/** Whether the configuration space has an algorithm's bit. */
function shown({ driver }: Bench, name: SymmetricName): boolean {
  const config = driver.readConfig();
  const has = (mask: bigint, bit: number) => ((mask >> BigInt(bit)) & 1n) === 1n;
  if (isCipher(name)) return has(config.cipherAlgorithms, CIPHER_ALGORITHMS[name]);
  if (isHash(name)) return has(BigInt(config.hashAlgorithms), HASH_ALGORITHMS[name]);
  if (isMac(name)) return has(config.macAlgorithms, MAC_ALGORITHMS[name]);
  return isAead(name) && has(BigInt(config.aeadAlgorithms), AEAD_ALGORITHMS[name]);
}

/** An algorithm works if its bit is set, and is NOTSUPP if not. */
async function expectAsShown(rig: ServiceRig, name: SymmetricName): Promise<void> {
  const request = sampleOf(name);
  const { driver } = rig.bench;
  if (shown(rig.bench, name)) {
    const opened = await rig.open(request.parameters);
    await rig.expectResult(request, place(rig, request.operation(opened), request.data, PLAIN));
    await rig.close(request.parameters, opened);
  } else {
    expect((await driver.createSession(request.parameters)).status, name).toBe('notsupp');
    if (!rig.stateless) return;
    const chain = place(rig, request.operation(rig.layout(request.parameters)), request.data, PLAIN);
    const [outcome] = await rig.send([chain], chain.writable.slice(-1));
    expect(outcome, name).toMatchObject({ status: 'notsupp', written: 0 });
  }
}

const CHOICES: readonly [string, AlgorithmChoice, readonly string[]][] = [
  ["'modern'", 'modern', ALL.filter((name) => !NOT_MODERN.includes(name))],
  ["'all'", 'all', ALL],
  ['hashes alone', ['sha1', 'sha-512', 'shake128'], ['sha1', 'sha-512', 'shake128']],
  ['one of each service', ['aes-xts', 'md5', 'zuc-eia3', 'ccm'], ['aes-xts', 'md5', 'zuc-eia3', 'ccm']],
];

describe.each(MODE_NAMES)('%s', (mode) => {
  test.each(CHOICES)('5.9.5 algorithms: %s', async (_, algorithms, expected) => {
    const rig = await ServiceRig.make('split', mode, { algorithms });
    const { services } = rig.bench.driver.readConfig();
    for (const name of ALL) {
      expect(shown(rig.bench, name), name).toBe(expected.includes(name));
      await expectAsShown(rig, name);
    }
    for (const service of [0, 1, 2, 3]) {
      expect((services >> service) & 1).toBe(
        offers(
          service,
          ALL.filter((name) => expected.includes(name)),
        )
          ? 1
          : 0,
      );
    }
    await rig.bench.dispose();
  });

  test('5.9.5 algorithms: each alone', async () => {
    expect(chosenAlgorithms('all').toSorted()).toEqual([...ALL, 'ecdsa', 'rsa'].toSorted());
    for (const name of ALL) {
      const rig = await ServiceRig.make('split', mode, { algorithms: [name] });
      expect(ALL.filter((other) => shown(rig.bench, other))).toEqual([name]);
      for (const other of [name, 'aes-cbc', 'sha-256', 'hmac-sha1', 'gcm'] as const) await expectAsShown(rig, other);
      await rig.bench.dispose();
    }
  });

  test('5.9.7.6 a chain of algorithms of which one is not offered is NOTSUPP', async () => {
    const rig = await ServiceRig.make('split', mode, { algorithms: ['aes-cbc', 'sha-256', 'hmac-sha1'] });
    for (const { name, request } of sampleChains()) {
      const works = name.startsWith('aes-cbc') && /sha-256|hmac-sha1/.test(name);
      const { status, id } = await rig.bench.driver.createSession(request.parameters);
      expect(status, name).toBe(works ? 'ok' : 'notsupp');
      if (works) expect(await rig.bench.driver.destroySession(id)).toBe('ok');
      if (!rig.stateless) continue;
      const chain = place(rig, request.operation(rig.layout(request.parameters)), request.data, PLAIN);
      const [outcome] = await rig.send([chain], works ? chain.writable : chain.writable.slice(-1));
      expect(outcome?.status, name).toBe(works ? 'ok' : 'notsupp');
    }
    await rig.bench.dispose();
  });
});

test("5.9.5 algorithms: 'modern' where nothing is said", async () => {
  const [bench, modern] = [await createBench(), await createBench({ algorithms: 'modern' })];
  expect(bench.driver.readConfig()).toEqual(modern.driver.readConfig());
  await bench.dispose();
  await modern.dispose();
});

test('5.9.3.1 stateless modes without REVISION_1 are refused', async () => {
  for (const bit of [
    spec.F_CIPHER_STATELESS_MODE,
    spec.F_HASH_STATELESS_MODE,
    spec.F_MAC_STATELESS_MODE,
    spec.F_AEAD_STATELESS_MODE,
  ]) {
    const features = (1n << 32n) | (1n << BigInt(bit));
    await expect(ServiceRig.make('split', 'legacy', { driver: { features } })).rejects.toThrow('refuses the features');
    const rig = await ServiceRig.make('split', 'legacy', { driver: { features: features | 1n } });
    expect(rig.bench.driver.has(bit)).toBe(true);
    await rig.bench.dispose();
  }
});
