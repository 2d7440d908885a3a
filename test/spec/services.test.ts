import { expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as engine from '../../spec/engine.ts';
import { SERVED, SERVICES, SPECIFIED, serviceNumbered } from '../../spec/services.ts';

test('5.9.4 services stand in the order of their numbers, as the engine counts them', () => {
  expect(SPECIFIED.map((name) => SERVICES[name].number)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(SPECIFIED).toHaveLength(engine.STATISTICS_UNKNOWN);
  expect(engine.STATISTICS_SERVICES).toBe(SPECIFIED.length + 1);
});

test.each(SERVED)('5.9.7.2, 5.9.7.3 the opcodes of %s have its number in their high byte', (name) => {
  const { number, create, destroy, operations } = SERVICES[name];
  const opcodes = [create, destroy, ...Object.values(operations)];
  for (const opcode of opcodes) expect(opcode >> 8).toBe(number);
  expect(new Set(opcodes).size).toBe(opcodes.length);
});

test('5.9.7.2 the engine and the table agree on the low bytes of creating and destroying', () => {
  for (const name of SERVED.filter((each) => each !== 'akcipher')) {
    expect(SERVICES[name].create & 0xff).toBe(crypto.OP_CREATE_SESSION);
    expect(SERVICES[name].destroy & 0xff).toBe(crypto.OP_DESTROY_SESSION);
  }
  expect(SERVICES.akcipher.create & 0xff).toBe(crypto.OP_AKCIPHER_CREATE_SESSION);
  expect(SERVICES.akcipher.destroy & 0xff).toBe(crypto.OP_AKCIPHER_DESTROY_SESSION);
});

test('5.9.7.3 the opcodes of ipsec have its number in their high byte, and it has no session', () => {
  const { number, operations } = SERVICES.ipsec;
  expect(operations).toEqual({ IPSEC_OUTBOUND: 0x0500, IPSEC_INBOUND: 0x0501 });
  for (const opcode of Object.values(operations)) expect(opcode >> 8).toBe(number);
  expect(serviceNumbered(number)?.create).toBeUndefined();
});

test.each(SERVED)('5.9.3 the stateless feature of %s follows from its number', (name) => {
  const { number, statelessMode } = SERVICES[name];
  expect(statelessMode).toBe(crypto.F_STATELESS_MODE + number);
});

test('a number that no service has', () => {
  for (const number of [6, 255, -1, 2 ** 31]) expect(serviceNumbered(number)).toBeUndefined();
});
