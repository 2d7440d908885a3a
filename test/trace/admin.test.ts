// Administration commands as the tracer shows them, and that no key leaves the machine in a trace file.
import { afterEach, describe, expect, test } from 'vitest';
import * as admin from '../../spec/admin.ts';
import * as ipsec from '../../spec/ipsec.ts';
import { ADMIN_ANSWER, ADMIN_COMMANDS, ADMIN_HEADER, RESOURCE_OBJECTS } from '../../spec/layouts/admin.ts';
import { createBench } from '../../src/testing/bench.ts';
import {
  DeviceTracer,
  decodeRequest,
  fromJsonLines,
  queueName,
  summarise,
  toJsonLines,
} from '../../src/trace/index.ts';
import { OBJECT, OBJECT_BYTES, testAdministered } from '../support/administered.ts';
import { noise } from '../support/memory.ts';

const disposals: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose();
});

async function traced(options = {}) {
  const bench = await createBench({ features: { adminQueue: true }, securityAssociations: 2, ...options });
  disposals.push(bench.dispose);
  const tracer = new DeviceTracer(bench.device);
  return { ...bench, tracer, commands: bench.driver.admin };
}

describe('2.12.1 the structures', () => {
  test.each(Object.values(RESOURCE_OBJECTS).map(({ fields, parts }) => [fields, parts] as const))(
    'no field of an object overlaps another, and all are within it',
    (fields, parts) => {
      let at = 0;
      for (const { name, offset, bytes } of [...fields, ...parts].sort((a, b) => a.offset - b.offset)) {
        expect(offset, name).toBeGreaterThanOrEqual(at);
        at = offset + bytes;
      }
      expect(at).toBe(ipsec.SA_OBJECT_BYTES);
    },
  );

  test('headers end where data and result begin', () => {
    expect(Math.max(...ADMIN_HEADER.map(({ offset, bytes }) => offset + bytes))).toBe(admin.ADMIN_DATA);
    expect(Math.max(...ADMIN_ANSWER.map(({ offset, bytes }) => offset + bytes))).toBeLessThanOrEqual(
      admin.ADMIN_RESULT,
    );
    expect(Object.keys(ADMIN_COMMANDS).map(Number)).toEqual([0, 1, 7, 8, 9, 10, 11, 12, 13]);
  });
});

test('commands are named, with their answers, on a queue of their own', async () => {
  const { tracer, commands } = await traced();
  await commands.useAll();
  await commands.command({ opcode: 0x99 });
  await commands.deviceCapability(0x5, 8);
  await commands.setCapability(ipsec.IPSEC_RESOURCE_CAP, new Uint8Array(8));
  const requests = tracer.requestsSince(0);
  expect(requests.map(queueName)).toEqual(Array.from({ length: 5 }, () => 'adminq'));
  expect(requests.map(summarise).map(({ operation, session, status }) => [operation, session, status])).toEqual([
    ['LIST_QUERY', '-', 'OK'],
    ['LIST_USE', '-', 'OK'],
    ['unknown opcode 0x99', '-', 'EINVAL'],
    ['DEVICE_CAP_GET', '0x5', 'ENXIO'],
    ['DRIVER_CAP_SET', '0x800', 'OK'],
  ]);
  const [, , unknown] = requests;
  const fields = unknown ? decodeRequest(unknown) : [];
  expect(fields.find(({ name }) => name === 'status_qualifier')?.value).toBe('INVALID_OPCODE');
  expect(fields.find(({ name }) => name === 'group_type')?.value).toBe('self');
});

test('an association is shown by its fields, and its keys are secret, sent and queried', async () => {
  const { tracer, commands } = await traced();
  await commands.useAll();
  const object = noise(ipsec.SA_OBJECT_BYTES, 9);
  object.set([ipsec.SA_ESP_TUNNEL, ipsec.SA_OUTBOUND]);
  await commands.createObject(ipsec.OUTBOUND_SA_TYPE, 1, object);
  const [, , created] = tracer.requestsSince(0);
  const fields = created ? decodeRequest(created) : [];
  const textOf = (name: string) => fields.find((field) => field.name === name)?.value;
  expect([textOf('type'), textOf('id'), textOf('mode'), textOf('direction')]).toEqual([
    '0x200',
    '1',
    'ESP_TUNNEL',
    'OUTBOUND',
  ]);
  expect(fields.filter(({ secret }) => secret).map(({ name, bytes }) => [name, bytes])).toEqual([
    ['salt', 4],
    ['cipher_key.data', 32],
    ['auth_key.data', 32],
  ]);
});

test('a trace file has no byte of an object’s keys, nor of an object of unknown type', async () => {
  const { tracer, commands } = await traced({ administered: testAdministered() });
  await commands.useAll();
  const own = noise(OBJECT_BYTES, 5).fill(1, 0, 1);
  const object = noise(ipsec.SA_OBJECT_BYTES, 9);
  await commands.setCapability(0x801, new Uint8Array(8).fill(2, 0, 1));
  await commands.createObject(OBJECT, 1, own);
  await commands.queryObject(OBJECT, 1, OBJECT_BYTES);
  await commands.createObject(ipsec.INBOUND_SA_TYPE, 1, object);
  await commands.command({ opcode: 0x77, data: own });
  const text = toJsonLines(tracer.requestsSince(0));
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  for (const secret of [own, object.subarray(12, 16), object.subarray(88, 120), object.subarray(132, 164)]) {
    expect(text).not.toContain(hex(secret));
  }
  expect(fromJsonLines(text).map(queueName)).toContain('adminq');
});
