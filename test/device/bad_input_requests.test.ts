// Bad input, second half: requests that are well-formed chains and ask for what cannot be. Each one costs its status and
// no more (5.9.7): the device goes on.
import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as fault from '../../spec/engine.ts';
import { cipherRequest, createCipherSession, destroyCipherSession } from '../support/cipher_requests.ts';
import { expectChainFault, expectRefused, expectSessionRefused, sendWatched } from '../support/expectations.ts';
import { noise } from '../support/memory.ts';
import {
  AT,
  closeSession,
  expectWorks,
  expectWorksAfterReset,
  IV,
  KEY,
  openSession,
  prepare,
  reference,
  request,
  session,
  UNWRITTEN,
} from '../support/requests.ts';
import { patch, Rig } from '../support/rig.ts';

const replaced = <T>(list: readonly T[], index: number, value: Partial<T>): T[] =>
  list.map((entry, i) => (i === index ? { ...entry, ...value } : entry));

const LENGTHS = [0, 1, 0x80000000, 0xffffffff];
const SERVICES = { HASH: 1, MAC: 2, AEAD: 3, AKCIPHER: 4, IPSEC: 5 };
const OTHER_SERVICES = Object.entries(SERVICES);

/** The control chain of a create-session request with `fields` of its header overwritten and `keyBytes` in the chain. */
function createChain(rig: Rig, fields: Record<number, number>, keyBytes = 16) {
  rig.write(AT.control, patch(createCipherSession(crypto.CIPHER_AES_CBC, 16, 'encrypt'), fields));
  rig.write(AT.key, noise(keyBytes, 5));
  return [
    { address: AT.control, bytes: crypto.CTRL_LEGACY_BYTES },
    { address: AT.key, bytes: keyBytes },
    { address: AT.input, bytes: crypto.CREATE_INPUT_BYTES, write: true },
  ];
}

const refuseSession = (status: number, fields: Record<number, number>, keyBytes = 16) => {
  const rig = new Rig();
  expectSessionRefused(rig, status, createChain(rig, fields, keyBytes));
};

/** A data request in a good session, with `fields` of its header overwritten, gets `status`. */
function refuseRequest(status: number, fields: Record<number, number>, source = noise(64, 3)): void {
  const rig = new Rig();
  expectRefused(rig, status, { id: session(rig), source, fields });
}

describe('creating a session', () => {
  test.each([0, 1, 8, 15, 17, 23, 25, 31, 33, 64])(
    '5.9.7.2.1 a key of %i bytes is VIRTIO_CRYPTO_ERR [5.9.7.2.1.7-6]',
    (bytes) => {
      refuseSession(crypto.CRYPTO_ERR, { [crypto.CTRL_CIPHER_KEY_LEN]: bytes }, bytes);
    },
  );

  test.each([...LENGTHS, 72, 0xfffffff0])(
    '5.9.7.2.1 key_len %i with 16 bytes in the chain is VIRTIO_CRYPTO_ERR',
    (length) => {
      refuseSession(crypto.CRYPTO_ERR, { [crypto.CTRL_CIPHER_KEY_LEN]: length });
    },
  );

  test.each([
    [16, 15],
    [24, 16],
    [32, 31],
    [32, 0],
  ])('5.9.7.2.1 a key_len of %i and a chain with %i bytes of key are VIRTIO_CRYPTO_ERR', (length, carried) => {
    refuseSession(crypto.CRYPTO_ERR, { [crypto.CTRL_CIPHER_KEY_LEN]: length }, carried);
  });

  test.each([crypto.CIPHER_NONE, 1, 2, 4, 5, 14, 31, 32, 35, 63, 64, 67, 0x80000003, 0xffffffff])(
    '5.9.7.2.1 algorithm %i, which is not offered, is VIRTIO_CRYPTO_NOTSUPP [5.9.7.2.1.7-4]',
    (algo) => refuseSession(crypto.CRYPTO_NOTSUPP, { [crypto.CTRL_CIPHER_ALGO]: algo }),
  );

  test.each([0, 3, 0x101, 0x80000000, 0xffffffff])('5.9.7.2.1 direction %i is VIRTIO_CRYPTO_ERR', (direction) => {
    refuseSession(crypto.CRYPTO_ERR, { [crypto.CTRL_CIPHER_OP]: direction });
  });

  test.each([crypto.SYM_OP_NONE, crypto.SYM_OP_ALGORITHM_CHAINING, 3, 0x100, 0xffffffff])(
    '5.9.7.2.1 op_type %i is VIRTIO_CRYPTO_NOTSUPP',
    (type) => refuseSession(crypto.CRYPTO_NOTSUPP, { [crypto.CTRL_SYM_OP_TYPE]: type }),
  );

  test.each(OTHER_SERVICES)(
    '5.9.7.2 creating a %s session is VIRTIO_CRYPTO_NOTSUPP [5.9.7.2.1.7-1] [5.9.7.2.1.7-4]',
    (_, service) => {
      refuseSession(crypto.CRYPTO_NOTSUPP, { [crypto.CTRL_OPCODE]: (service << 8) | crypto.OP_CREATE_SESSION });
      refuseSession(crypto.CRYPTO_NOTSUPP, { [crypto.CTRL_OPCODE]: (service << 8) | 4 });
    },
  );

  test.each([0, 1, 4, 0xff, 0x2000, 0x10002, 0x2000002, 0x80000002, 0xffffff02, 0xfffffffe])(
    '5.9.7.2 the opcode 0x%x, which is none, is VIRTIO_CRYPTO_NOTSUPP [5.9.7.2.1.7-1]',
    (opcode) => refuseSession(crypto.CRYPTO_NOTSUPP, { [crypto.CTRL_OPCODE]: opcode }),
  );

  test('5.9.7.2.1 garbage in fields that no driver must set changes nothing', () => {
    const rig = new Rig();
    const fields: Record<number, number> = { [crypto.CTRL_ALGO]: 0xdeadbeef, [crypto.CTRL_FLAG]: 0xffffffff, 12: 7 };
    for (let padding = 28; padding < 64; padding += 4) fields[padding] = 0xdeadbeef;
    expect(openSession(rig, { fields }).status).toBe(crypto.CRYPTO_OK);
    expectWorks(rig);
  });

  test.each([0, 1, 15])('5.9.7.2.1 room of %i bytes for the answer sets DEVICE_NEEDS_RESET', (bytes) => {
    const rig = new Rig();
    const [header, key] = createChain(rig, {});
    if (!header || !key) throw new Error('no chain');
    rig.control.describeChain([header, key, { address: AT.input, bytes, write: true }]);
    rig.control.offer(0);
    rig.device.notify(rig.controlIndex);
    expect(rig.device.fault).toMatchObject({ code: fault.FAULT_REQUEST_STATUS, queue: rig.controlIndex });
    expect(rig.device.sessionCount).toBe(0);
    expectWorksAfterReset(rig);
  });

  test('5.9.7.2 a control header that is cut short sets DEVICE_NEEDS_RESET', () => {
    for (const bytes of [1, 16, 71]) {
      const rig = new Rig();
      const [header, , input] = createChain(rig, {});
      if (!header || !input) throw new Error('no chain');
      rig.control.describeChain([{ ...header, bytes }, input]);
      rig.control.offer(0);
      rig.device.notify(rig.controlIndex);
      expect(rig.device.fault?.code).toBe(fault.FAULT_REQUEST_HEADER);
      expectWorksAfterReset(rig);
    }
  });
});

/** Ids that name no session, beside `open`, the one that is. */
const strangers = (open: bigint): bigint[] => {
  const others = [
    0n,
    2n ** 64n - 1n,
    open + 1n,
    open - 1n,
    open + (1n << 32n),
    open & 0xffffffffn,
    2n ** 63n,
    0xffffffffn,
  ];
  return others.filter((id) => id !== open);
};

describe('closing a session', () => {
  test('5.9.7.2.1 an id that names no session is VIRTIO_CRYPTO_ERR, and the open one stays [5.9.7.2.1.9-2]', () => {
    const rig = new Rig();
    const open = session(rig);
    for (const id of strangers(open)) {
      rig.write(AT.control, destroyCipherSession(id));
      rig.write(AT.input, Uint8Array.of(UNWRITTEN));
      const chain = [
        { address: AT.control, bytes: crypto.CTRL_LEGACY_BYTES },
        { address: AT.input, bytes: 1, write: true },
      ];
      expect(sendWatched(rig, 'control', chain, [rig.guest(AT.input, 1)])).toEqual({ completed: true, written: 1 });
      expect(rig.read(AT.input, 1)[0]).toBe(crypto.CRYPTO_ERR);
    }
    expect(rig.device.sessionCount).toBe(1);
    expect(request(rig, { id: open }).status).toBe(crypto.CRYPTO_OK);
    expectWorksAfterReset(rig);
  });

  test('5.9.7.2.1 a session that is closed twice is VIRTIO_CRYPTO_ERR the second time', () => {
    const rig = new Rig();
    const id = session(rig);
    expect(closeSession(rig, id).status).toBe(crypto.CRYPTO_OK);
    expect(closeSession(rig, id).status).toBe(crypto.CRYPTO_ERR);
    expect(rig.device.sessionCount).toBe(0);
    expectWorksAfterReset(rig);
  });

  test('5.9.7.2 an opcode of a service that is not offered closes no session', () => {
    const rig = new Rig();
    const id = session(rig);
    for (const opcode of [0x0103, 0x0203, 0x0303, 0x0403, 0x0405, 0x0005, 0x10003, 0xffffff03]) {
      expect(closeSession(rig, id, { [crypto.CTRL_OPCODE]: opcode }).status).toBe(crypto.CRYPTO_ERR);
      expect(rig.device.sessionCount).toBe(1);
    }
    expect(request(rig, { id }).status).toBe(crypto.CRYPTO_OK);
  });

  test('5.9.7.2.1 no room for the answer sets DEVICE_NEEDS_RESET, and closes nothing before', () => {
    const rig = new Rig();
    const id = session(rig);
    rig.write(AT.control, destroyCipherSession(id));
    rig.control.describeChain([{ address: AT.control, bytes: crypto.CTRL_LEGACY_BYTES }]);
    rig.control.offer(0);
    rig.device.notify(rig.controlIndex);
    expect(rig.device.fault?.code).toBe(fault.FAULT_REQUEST_STATUS);
    expect(rig.device.sessionCount).toBe(1);
    expectWorksAfterReset(rig);
  });
});

describe('a data request', () => {
  test('5.9.7.6 a session id that names no session is VIRTIO_CRYPTO_INVSESS [5.9.7.6.2-10]', () => {
    const rig = new Rig();
    for (const id of strangers(session(rig))) {
      expectRefused(rig, crypto.CRYPTO_INVSESS, { id });
      session(rig);
    }
  });

  test('5.9.7.6 the id of a closed session is VIRTIO_CRYPTO_INVSESS, also when its slot is taken again', () => {
    const rig = new Rig();
    const closed = session(rig);
    closeSession(rig, closed);
    expectRefused(rig, crypto.CRYPTO_INVSESS, { id: closed });
    for (let i = 0; i < 4; i++) session(rig, { key: noise(16, 30 + i) });
    expect(request(rig, { id: closed }).status).toBe(crypto.CRYPTO_INVSESS);
  });

  test('5.9.7.6 a direction opposite to the session is VIRTIO_CRYPTO_ERR [5.9.7.6.2-11]', () => {
    const rig = new Rig();
    const encrypts = session(rig);
    const decrypts = session(rig, { direction: 'decrypt' });
    expect(request(rig, { id: encrypts, direction: 'decrypt' })).toMatchObject({
      status: crypto.CRYPTO_ERR,
      written: 0,
    });
    expectRefused(rig, crypto.CRYPTO_ERR, { id: decrypts, direction: 'encrypt' });
  });

  test('5.9.7.6 op_type of a chain in the session of a cipher is VIRTIO_CRYPTO_ERR', () => {
    refuseRequest(crypto.CRYPTO_ERR, { [crypto.DATA_SYM_OP_TYPE]: crypto.SYM_OP_ALGORITHM_CHAINING });
  });

  test.each([crypto.SYM_OP_NONE, 3, 0x100, 0xffffffff])(
    '5.9.7.6 op_type %i is VIRTIO_CRYPTO_NOTSUPP [5.9.7.6.2-9]',
    (type) => refuseRequest(crypto.CRYPTO_NOTSUPP, { [crypto.DATA_SYM_OP_TYPE]: type }),
  );

  test.each(OTHER_SERVICES)(
    '5.9.7.3 every opcode of %s is VIRTIO_CRYPTO_NOTSUPP [5.9.7.6.2-2] [5.9.7.6.2-9]',
    (_, service) => {
      for (let operation = 0; operation < 4; operation++) {
        refuseRequest(crypto.CRYPTO_NOTSUPP, { [crypto.DATA_OPCODE]: (service << 8) | operation });
      }
    },
  );

  test.each([2, 3, 0xff, 0x0600, 0x10000, 0x10001, 0x80000000, 0xffffffff])(
    '5.9.7.3 the opcode 0x%x, which is none, is VIRTIO_CRYPTO_NOTSUPP',
    (opcode) => refuseRequest(crypto.CRYPTO_NOTSUPP, { [crypto.DATA_OPCODE]: opcode }),
  );

  test.each([...LENGTHS, 15, 17, 32, 0xfffffff0])(
    '5.9.7.6 an iv_len of %i is VIRTIO_CRYPTO_ERR [5.9.7.6.2-11]',
    (length) => {
      refuseRequest(crypto.CRYPTO_ERR, { [crypto.DATA_CIPHER_IV_LEN]: length });
    },
  );

  test.each([...LENGTHS, 15, 48, 63, 65, 80, 0xfffffff0])(
    '5.9.7.6 a src_data_len of %i beside a dst_data_len of 64 is VIRTIO_CRYPTO_ERR',
    (length) => {
      refuseRequest(crypto.CRYPTO_ERR, { [crypto.DATA_CIPHER_SRC_LEN]: length });
    },
  );

  test.each([...LENGTHS, 15, 48, 63, 65, 80, 0xfffffff0])(
    '5.9.7.6 a dst_data_len of %i beside a src_data_len of 64 is VIRTIO_CRYPTO_ERR',
    (length) => {
      refuseRequest(crypto.CRYPTO_ERR, { [crypto.DATA_CIPHER_DST_LEN]: length });
    },
  );

  test.each([1, 15, 17, 63, 65, 80, 0x80000000, 0xfffffff0, 0xffffffff])(
    '5.9.7.6 both lengths %i, not what the chain carries or no multiple of 16, are VIRTIO_CRYPTO_ERR',
    (length) => {
      refuseRequest(crypto.CRYPTO_ERR, { [crypto.DATA_CIPHER_SRC_LEN]: length, [crypto.DATA_CIPHER_DST_LEN]: length });
    },
  );

  test.each([
    [16, 0x80000000, 0x80000000],
    [16, 0xfffffff0, 0],
    [16, 0xfffffff0, 64],
    [0xffffffc0, 64, 64],
    [0xfffffff0, 16, 16],
    [0xffffff80, 64, 64],
    [0x55555560, 0x55555550, 0x55555550],
  ])('5.9.7.6 lengths %i, %i and %i, whose sums wrap 2^32, are VIRTIO_CRYPTO_ERR', (iv, source, destination) => {
    refuseRequest(crypto.CRYPTO_ERR, {
      [crypto.DATA_CIPHER_IV_LEN]: iv,
      [crypto.DATA_CIPHER_SRC_LEN]: source,
      [crypto.DATA_CIPHER_DST_LEN]: destination,
    });
  });

  test('5.9.7.6 a source longer than the chain carries is VIRTIO_CRYPTO_ERR', () => {
    const rig = new Rig();
    const data = { id: session(rig), source: noise(64, 3) };
    for (const bytes of [0, 16, 48, 63]) {
      const chain = prepare(rig, data).map((buffer, i) => (i === 2 ? { ...buffer, bytes } : buffer));
      expectRefused(rig, crypto.CRYPTO_ERR, data, chain);
      data.id = session(rig);
    }
  });

  test('5.9.7.6 a destination that leaves no byte for the status is VIRTIO_CRYPTO_ERR', () => {
    const rig = new Rig();
    const data = { id: session(rig), source: noise(64, 3) };
    rig.write(AT.destination, new Uint8Array(64).fill(UNWRITTEN));
    const answer = sendWatched(rig, 'data', prepare(rig, data).slice(0, 4), [rig.guest(AT.destination + 63, 1)]);
    expect(answer).toEqual({ completed: true, written: 0 });
    expect(rig.read(AT.destination + 63, 1)[0]).toBe(crypto.CRYPTO_ERR);
    expectWorksAfterReset(rig);
  });

  test('5.9.5 content beyond max_size is VIRTIO_CRYPTO_ERR, content of max_size works [5.9.5.1-8]', () => {
    const rig = new Rig({ maxRequestBytes: 1024 + 16 });
    const id = session(rig);
    const fits = noise(512, 3);
    expect(request(rig, { id, source: fits }).status).toBe(crypto.CRYPTO_OK);
    expect(rig.read(AT.destination, fits.length)).toEqual(reference('encrypt', KEY, IV, fits));
    expectRefused(rig, crypto.CRYPTO_ERR, { id, source: noise(528, 3) });
  });

  test('5.9.7.6 a request of no bytes is VIRTIO_CRYPTO_OK and writes its status alone', () => {
    const rig = new Rig();
    expectRefused(rig, crypto.CRYPTO_OK, { id: session(rig), source: new Uint8Array() });
  });

  test('5.9.7.3 garbage in fields that no driver must set changes nothing', () => {
    const rig = new Rig();
    const fields: Record<number, number> = { [crypto.DATA_ALGO]: 0xffffffff, [crypto.DATA_FLAG]: 0xdeadbeef, 20: 7 };
    for (let padding = 36; padding < 64; padding += 4) fields[padding] = 0xdeadbeef;
    fields[68] = 0xdeadbeef;
    expect(request(rig, { id: session(rig), fields }).status).toBe(crypto.CRYPTO_OK);
  });

  test('5.9.2 a data request on the control queue and a control request on a data queue do no harm', () => {
    const rig = new Rig();
    const id = session(rig);
    rig.write(AT.header, cipherRequest(id, crypto.CIPHER_AES_CBC, 'encrypt', { iv: 16, source: 16, destination: 16 }));
    const chain = prepare(rig, { id });
    sendWatched(rig, 'control', chain, [rig.guest(AT.destination, 64), rig.guest(AT.status, 1)]);
    expect(rig.device.sessionCount).toBe(1);
    expect(sendWatched(rig, 'data', createChain(rig, {}), [rig.guest(AT.input + 15, 1)])).toEqual({
      completed: true,
      written: 0,
    });
    expect(rig.read(AT.input + 15, 1)[0]).toBe(crypto.CRYPTO_NOTSUPP);
    expect(rig.device.sessionCount).toBe(1);
    expectWorksAfterReset(rig);
  });

  test('5.9.7 a chain that names one byte as its whole content sets DEVICE_NEEDS_RESET', () => {
    const rig = new Rig();
    expectChainFault(rig, fault.FAULT_REQUEST_HEADER, [
      { address: AT.header, bytes: 1 },
      { address: AT.status, bytes: 1, write: true },
    ]);
  });
});

describe('lengths of each descriptor of a request', () => {
  const HEADER = fault.FAULT_REQUEST_HEADER;
  const ADDRESS = fault.FAULT_DESCRIPTOR_ADDRESS;
  test.each([
    ['header', 0, [HEADER, HEADER, ADDRESS, ADDRESS]],
    ['iv', 1, ['err', 'err', ADDRESS, ADDRESS]],
    ['source', 2, ['err', 'err', ADDRESS, ADDRESS]],
    ['destination', 3, ['err', 'err', ADDRESS, ADDRESS]],
  ] as const)('5.9.7 the %s of 0, 1, 2^31 and 2^32 - 1 bytes', (_, index, outcomes) => {
    for (const [i, bytes] of [0, 1, 0x80000000, 0xffffffff].entries()) {
      const rig = new Rig();
      const data = { id: session(rig), source: new Uint8Array(32) };
      const chain = replaced(prepare(rig, data), index, { bytes });
      const outcome = outcomes[i];
      if (outcome === 'err') expectRefused(rig, 1, data, chain);
      else expectChainFault(rig, outcome ?? -1, chain);
    }
  });

  test('5.9.7 an empty status descriptor leaves the status to the last byte of the destination', () => {
    const rig = new Rig();
    const data = { id: session(rig), source: new Uint8Array(32) };
    const chain = prepare(rig, data);
    rig.write(AT.destination + 31, Uint8Array.of(0xee));
    rig.data.describeChain(replaced(chain, 4, { bytes: 0 }));
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.data.usedElement(0)).toEqual({ id: 0, len: 0 });
    expect(rig.read(AT.destination + 31, 1)[0]).toBe(1);
    expectWorks(rig);
  });
});
