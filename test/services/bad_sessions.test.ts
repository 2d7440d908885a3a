// Session requests whose headers say anything (5.9.7.2.1): what cannot be is ERR, what is not offered NOTSUPP, and no session
// comes of either.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import type { AlgorithmName } from '../../spec/names.ts';
import type { ChainBuffer } from '../../src/driver/queue.ts';
import { createSessionRequest, serviceOf } from '../../src/driver/sessions.ts';
import { type Status, statusName } from '../../src/driver/status.ts';
import { SYMMETRIC } from '../support/algorithms.ts';
import { offers, sessionFailure, sessionOfControl, viewOf } from '../support/model_session.ts';
import { RINGS, ServiceRig, UNWRITTEN } from '../support/service_rig.ts';
import { sampleChains, sampleOf } from '../support/service_samples.ts';

const SAMPLES = [...SYMMETRIC.map((name) => ({ name: name as string, request: sampleOf(name) })), ...sampleChains()];
const SOME: readonly AlgorithmName[] = ['aes-cbc', 'sha-256', 'hmac-sha-256', 'gcm'];
/** Bytes that stand behind the keys, for key lengths that are too long and yet there. */
const MORE_BYTES = 600;

const valuesFor = (own: number): number[] => [
  ...new Set(
    [0, 1, 2, 3, own - 1, own, own + 1, own + 8, 2 * own, 256, 257, 512, 513, 0x7fffffff, 0x80000000, 0xffffffff].map(
      (value) => value >>> 0,
    ),
  ),
];

describe.each([
  ['legacy', 'all', SYMMETRIC],
  ['REVISION_1', 'all', SYMMETRIC],
  ['REVISION_1', SOME, SOME],
] as const)('%s, of %s', (mode, algorithms, offered) => {
  let rig: ServiceRig;
  beforeAll(async () => {
    rig = await ServiceRig.make(RINGS[offered.length % 2] ?? 'split', mode, { algorithms });
  });
  afterAll(async () => {
    await rig.bench.dispose();
  });

  const revision1 = mode === 'REVISION_1';

  /** Sends a create request, and expects that the device wrote its answer and nothing else. */
  async function create(readable: readonly Uint8Array[]): Promise<{ status: Status; id: bigint }> {
    const { driver } = rig.bench;
    let at = rig.arena;
    const buffers = readable.map((bytes): ChainBuffer => {
      rig.write(at, bytes);
      at += bytes.length;
      return { address: at - bytes.length, bytes: bytes.length };
    });
    const input = { address: at + 1, bytes: spec.CREATE_INPUT_BYTES };
    rig.write(input.address, new Uint8Array(input.bytes).fill(UNWRITTEN));
    const done = driver.submitChain(driver.controlQueue, { readable: buffers, writable: [input] }, true);
    rig.notifyWatched(driver.controlQueue, [input]);
    expect((await done).written).toBe(spec.CREATE_INPUT_BYTES);
    const view = viewOf(rig.read(input));
    return {
      status: statusName(view.getUint32(spec.CREATE_INPUT_STATUS, true)),
      id: view.getBigUint64(spec.CREATE_INPUT_SESSION_ID, true),
    };
  }

  test.each(SAMPLES.map(({ name, request }) => [name, request.parameters] as const))(
    '5.9.7.2.1 %s: every field of the header at 0, 1, its neighbours, the longest keys and beyond',
    async (_, parameters) => {
      const { header: original, readable: keys } = createSessionRequest(parameters, revision1);
      for (let offset = 0; offset < original.length; offset += 4) {
        for (const value of valuesFor(viewOf(original).getUint32(offset, true))) {
          const header = original.slice();
          viewOf(header).setUint32(offset, value, true);
          const opcode = viewOf(header).getUint32(spec.CTRL_OPCODE, true);
          // What is not "create" has other answers, and a service's header may be longer than this one's.
          if (opcode !== viewOf(original).getUint32(spec.CTRL_OPCODE, true)) continue;
          const content = Buffer.concat([...keys, new Uint8Array(MORE_BYTES)]);
          const session = sessionOfControl(new Uint8Array(Buffer.concat([header, content])), header.length);
          const { status, id } = await create([header, content]);
          const hint = `${value} at ${offset}`;
          expect(status, hint).toBe(sessionFailure(session, offered) ?? 'ok');
          expect(rig.bench.device.sessionCount, hint).toBe(status === 'ok' ? 1 : 0);
          if (status !== 'ok') expect(id, hint).toBe(0n);
          else expect(await rig.bench.driver.destroySession(id, serviceOf(parameters))).toBe('ok');
        }
      }
    },
  );

  test('5.9.7.2.1 a key that is not all there is ERR', async () => {
    for (const { name, request } of SAMPLES) {
      const { parameters } = request;
      const { header, readable } = createSessionRequest(parameters, revision1);
      const keys = Buffer.concat(readable);
      if (keys.length === 0) continue;
      const failure = sessionFailure(
        sessionOfControl(new Uint8Array(Buffer.concat([header, keys])), header.length),
        offered,
      );
      for (const left of [0, 1, keys.length - 1]) {
        const { status } = await create([header, keys.subarray(0, left)]);
        expect(status, `${name} ${left}`).toBe(failure ?? 'err');
      }
    }
    expect(rig.bench.device.sessionCount).toBe(0);
  });

  test('5.9.7.2 an opcode that no service has is NOTSUPP, and so is that of one that is not offered', async () => {
    const services = [0, 1, 2, 3].filter((service) => !offers(service, offered));
    for (const service of [...services, 5, 6, 31, 32, 0xffffff]) {
      const header = new Uint8Array(spec.CTRL_LEGACY_BYTES);
      viewOf(header).setUint32(spec.CTRL_OPCODE, ((service << 8) | spec.OP_CREATE_SESSION) >>> 0, true);
      expect(await create([header])).toEqual({ status: 'notsupp', id: 0n });
    }
  });

  test(`5.9.7.1 no free session: ${revision1 ? 'NOSPC' : 'ERR, for NOSPC is a status of REVISION_1'}`, async () => {
    const { driver, device } = rig.bench;
    const { parameters } = sampleOf('sha-256');
    const ids: bigint[] = [];
    for (let n = 0; n < device.options.maxSessions; n++) {
      const { status, id } = await driver.createSession(parameters);
      expect(status).toBe('ok');
      ids.push(id);
    }
    expect(new Set(ids).size).toBe(ids.length);
    const full = { status: revision1 ? 'nospc' : 'err', id: 0n };
    expect(await driver.createSession(parameters)).toMatchObject(full);
    // What cannot be is told first.
    expect(
      await driver.createSession({
        service: 'cipher',
        algorithm: 'aes-cbc',
        direction: 'encrypt',
        key: new Uint8Array(15),
      }),
    ).toMatchObject({ status: 'err', id: 0n });
    const [first = 0n, ...rest] = ids;
    expect(await driver.destroySession(first, 'hash')).toBe('ok');
    const again = await driver.createSession(parameters);
    expect(again.status).toBe('ok');
    expect(ids).not.toContain(again.id);
    for (const id of [...rest, again.id]) expect(await driver.destroySession(id, 'hash')).toBe('ok');
  });
});
