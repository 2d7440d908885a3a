// Requests whose headers say anything: status, result and all of the guest's memory are as a second reading of the specification
// has them, and nothing is written beyond the result.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { FAULT_REQUEST_HEADER } from '../../spec/engine.ts';
import type { RequestMode } from '../../src/driver/operations.ts';
import type { ChainBuffer } from '../../src/driver/queue.ts';
import { createSessionRequest } from '../../src/driver/sessions.ts';
import { SYMMETRIC } from '../support/algorithms.ts';
import { answerTo, headerBytesOf, type ModelDevice } from '../support/model_device.ts';
import { type ModelSession, sessionOfControl, viewOf } from '../support/model_session.ts';
import { PLAIN, place, placements } from '../support/placement.ts';
import type { ServiceRequest } from '../support/service_requests.ts';
import {
  bytesOf,
  expectBytes,
  lastByte,
  MODE_NAMES,
  type PlacedChain,
  prefix,
  RINGS,
  ServiceRig,
  UNWRITTEN,
} from '../support/service_rig.ts';
import { sampleChains, sampleOf } from '../support/service_samples.ts';
import { usedLength } from '../support/used_length.ts';

const SAMPLES = [...SYMMETRIC.map((name) => ({ name: name as string, request: sampleOf(name) })), ...sampleChains()];
const MAX_BYTES = 64 * 1024;

/** What a field of 32 bits may say: its own value, those beside it, the edges. */
const valuesFor = (own: number): number[] => [
  ...new Set(
    [
      0,
      1,
      own - 1,
      own,
      own + 1,
      own + 16,
      2 * own,
      MAX_BYTES,
      MAX_BYTES + 1,
      0x7fffffff,
      0x80000000,
      0xfffffff0,
      0xffffffff,
    ].map((value) => value >>> 0),
  ),
];

describe.each(MODE_NAMES)('%s', (mode) => {
  let rig: ServiceRig;
  let device: ModelDevice;
  let modes: RequestMode[] = [];
  const sessions = new Map<bigint, ModelSession>();

  async function openAll(): Promise<void> {
    sessions.clear();
    modes = [];
    for (const { request } of SAMPLES) {
      const opened = await rig.open(request.parameters);
      modes.push(opened);
      if (opened.session === undefined) continue;
      const { header, readable: keys } = createSessionRequest(request.parameters, opened.revision1);
      const control = new Uint8Array(Buffer.concat([header, ...keys]));
      sessions.set(opened.session, sessionOfControl(control, header.length));
    }
  }

  beforeAll(async () => {
    const ring = RINGS[MODE_NAMES.indexOf(mode) % 2] ?? 'split';
    rig = await ServiceRig.make(ring, mode, { maxSessions: 64, maxRequestBytes: MAX_BYTES });
    const { revision1, statelessLayout } = rig.layout(sampleOf('aes-cbc').parameters);
    device = {
      offered: SYMMETRIC,
      revision1,
      stateless: statelessLayout,
      maxRequestBytes: MAX_BYTES,
      sessions,
    };
    await openAll();
  });
  afterAll(async () => {
    await rig.bench.dispose();
  });

  const modeOf = (index: number): RequestMode => modes[index] ?? expect.unreachable();
  const sampleAt = (index: number): ServiceRequest => SAMPLES[index]?.request ?? expect.unreachable();

  /** The device answers a chain as the model does, and writes what the model says. */
  async function expectAsModel(chain: PlacedChain, hint: string): Promise<void> {
    const writable = bytesOf(chain.writable);
    const before = rig.readAll(chain.writable);
    const answer = answerTo(rig.readAll(chain.readable), writable, device);
    if (answer === 'needs reset') {
      await rig.expectFault(chain, FAULT_REQUEST_HEADER);
      await openAll();
      return;
    }
    const result = typeof answer === 'string' ? new Uint8Array() : answer;
    const [outcome] = await rig.send([chain], [...prefix(chain.writable, result.length), lastByte(chain)]);
    const { data, ...rest } = outcome ?? expect.unreachable();
    expect(rest, hint).toEqual({
      status: typeof answer === 'string' ? answer : 'ok',
      written: usedLength(result.length, writable),
    });
    expectBytes(data, Buffer.concat([result, before.slice(result.length, -1)]));
  }

  test.each(SAMPLES.map(({ name }, index) => [name, index] as const))(
    '5.9.7.3 %s: every field of the header at 0, 1, its neighbours, max_size and beyond',
    async (_, index) => {
      const request = sampleAt(index);
      const header = request.operation(modeOf(index)).readable[0] ?? expect.unreachable();
      for (let offset = 0; offset < header.length; offset += 4) {
        for (const value of valuesFor(viewOf(header).getUint32(offset, true))) {
          const chain = place(rig, request.operation(modeOf(index)), request.data, { ...PLAIN, slack: 40 });
          const patch = new Uint8Array(4);
          viewOf(patch).setUint32(0, value, true);
          rig.write((chain.readable[0]?.address ?? 0) + offset, patch);
          await expectAsModel(chain, `${value} at ${offset}`);
        }
      }
    },
  );

  test('5.9.7 any two fields of a header at anything, cut into buffers in any way', () => {
    const field = fc.tuple(fc.nat(), fc.oneof(fc.nat(80), fc.nat(MAX_BYTES), fc.integer({ min: -80, max: -1 })));
    return fc.assert(
      fc.asyncProperty(
        fc.nat(SAMPLES.length - 1),
        placements,
        fc.array(field, { minLength: 1, maxLength: 2 }),
        async (index, placement, fields) => {
          const request = sampleAt(index);
          const { readable, writable } = request.operation(modeOf(index));
          const header = (readable[0] ?? expect.unreachable()).slice();
          // The session stays: another one is another request.
          const offsets = [...Array(header.length / 4).keys()].map((n) => 4 * n).filter((n) => n < 4 || n > 12);
          for (const [at, value] of fields) {
            viewOf(header).setUint32(offsets[at % offsets.length] ?? 0, value >>> 0, true);
          }
          const chain = place(rig, { readable: [header, ...readable.slice(1)], writable }, request.data, placement);
          const expected = answerTo(rig.readAll(chain.readable), 1 << 20, device);
          // Of two failures either may be told.
          if (typeof expected === 'string' && expected !== 'needs reset' && fields.length > 1) {
            const [outcome] = await rig.send([chain], [lastByte(chain)]);
            expect(outcome).toMatchObject({ written: usedLength(0, bytesOf(chain.writable)) });
            expect(outcome?.status).not.toBe('ok');
          } else {
            await expectAsModel(chain, JSON.stringify(fields));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('5.9.7.3 contents cut short at every byte', async () => {
    for (const [index, { name }] of SAMPLES.entries()) {
      const request = sampleAt(index);
      const operation = request.operation(modeOf(index));
      const [header, ...content] = operation.readable.map((part) => part.length);
      const bytes = content.reduce((sum, length) => sum + length, 0);
      for (let left = 0; left < bytes; left++) {
        const { readable, writable } = place(rig, operation, request.data, PLAIN);
        await expectAsModel({ readable: prefix(readable, (header ?? 0) + left), writable }, `${name} ${left}`);
      }
    }
  });

  test('5.9.7.3 writable parts cut short at every byte: the status is the last, and no result is half written', async () => {
    for (const [index, { name }] of SAMPLES.entries()) {
      const request = sampleAt(index);
      const operation = request.operation(modeOf(index));
      const bytes = operation.writable.reduce((sum, length) => sum + length, 0);
      for (let left = 1; left < bytes; left++) {
        const { readable, writable } = place(rig, operation, request.data, PLAIN);
        await expectAsModel({ readable, writable: prefix(writable, left) }, `${name} ${left}`);
      }
    }
  });

  test('5.9.7.3 a result over any part of the request is as if the request had been read first', async () => {
    for (const [index, { name }] of SAMPLES.entries()) {
      const request = sampleAt(index);
      const { readable, writable } = request.operation(modeOf(index));
      const room = writable.reduce((sum, length) => sum + length, 0) - 1;
      const source = readable.indexOf(request.data);
      const before = readable.slice(0, source).reduce((sum, part) => sum + part.length, 0);
      const total = readable.reduce((sum, part) => sum + part.length, 0);
      const base = rig.arena + 200;
      // From 40 bytes before the source to 40 behind it, and at the start of each other part.
      const starts = [...Array(81).keys()].map((n) => before - 40 + n);
      let at = 0;
      for (const part of readable) {
        starts.push(at);
        at += part.length;
      }
      for (const start of starts) {
        rig.write(rig.arena, new Uint8Array(2000).fill(UNWRITTEN));
        rig.write(base, Buffer.concat(readable));
        at = base;
        const buffers = readable.map((part): ChainBuffer => {
          at += part.length;
          return { address: at - part.length, bytes: part.length };
        });
        const chain: PlacedChain = {
          readable: buffers,
          writable: [
            { address: base + start, bytes: room },
            { address: base + total + 400, bytes: 1 },
          ],
        };
        await expectAsModel(chain, `${name} at ${start - before}`);
      }
    }
  });

  test('5.9.7.3 a request without its whole header is none that could be answered: DEVICE_NEEDS_RESET', async () => {
    for (const index of [sampleIndex('aes-cbc'), sampleIndex('sha1'), sampleIndex('cmac-aes'), sampleIndex('gcm')]) {
      const request = sampleAt(index);
      const { readable, writable } = request.operation(modeOf(index));
      const header = readable[0] ?? expect.unreachable();
      const service = viewOf(header).getUint32(spec.DATA_OPCODE, true) >>> 8;
      expect(header.length).toBe(headerBytesOf(service, device));
      for (const left of [0, 1, 23, 24, 31, 47, header.length - 1].filter((bytes) => bytes < header.length)) {
        const chain = place(rig, { readable: [header.slice(0, left)], writable }, header, PLAIN);
        expect(answerTo(rig.readAll(chain.readable), 1, device)).toBe('needs reset');
        await expectAsModel(chain, `${left} bytes`);
      }
    }
    // With REVISION_1 the general header is enough for an opcode that no service has.
    const { readable, writable } = sampleAt(0).operation(modeOf(0));
    const header = (readable[0] ?? expect.unreachable()).slice(0, device.revision1 ? 24 : 72);
    viewOf(header).setUint32(spec.DATA_OPCODE, 0x0700, true);
    await expectAsModel(place(rig, { readable: [header], writable }, header, PLAIN), 'unknown opcode');
  });
});

function sampleIndex(name: string): number {
  return SAMPLES.findIndex((sample) => sample.name === name);
}
