// Packets that RFCs print, through a whole device.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Association, withChecksum } from './model.ts';
import { ipv4 } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, TUNNEL4 } from './rig.ts';

let bench: IpsecBench;
beforeAll(async () => {
  bench = await ipsecBench();
});
afterAll(() => bench.dispose());

const bytes = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

async function inbound(sa: Association, packet: Buffer): Promise<Buffer> {
  bench.table.reset();
  expect(open(bench.table, sa)).toEqual([0, 0]);
  const { status, data } = await bench.driver.ipsec({ direction: 'inbound', association: 0, data: packet });
  expect(status).toBe('ok');
  return Buffer.from(data);
}

test('RFC 7634 appendix A: ESP with ChaCha20-Poly1305 in a tunnel', async () => {
  const sa = association({
    cipher: 'chacha20-poly1305',
    key: Buffer.from(Array.from({ length: 32 }, (_, at) => 0x80 + at)),
    auth: 'none',
    authKey: Buffer.alloc(0),
    salt: bytes('a0a1a2a3'),
    spi: 0x01020304,
  });
  const source = bytes(`
    45000054 a6f20000 4001e778 c6336405 c0000205 08005b7a 3a080000 553bec10 00073627 08090a0b 0c0d0e0f 10111213
    14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637`);
  const packet = bytes(`
    4500008c 23450000 4032de5b cb007199 cb007105 01020304 00000005 10111213 14151617 24039428 b97f417e 3c13753a
    4f05087b 67c352e6 a7fab1b9 82d466ef 407ae5c6 14ee8099 d52844eb 61aa95df ab4c02f7 2aa71e7c 4c4f64c9 befe2fac
    c638e8f3 cbec163f ac469b50 2773f6fb 94e664da 9165b828 29f641e0 76aaa826 6b7fb0f7 b11b3699 07e1ad43`);
  expect(await inbound(sa, packet)).toEqual(source);
});

test('draft-mcgrew-gcm-test-01: ESP of RFC 4106 with AES-256-GCM', async () => {
  const sa = association({
    mode: 'esp-transport',
    cipher: 'gcm',
    key: bytes('abbccddef00112233445566778899aababbccddef00112233445566778899aab'),
    auth: 'none',
    authKey: Buffer.alloc(0),
    salt: bytes('11223344'),
    spi: 0x4a2cbfe3,
  });
  const esp = bytes(`
    4a2cbfe3 00000002 01020304 05060708 ff425c9b 724599df 7a3bcd51 0194e00d 6a78107f 1b0b1cbf 06efae9d 65a5d763
    748a6379 85771d34 7f054565 9f14e99d ef842d8e b335f4ee cfdbf831 824b4c49 15956c96`);
  const payload = bytes(`
    45000030 69a64000 80062690 c0a80102 9389155e 0a9e008b 2dc57ee0 00000000 70024000 20bf0000 020405b4 01010402`);
  const arrived = ipv4({ payload: esp, protocol: 50 });
  expect(await inbound(sa, arrived.bytes)).toEqual(ipv4({ payload, protocol: 1 }).bytes);
});

describe('RFC 3602 section 4', () => {
  const mac = bytes('0102030405060708090a0b0c0d0e0f1011121314');

  /** A packet of the RFC, which has no integrity, with an ICV. */
  function withIcv(packet: Buffer): Buffer {
    const icv = createHmac('sha1', mac).update(packet.subarray(20)).digest().subarray(0, 12);
    const whole = Buffer.concat([packet, icv]);
    whole.writeUInt16BE(whole.length, 2);
    return withChecksum(whole);
  }

  test('case 5: transport mode', async () => {
    const sa = association({
      mode: 'esp-transport',
      key: bytes('90d382b410eeba7ad938c46cec1a82bf'),
      auth: 'hmac-sha1-96',
      authKey: mac,
      spi: 0x4321,
      tunnel: TUNNEL4,
    });
    const packet = bytes(`
      4500007c 08f20000 4032f9a5 c0a87b03 c0a87b64 00004321 00000001 e96e8c08 ab465763 fd098d45 dd3ff893
      f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856 a4699e52 3a55db08 0b59ec3a 8e4b7e52
      775b07d1 db34ed9c 538ab50c 551b874a a269add0 47ad2d59 13ac19b7 cfbad4a6`);
    const source = bytes(`
      45000054 08f20000 4001f9fe c0a87b03 c0a87b64 08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213
      14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637`);
    expect(await inbound(sa, withIcv(packet))).toEqual(source);
  });
});
