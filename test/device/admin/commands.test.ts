// Administration commands (2.12 of virtio 1.4) as the reference driver sends them, on every ring of PCI.
import { afterEach, describe, expect, test } from 'vitest';
import * as admin from '../../../spec/admin.ts';
import { type Bench, type BenchOptions, createBench } from '../../../src/testing/bench.ts';
import {
  FLAGS,
  FLAGS_CAP,
  flagsOf,
  LIMIT,
  LIMIT_CAP,
  limitOf,
  OBJECT,
  OBJECT_BYTES,
  testAdministered,
} from '../../support/administered.ts';
import { noise } from '../../support/memory.ts';

const ALL = [0x0, 0x1, 0x7, 0x8, 0x9, 0xa, 0xb, 0xc, 0xd];
const OK = { status: 'ok', qualifier: 'ok' };
const einval = (qualifier: string) => ({ status: 'einval', qualifier });
const DATA = noise(OBJECT_BYTES, 3).fill(1, 0, 1);
const OTHER = noise(OBJECT_BYTES, 4).fill(2, 0, 1);
const refused = (first: number) => DATA.slice().fill(first, 0, 1);

describe.each(['split', 'packed'] as const)('with a %s ring', (ring) => {
  const open: Bench[] = [];
  afterEach(async () => {
    for (const bench of open.splice(0)) await bench.dispose();
  });

  async function up(options: BenchOptions = {}) {
    const administered = testAdministered();
    const features = { adminQueue: true };
    const bench = await createBench({ ring, features, administered, memoryBytes: 1024 * 1024, ...options });
    open.push(bench);
    return { ...bench, ...administered, admin: bench.driver.admin };
  }

  /** A driver that uses all commands, with both capabilities set. */
  async function ready() {
    const made = await up();
    expect(await made.admin.useAll()).toMatchObject(OK);
    expect(await made.admin.setCapability(LIMIT_CAP, limitOf(LIMIT))).toMatchObject(OK);
    return made;
  }

  describe('2.12.1.5 group administration commands', () => {
    test('LIST_QUERY names the commands that there are, in one word [2.12.1.5-4]', async () => {
      const { admin: commands } = await up();
      const answer = await commands.listQuery();
      expect(answer).toMatchObject({ ...OK, opcodes: ALL, written: 16 });
      expect(answer.result).toEqual(Uint8Array.of(0x83, 0x3f, 0, 0, 0, 0, 0, 0));
    });

    test('a device without capabilities and objects has the two commands for lists', async () => {
      const { admin: commands } = await up({ administered: { capabilities: [], objectTypes: [] } });
      expect((await commands.listQuery()).opcodes).toEqual([0, 1]);
      expect(await commands.listUse([0, 1, 7])).toMatchObject(einval('invalid-field'));
    });

    test('the group is checked first, then the opcode, then the member [2.12.1.5-1] [2.12.1.5-2] [2.12.1.5-3] [2.12.1.5-5]', async () => {
      const { admin: commands } = await ready();
      const wrong = { opcode: 0x1234, groupType: 7, member: 1n };
      expect(await commands.command(wrong)).toMatchObject(einval('invalid-group'));
      expect(await commands.command({ ...wrong, groupType: 0 })).toMatchObject(einval('invalid-opcode'));
      for (const opcode of ALL.slice(2)) {
        expect(await commands.command({ opcode, member: 1n })).toMatchObject(einval('invalid-member'));
        expect(await commands.command({ opcode, member: 1n << 63n })).toMatchObject(einval('invalid-member'));
      }
      expect(await commands.command({ opcode: 0, member: 9n })).toMatchObject(OK);
    });

    test('there is no SR-IOV group, so its commands fail [2.12.1.5-13] [2.12.1.2.4-4]', async () => {
      const { admin: commands } = await ready();
      for (const opcode of [...ALL, 0xe, 0x11]) {
        const answer = await commands.command({ opcode, groupType: admin.GROUP_SR_IOV, member: 1n });
        expect(answer).toMatchObject(einval('invalid-group'));
      }
    });

    test('until LIST_USE, and again after a reset, only the commands for lists are legal [2.12.1.5-7] [2.12.1.5-9]', async () => {
      const { driver, admin: commands } = await ready();
      driver.start();
      for (const opcode of ALL.slice(2)) {
        expect(await driver.admin.command({ opcode })).toMatchObject(einval('invalid-opcode'));
      }
      expect(await driver.admin.listQuery()).toMatchObject({ ...OK, opcodes: ALL });
      await expect(commands.command({ opcode: 0 })).resolves.toMatchObject(OK);
    });

    test('only the commands of the last list are legal, LIST_QUERY too [2.12.1.5-8] [2.12.1.5-9]', async () => {
      const { admin: commands } = await up();
      expect(await commands.listUse([1, 7])).toMatchObject(OK);
      expect((await commands.capabilityIds()).ids).toEqual([FLAGS_CAP, LIMIT_CAP]);
      expect(await commands.command({ opcode: 0 })).toMatchObject(einval('invalid-opcode'));
      expect(await commands.command({ opcode: 8 })).toMatchObject(einval('invalid-opcode'));
      expect(await commands.listUse([7])).toMatchObject(OK);
      expect(await commands.listUse(ALL)).toMatchObject(einval('invalid-opcode'));
      expect(await commands.capabilityIds()).toMatchObject(OK);
    });

    test('a list with a command that there is not is refused, and the old list stays [2.12.1.5-6]', async () => {
      const { admin: commands } = await ready();
      for (const extra of [2, 6, 0xe, 63, 64, 0x7fff]) {
        expect(await commands.listUse([0, 1, extra])).toMatchObject(einval('invalid-field'));
        expect(await commands.capabilityIds()).toMatchObject(OK);
      }
    });

    test('zeros behind a list do not matter', async () => {
      const { admin: commands } = await up();
      const data = new Uint8Array(40000);
      data.set([0x83, 0x3f]);
      expect(await commands.command({ opcode: admin.ADMIN_LIST_USE, data })).toMatchObject(OK);
      expect(await commands.capabilityIds()).toMatchObject(OK);
    });

    test('after a reset the same list is reported, and may be used again [2.12.1.5-10] [2.12.1.5-11]', async () => {
      const { driver } = await ready();
      for (let resets = 0; resets < 3; resets++) {
        driver.start();
        expect(await driver.admin.listQuery()).toMatchObject({ ...OK, opcodes: ALL });
        expect(await driver.admin.listUse(ALL)).toMatchObject(OK);
      }
    });
  });

  describe('2.12.1.2.4 capabilities', () => {
    test('their ids are bits of as many words as the largest needs [2.12.1.2.4-1]', async () => {
      const { admin: commands } = await ready();
      const answer = await commands.capabilityIds();
      expect(answer.ids).toEqual([FLAGS_CAP, LIMIT_CAP]);
      expect(answer.written).toBe(8 + 33 * 8);
    });

    test("the device's data is that which it was made with [2.12.1.2.4-1]", async () => {
      const { admin: commands } = await ready();
      expect((await commands.deviceCapability(LIMIT_CAP, 8)).result).toEqual(limitOf(LIMIT));
      expect((await commands.deviceCapability(FLAGS_CAP, 64)).result).toEqual(flagsOf(FLAGS));
    });

    test('a driver may set a limit up to the one offered, and fewer flags, but not more [2.12.1.2.4-1] [2.12.1.2.4-2] [2.12.1.2.4-3]', async () => {
      const { admin: commands } = await ready();
      for (const limit of [LIMIT, 1, 0]) {
        expect(await commands.setCapability(LIMIT_CAP, limitOf(limit))).toMatchObject(OK);
      }
      for (const flags of [FLAGS, 1, 0])
        expect(await commands.setCapability(FLAGS_CAP, flagsOf(flags))).toMatchObject(OK);
      expect(await commands.setCapability(LIMIT_CAP, limitOf(LIMIT + 1))).toMatchObject(einval('invalid-field'));
      expect(await commands.setCapability(FLAGS_CAP, flagsOf(4))).toMatchObject(einval('invalid-field'));
    });

    test('an id that is not in the list is ENXIO [2.12.1.2.4-6]', async () => {
      const { admin: commands } = await ready();
      for (const id of [0, 1, 0x802, 0xffff]) {
        expect(await commands.deviceCapability(id, 8)).toMatchObject({ status: 'enxio' });
        expect(await commands.setCapability(id, limitOf(0))).toMatchObject({ status: 'enxio' });
      }
    });

    test('a capability that objects depend on keeps its values [2.12.1.2.4-5]', async () => {
      const { admin: commands } = await ready();
      await commands.createObject(OBJECT, 3, DATA);
      for (const limit of [0, 3, LIMIT - 1]) {
        expect(await commands.setCapability(LIMIT_CAP, limitOf(limit))).toMatchObject({ status: 'ebusy' });
      }
      expect(await commands.setCapability(LIMIT_CAP, limitOf(LIMIT))).toMatchObject(OK);
      expect(await commands.setCapability(FLAGS_CAP, flagsOf(0))).toMatchObject(OK);
      expect((await commands.queryObject(OBJECT, 3, OBJECT_BYTES)).result).toEqual(DATA);
      await commands.destroyObject(OBJECT, 3);
      expect(await commands.setCapability(LIMIT_CAP, limitOf(0))).toMatchObject(OK);
    });

    test('a reset forgets what the driver set, and a limit that is not set is none [2.12.1.2.4-7] [2.12.1.2.4-8]', async () => {
      const { driver } = await ready();
      driver.start();
      await driver.admin.useAll();
      expect(await driver.admin.createObject(OBJECT, 0, DATA)).toMatchObject(einval('invalid-opcode'));
      await driver.admin.setCapability(LIMIT_CAP, limitOf(0));
      expect(await driver.admin.createObject(OBJECT, 0, DATA)).toMatchObject(einval('invalid-field'));
    });
  });

  describe('2.12.1.3.5 resource objects', () => {
    test('are made, queried, modified and destroyed, and made again [2.12.1.3.5-5] [2.12.1.3.5-9]', async () => {
      const { admin: commands, objects } = await ready();
      for (let lives = 0; lives < 2; lives++) {
        expect(await commands.createObject(OBJECT, 5, DATA)).toMatchObject(OK);
        expect(await commands.queryObject(OBJECT, 5, OBJECT_BYTES)).toMatchObject({ ...OK, result: DATA });
        expect(await commands.modifyObject(OBJECT, 5, OTHER)).toMatchObject(OK);
        expect(await commands.queryObject(OBJECT, 5, OBJECT_BYTES)).toMatchObject({ ...OK, result: OTHER });
        expect(await commands.destroyObject(OBJECT, 5)).toMatchObject(OK);
      }
      expect(objects.calls.filter((call) => call !== 'reset')).toEqual([
        'create 5',
        'modify 5',
        'destroy 5',
        'create 5',
        'modify 5',
        'destroy 5',
      ]);
    });

    test('an id in use is EEXIST, and the object stays as it is [2.12.1.3.5-1]', async () => {
      const { admin: commands } = await ready();
      await commands.createObject(OBJECT, 2, DATA);
      expect(await commands.createObject(OBJECT, 2, OTHER)).toMatchObject({ status: 'eexist' });
      expect((await commands.queryObject(OBJECT, 2, OBJECT_BYTES)).result).toEqual(DATA);
    });

    test('what does not exist, or has an unknown type, is ENXIO [2.12.1.3.5-2]', async () => {
      const { admin: commands } = await ready();
      for (const [type, id] of [
        [OBJECT, 1],
        [OBJECT, 0xffffffff],
        [0x201, 0],
        [0, 0],
      ] as const) {
        expect(await commands.queryObject(type, id, OBJECT_BYTES)).toMatchObject({ status: 'enxio' });
        expect(await commands.modifyObject(type, id, DATA)).toMatchObject({ status: 'enxio' });
        expect(await commands.destroyObject(type, id)).toMatchObject({ status: 'enxio' });
      }
      expect(await commands.createObject(0x201, 0, DATA)).toMatchObject(einval('invalid-field'));
    });

    test('every id below the limit is possible, in any order, and none from there on [2.12.1.3.5-6] [2.12.1.3.5-7]', async () => {
      const { admin: commands } = await ready();
      for (const id of [7, 0, 3, 6, 1, 5, 2, 4])
        expect(await commands.createObject(OBJECT, id, DATA)).toMatchObject(OK);
      for (const id of [LIMIT, 0x80000000, 0xffffffff]) {
        expect(await commands.createObject(OBJECT, id, DATA)).toMatchObject(einval('invalid-field'));
      }
    });

    test('without room it is ENOSPC [2.12.1.3.5-3]', async () => {
      const { admin: commands } = await ready();
      expect(await commands.createObject(OBJECT, 1, refused(0xfe))).toMatchObject({ status: 'enospc' });
      expect(await commands.createObject(OBJECT, 1, DATA)).toMatchObject(OK);
    });

    test('what others depend on is EBUSY, and stays [2.12.1.3.5-4]', async () => {
      const { admin: commands } = await ready();
      const depended = refused(0xfd);
      await commands.createObject(OBJECT, 1, depended);
      expect(await commands.modifyObject(OBJECT, 1, DATA)).toMatchObject({ status: 'ebusy' });
      expect(await commands.destroyObject(OBJECT, 1)).toMatchObject({ status: 'ebusy' });
      expect((await commands.queryObject(OBJECT, 1, OBJECT_BYTES)).result).toEqual(depended);
    });

    test('a MODIFY that fails changes nothing [2.12.1.3.5-8] [2.12.1.5-6]', async () => {
      const { admin: commands } = await ready();
      await commands.createObject(OBJECT, 1, DATA);
      expect(await commands.modifyObject(OBJECT, 1, refused(0xff))).toMatchObject(einval('invalid-field'));
      expect((await commands.queryObject(OBJECT, 1, OBJECT_BYTES)).result).toEqual(DATA);
    });

    test('a reset of the device destroys all [2.12.1.3.5-10]', async () => {
      const { driver, admin: commands, objects } = await ready();
      await commands.createObject(OBJECT, 1, DATA);
      objects.calls.length = 0;
      driver.start();
      expect(objects.calls).toEqual(['reset']);
      await driver.admin.useAll();
      await driver.admin.setCapability(LIMIT_CAP, limitOf(LIMIT));
      expect(await driver.admin.queryObject(OBJECT, 1, OBJECT_BYTES)).toMatchObject({ status: 'enxio' });
      expect(await driver.admin.createObject(OBJECT, 1, DATA)).toMatchObject(OK);
    });
  });

  describe('2.13.1 the administration queue', () => {
    /** Sends the bytes of a command with room for so many bytes, in pieces. */
    const raw = ({ driver }: Bench, command: Uint8Array, room: number) =>
      driver.submit({ queue: 2, readable: command.length ? [command] : [], writable: room ? [room] : [] });
    const createCommand = (id: number) => {
      const command = new Uint8Array(24 + 16 + OBJECT_BYTES);
      command.set([admin.ADMIN_OBJECT_CREATE]);
      command.set([OBJECT & 0xff, OBJECT >> 8, 0, 0, id], 24);
      command.set(DATA, 40);
      return command;
    };

    test('a command that is cut short at any byte has zeros behind it [2.13.1-1] [2.13.1-6]', async () => {
      const bench = await ready();
      const command = createCommand(0);
      for (let bytes = 0; bytes <= command.length; bytes++) {
        const { written, writable } = await raw(bench, command.subarray(0, bytes), 16);
        // With no more than the opcode's first byte it is a command already: type 0, which is not known, until the type is there.
        const expected = bytes === 0 ? [admin.ADMIN_OK, 16] : [bytes > 25 ? admin.ADMIN_OK : admin.ADMIN_EINVAL, 8];
        expect([writable[0]?.[0], written], `${bytes} bytes`).toEqual(expected);
        if (bytes <= 25) continue;
        const { result } = await bench.admin.queryObject(OBJECT, 0, OBJECT_BYTES);
        const object = new Uint8Array(OBJECT_BYTES);
        object.set(command.subarray(40, Math.max(40, bytes)));
        expect(result).toEqual(object);
        await bench.admin.destroyObject(OBJECT, 0);
      }
    });

    test('an answer is cut where its room ends, and written no further [2.13.1-2] [2.13.1-4] [2.13.1-7] [2.13.1-8]', async () => {
      const bench = await ready();
      const query = new Uint8Array(24);
      for (let room = 0; room <= 40; room++) {
        const { written, writable } = await raw(bench, query, room);
        const whole = [0, 0, 0, 0, 0, 0, 0, 0, 0x83, 0x3f, 0, 0, 0, 0, 0, 0];
        expect(written).toBe(Math.min(room, 16));
        expect([...(writable[0] ?? [])].slice(0, 16)).toEqual(whole.slice(0, room));
      }
      expect(bench.device.fault).toBeUndefined();
    });

    test('bytes behind a command are ignored [2.13.1-3] [2.13.1-6]', async () => {
      const bench = await ready();
      const long = new Uint8Array(100_000).fill(0xff);
      long.set(createCommand(1));
      const { writable } = await raw(bench, long, 8);
      expect(writable[0]).toEqual(new Uint8Array(8));
      expect((await bench.admin.queryObject(OBJECT, 1, OBJECT_BYTES)).result).toEqual(DATA);
    });

    test('old contents of the writable part are overwritten with zeros [2.13.1-5]', async () => {
      const { ram, driver, allocator } = await ready();
      const command = allocator.take(24);
      const room = allocator.take(32);
      ram().fill(0, command, command + 24);
      ram().fill(0xee, room, room + 32);
      const chain = { readable: [{ address: command, bytes: 24 }], writable: [{ address: room, bytes: 32 }] };
      await driver.submitChain(2, chain);
      expect([...ram().slice(room, room + 20)]).toEqual([
        0, 0, 0, 0, 0, 0, 0, 0, 0x83, 0x3f, 0, 0, 0, 0, 0, 0, 0xee, 0xee, 0xee, 0xee,
      ]);
    });

    test('commands of one notification run in order, however they are cut into buffers [2.13.1-9]', async () => {
      const { driver, objects } = await ready();
      const pieces = (command: Uint8Array) => [command.subarray(0, 5), command.subarray(5, 31), command.subarray(31)];
      objects.calls.length = 0;
      const destroy = createCommand(3).fill(admin.ADMIN_OBJECT_DESTROY, 0, 1);
      const sent = [createCommand(3), destroy, createCommand(3), destroy].map((command) =>
        driver.submit({ queue: 2, readable: pieces(command), writable: [3, 5], hold: true }),
      );
      driver.notify(2);
      for (const { writable } of await Promise.all(sent))
        expect(writable.flatMap((part) => [...part])).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
      expect(objects.calls).toEqual(['create 3', 'destroy 3', 'create 3', 'destroy 3']);
    });

    test('it can be reset by itself, and what it managed stays', async () => {
      const { driver, admin: commands } = await ready();
      await commands.createObject(OBJECT, 1, DATA);
      driver.resetQueue(2);
      expect((await driver.admin.queryObject(OBJECT, 1, OBJECT_BYTES)).result).toEqual(DATA);
    });

    test('its commands are counted, with those that failed', async () => {
      const { admin: commands, device } = await ready();
      const before = device.statistics().queues[2];
      await commands.command({ opcode: 0x55 });
      await commands.createObject(OBJECT, 1, DATA);
      const after = device.statistics().queues[2];
      expect(after?.kind).toBe('admin');
      expect((after?.requests ?? 0) - (before?.requests ?? 0)).toBe(2);
      expect((after?.bytes ?? 0) - (before?.bytes ?? 0)).toBe(32);
      expect((after?.errors.err ?? 0) - (before?.errors.err ?? 0)).toBe(1);
    });
  });
});
