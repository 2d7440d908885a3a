// Administration commands after templates, with bytes changed, cut short or drawn out, in buffers of any length, against a model. A short
// run; ADMIN_FUZZ_CASES=1000000 makes it long.
import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/admin.ts';
import * as ipsec from '../../spec/ipsec.ts';
import { createBench } from '../../src/testing/bench.ts';
import { objectOf } from '../ipsec/model.ts';
import { association, someBytes } from '../ipsec/rig.ts';
import { AdminModel, answer, type Facts, INVALID_FIELD, OK } from './admin_model.ts';
import { Random } from './random.ts';

const { ADMIN_FUZZ_CASES = '20000' } = process.env;
const CASES = Number(ADMIN_FUZZ_CASES);
const LIMIT = 4;
const TYPES = [ipsec.OUTBOUND_SA_TYPE, ipsec.INBOUND_SA_TYPE];
/** One of so many commands is compared with the device's whole state before and after it. */
const LOOK = 16;

const ASSOCIATIONS = [
  association(),
  association({ mode: 'esp-transport', esn: true }),
  association({ mode: 'ah-tunnel', cipher: 'null', key: Buffer.alloc(0) }),
  association({ cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) }),
  association({ cipher: 'chacha20-poly1305', key: someBytes(32), auth: 'none', authKey: Buffer.alloc(0) }),
];

/** A command's bytes. */
function command(opcode: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(spec.ADMIN_DATA + data.length);
  new DataView(bytes.buffer).setUint16(0, opcode, true);
  bytes.set(data, spec.ADMIN_DATA);
  return bytes;
}

function object(opcode: number, type: number, id: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(spec.ADMIN_OBJECT_DATA + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setUint32(4, id, true);
  bytes.set(data, spec.ADMIN_OBJECT_DATA);
  return command(opcode, bytes);
}

function capability(opcode: number, id: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  return command(opcode, Uint8Array.of(id & 0xff, id >> 8, 0, 0, 0, 0, 0, 0, ...data));
}

/** The entries that a driver's SA_CAP has, each as numbers, and whether each is within that of the device. */
function isWithin(driver: Uint8Array, device: Uint8Array): boolean {
  const count = driver[0] ?? 0;
  if (8 + 44 * count > driver.length) return false;
  const entry = (bytes: Uint8Array, index: number) => Buffer.from(bytes.subarray(8 + 44 * index, 52 + 44 * index));
  const offered = new Map(
    Array.from({ length: device[0] ?? 0 }, (_, index) => [entry(device, index)[0], entry(device, index)]),
  );
  const seen = new Set<number>();
  for (let index = 0; index < count; index++) {
    const own = entry(driver, index);
    const mode = own.readUInt8(0);
    const whole = offered.get(mode);
    if (!whole || seen.has(mode)) return false;
    seen.add(mode);
    for (const at of [4, 36, 40]) if (own.readUInt32LE(at) > whole.readUInt32LE(at)) return false;
    for (const at of [8, 16, 20, 24, 28, 32]) if ((own.readUInt32LE(at) & ~whole.readUInt32LE(at)) !== 0) return false;
  }
  return true;
}

describe('hostile administration commands', () => {
  test.each(['split', 'packed'] as const)(
    'get the answer that the specification says, on a %s ring, and change nothing when they fail',
    async (ring) => {
      const bench = await createBench({
        ring,
        features: { adminQueue: true },
        securityAssociations: LIMIT,
        algorithms: 'all',
      });
      const { driver, device } = bench;
      await driver.admin.useAll();
      const saCap = (await driver.admin.deviceCapability(ipsec.IPSEC_SA_CAP, 1024)).result.slice();
      const limits = (await driver.admin.deviceCapability(ipsec.IPSEC_RESOURCE_CAP, 8)).result.slice();
      const facts: Facts = {
        capabilities: new Map([
          [ipsec.IPSEC_RESOURCE_CAP, limits],
          [ipsec.IPSEC_SA_CAP, saCap.slice(0, 8 + 44 * (saCap[0] ?? 0))],
        ]),
        accepts: (id, data) => {
          if (id === ipsec.IPSEC_SA_CAP) return isWithin(data, saCap);
          const view = new DataView(data.buffer);
          return view.getUint32(0, true) <= LIMIT && view.getUint32(4, true) <= LIMIT;
        },
        limit: (type, set) => {
          const cap = set.get(ipsec.IPSEC_RESOURCE_CAP);
          const limit = cap ? new DataView(cap.buffer).getUint32(type === ipsec.INBOUND_SA_TYPE ? 0 : 4, true) : 0;
          return TYPES.includes(type) ? limit : undefined;
        },
        objectBytes: ipsec.SA_OBJECT_BYTES,
      };
      const model = new AdminModel(facts);
      const random = new Random(ring === 'split' ? 1 : 2);
      const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)] ?? expect.unreachable();
      const anObject = () => {
        const [type, direction] = pick([
          [ipsec.OUTBOUND_SA_TYPE, 'outbound'],
          [ipsec.INBOUND_SA_TYPE, 'inbound'],
        ] as const);
        return [type, random.below(LIMIT + 1), objectOf(pick(ASSOCIATIONS), direction)] as const;
      };
      const bare = (opcode: number): Uint8Array => {
        const [type, id] = anObject();
        return object(opcode, type, id);
      };
      const templates: (() => Uint8Array)[] = [
        () => command(spec.ADMIN_LIST_QUERY),
        () => command(spec.ADMIN_LIST_USE, Uint8Array.of(0x83, 0x3f, 0, 0, 0, 0, 0, 0)),
        () => command(spec.ADMIN_CAP_ID_LIST_QUERY),
        () => capability(spec.ADMIN_DEVICE_CAP_GET, pick([ipsec.IPSEC_RESOURCE_CAP, ipsec.IPSEC_SA_CAP])),
        () => capability(spec.ADMIN_DRIVER_CAP_SET, ipsec.IPSEC_RESOURCE_CAP, limits),
        () => capability(spec.ADMIN_DRIVER_CAP_SET, ipsec.IPSEC_SA_CAP, saCap),
        () => object(spec.ADMIN_OBJECT_CREATE, ...anObject()),
        () => object(spec.ADMIN_OBJECT_CREATE, ...anObject()),
        () => object(spec.ADMIN_OBJECT_MODIFY, ...anObject()),
        () => bare(spec.ADMIN_OBJECT_QUERY),
        () => bare(spec.ADMIN_OBJECT_DESTROY),
      ];
      /** Half of the commands are right. The others have a few bytes changed, and another length. */
      const next = (): Uint8Array => {
        const bytes = pick(templates)();
        if (random.below(2) === 0) return bytes;
        const length = random.below(3) === 0 ? random.below(bytes.length + 64) : bytes.length;
        const changed = new Uint8Array(length);
        changed.set(bytes.subarray(0, length));
        for (let left = random.below(3); left > 0 && length > 0; left--)
          changed[random.below(length)] = pick([0, 1, 2, 0x7f, 0x80, 0xff, random.below(256)]);
        return changed;
      };
      /** Cuts bytes into up to three buffers. */
      const cut = (bytes: Uint8Array): Uint8Array[] => {
        const at = random.below(bytes.length + 1);
        return [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
      };
      const administration = () => device.save({ includeKeys: true }).administration;
      /** A new driver, whose first commands say what it uses. */
      const first: Uint8Array[] = [];
      const restart = () => {
        driver.start();
        model.reset();
        first.splice(0, first.length, ...templates.slice(1, 6).map((template) => template()));
      };
      restart();
      const counted = new Map<number, number>();
      for (let index = 0; index < CASES; index++) {
        if (random.below(200) === 0) restart();
        const sent = first.shift() ?? next();
        // A chain has at least one buffer.
        const room = random.below(4) === 0 ? Math.max(random.below(300), sent.length > 0 ? 0 : 1) : 512;
        const look = index % LOOK === 0;
        const before = look ? administration() : undefined;
        const { written, writable } = await driver.submit({
          queue: 2,
          readable: cut(sent),
          writable: room ? [room] : [],
        });
        const [part = new Uint8Array()] = writable;
        const { answers, result, done } = model.expect(sent);
        const got = room >= 4 ? answer(part[0] ?? 0, part[2] ?? 0) : undefined;
        const said = () => `case ${index}: ${Buffer.from(sent).toString('hex')}`;
        if (got !== undefined && !answers.includes(got)) expect(got, said()).toBe(answers[0]);
        // Where the answer does not fit, or the device decides, its state says what came of it.
        const isDone = got === OK || (got === undefined && answers.length === 1 && answers[0] === OK);
        const undecided = got === undefined && answers.length > 1;
        const whole = isDone && result ? Math.ceil(result.length / 8) * 8 : 0;
        if (!undecided && written !== Math.min(room, 8 + whole))
          expect(written, said()).toBe(Math.min(room, 8 + whole));
        if (isDone && result) {
          const shown = Buffer.from(result).subarray(0, Math.max(0, written - 8));
          if (
            !Buffer.from(part)
              .subarray(8, 8 + shown.length)
              .equals(shown)
          )
            expect(part.slice(8), said()).toEqual(result);
        }
        if (isDone) done?.();
        else if (undecided && (administration()?.objects.length ?? 0) > model.objects) done?.();
        else if (undecided) {
          // This MODIFY had no room for its answer, so its outcome is unknown: driver and model start anew.
          restart();
        } else if (look) expect(administration(), said()).toEqual(before);
        if (got !== undefined) counted.set(got, (counted.get(got) ?? 0) + 1);
      }
      expect(device.fault).toBeUndefined();
      expect(counted.size).toBeGreaterThan(7);
      expect(counted.get(OK)).toBeGreaterThan(CASES / 10);
      expect(counted.get(INVALID_FIELD)).toBeGreaterThan(CASES / 200);
      expect(administration()?.objects.length).toBe(model.objects);
      console.log(
        `${CASES} commands on a ${ring} ring:`,
        Object.fromEntries([...counted].map(([key, count]) => [`${key >> 8}/${key & 0xff}`, count])),
      );
      await bench.dispose();
    },
    1_200_000,
  );
});
