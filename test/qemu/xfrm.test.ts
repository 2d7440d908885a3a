// Linux's own IPsec is the referee (5.9.7.9): it unwraps what the device makes, and the device unwraps what it makes, with the same keys.
// XFRM_KERNEL names another kernel of kernels.ts. By night all of them run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { afterHop, withChecksum } from '../ipsec/model.ts';
import { DIRECTIONS, type IpsecBench, ipsecBench } from '../ipsec/rig.ts';
import { kernelRelease } from './kernels.ts';
import { EACH, objectIn, packetOf, type SharedSa, sharedSa } from './xfrm_cases.ts';
import { type End, EXTENDED, headersBefore, OUTER_SCENES, type Shape, shapesOf } from './xfrm_extensions.ts';
import { type Fate, type Sent, throughLinux } from './xfrm_guest.ts';
import { SCENES } from './xfrm_scenes.ts';

/** Not shorter: Linux takes no ESP in UDP over IPv6 with less than 48 bytes of UDP, and in transport mode no packet without payload. */
const LENGTHS = [3, 61, 200];
/** Traffic classes with and without ECN. Of a packet that has met congestion Linux makes an outer one that has not (RFC 3168). */
const CLASSES = [0xb8, 0xb9, 0xba];
const CE = 3;
const ECT_0 = 2;

const { XFRM_KERNEL = '6.1' } = process.env;
const release = kernelRelease(XFRM_KERNEL);

let folder: string;
let bench: IpsecBench;
let fates: ReadonlyMap<string, Fate>;

const each = EACH.map(sharedSa);
const scenes = [...SCENES, ...OUTER_SCENES].map((scene, at) => {
  const shared = sharedSa(scene.wanted, each.length + at);
  return { shared, name: `${scene.steps.name}: ${shared.name}`, steps: scene.steps(shared) };
});
/** Tunnels whose outer header comes from the inner one. */
const copying = ([4, 6] as const).flatMap((outer, row) =>
  ([4, 6] as const).map((inner, column) => {
    const changes = { copyDscp: true, copyDf: true, ecn: true, decrementTtl: true };
    return sharedSa({ changes, outer, inner }, each.length + scenes.length + 2 * row + column);
  }),
);

/** Without its flag for RFC 4302, Linux fills the header of AH to 8 bytes in IPv4, too. */
const filled = sharedSa(
  { changes: { mode: 'ah-transport', cipher: 'null', key: Buffer.alloc(0) }, outer: 4, inner: 4 },
  each.length + scenes.length + copying.length,
);

/** Packets with options, extension headers and fragments. */
const extended = EXTENDED.map((wanted, at) => sharedSa(wanted, filled.id + 1 + at));

/** Gives the device both directions of an association, with the sequence numbers that it shall go on from. */
function give(shared: SharedSa): void {
  const { table } = bench;
  for (const [name, direction] of Object.entries(DIRECTIONS) as [keyof typeof DIRECTIONS, 1 | 2][]) {
    expect(table.create(direction, shared.id, objectIn(shared, name)), shared.name).toBe(0);
    const state = Buffer.from(table.stateOf(direction, shared.id));
    state.writeBigUInt64LE(shared.last ?? 0n, 0);
    expect(table.setState(direction, shared.id, state)).toBe(true);
  }
}

const request = (direction: 'outbound' | 'inbound', association: number, data: Uint8Array) =>
  bench.driver.ipsec({ direction, association, data });

function fateOf(label: string): Fate {
  const fate = fates.get(label);
  if (!fate) throw new Error(`The guest says nothing of the packet ${label}.`);
  return fate;
}

/** What Linux hands on of a packet: behind a tunnel one hop further, in transport mode over IPv6 without its header. */
function delivered(shared: SharedSa, bytes: Buffer): Fate {
  if (shared.sa.mode.endsWith('tunnel')) return { where: 'inside', hex: afterHop(bytes).toString('hex') };
  return { where: `local${shared.inner}`, hex: (shared.inner === 6 ? bytes.subarray(40) : bytes).toString('hex') };
}

/** Packets of an association, both ways: what the device makes, and what Linux shall wrap. */
async function plainBothWays(shared: SharedSa): Promise<Sent[]> {
  const door = shared.sa.mode.endsWith('tunnel') ? 'inside' : 'local';
  const sent: Sent[] = [];
  for (const length of LENGTHS) {
    const made = await request('outbound', shared.id, packetOf(shared, 'linux', length).bytes);
    expect(made.status).toBe('ok');
    sent.push({ label: `${shared.id}/${length}/made`, door: 'outside', bytes: made.data });
    sent.push({ label: `${shared.id}/${length}/plain`, door, bytes: packetOf(shared, 'device', length).bytes });
  }
  return sent;
}

const MET = { traffic: 0xb8 | CE };
const KINDS = CLASSES.flatMap((traffic) => [false, true].map((df) => ({ traffic, df })));

/** Packets of each class, to be wrapped by Linux; and packets of the device that have met congestion, to be unwrapped. */
async function classesBothWays(shared: SharedSa): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (const [at, kind] of KINDS.entries()) {
    const plain = packetOf(shared, 'device', 61, kind).bytes;
    sent.push({ label: `${shared.id}/${at}/plain`, door: 'inside', bytes: plain });
    const made = await request('outbound', shared.id, packetOf(shared, 'linux', 61, kind).bytes);
    sent.push({ label: `${shared.id}/${at}/congested`, door: 'outside', bytes: congested(shared, made.data) });
    madeOf.set(`${shared.id}/${at}`, Buffer.from(made.data));
  }
  const bytes = packetOf(shared, 'device', 61, MET).bytes;
  sent.push({ label: `${shared.id}/met`, door: 'inside', bytes });
  return sent;
}
const madeOf = new Map<string, Buffer>();

function congested({ outer }: SharedSa, data: Uint8Array): Buffer {
  const bytes = Buffer.from(data);
  bytes.writeUInt8(bytes.readUInt8(1) | (outer === 4 ? CE : CE << 4), 1);
  return outer === 4 ? withChecksum(bytes) : bytes;
}

/** What arrives at an end of a packet that was sent to it. */
function travelled({ travels }: Shape, bytes: Uint8Array, to: End): Buffer {
  const copy = Buffer.from(bytes);
  travels?.(copy, to);
  return copy;
}

async function shapesBothWays(shared: SharedSa): Promise<Sent[]> {
  const door = shared.sa.mode.endsWith('tunnel') ? 'inside' : 'local';
  const sent: Sent[] = [];
  for (const [at, shape] of shapesOf(shared).entries()) {
    const plain = packetOf(shared, 'linux', 61, shape.fields('linux'));
    const made = await request('outbound', shared.id, plain.bytes);
    expect({ what: shape.what, status: made.status }).toEqual({ what: shape.what, status: 'ok' });
    madeOf.set(`${shared.id}/${at}`, Buffer.from(made.data));
    const bytes = travelled(shape, made.data, 'linux');
    sent.push({ label: `${shared.id}/${at}/made`, door: 'outside', bytes });
    const other = packetOf(shared, 'device', 61, shape.fields('device'));
    sent.push({ label: `${shared.id}/${at}/plain`, door, bytes: other.bytes });
  }
  return sent;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xfrm-'));
  bench = await ipsecBench({ securityAssociations: 1024 });
  const associations = [...each, ...scenes.map(({ shared }) => shared), ...copying, filled, ...extended];
  for (const shared of associations) give(shared);
  const sent: Sent[] = [];
  for (const shared of each) sent.push(...(await plainBothWays(shared)));
  for (const { shared, steps } of scenes)
    sent.push(...steps.map(({ bytes }, at) => ({ label: `${shared.id}/${at}`, door: 'outside' as const, bytes })));
  for (const shared of copying) sent.push(...(await classesBothWays(shared)));
  sent.push(...(await plainBothWays(filled)));
  for (const shared of extended) sent.push(...(await shapesBothWays(shared)));
  fates = await throughLinux(folder, release, associations, sent);
});
afterAll(async () => {
  await bench?.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe.each(each.map((shared) => [shared.name, shared] as const))('5.9.7.9 %s', (_, shared) => {
  test('Linux unwraps what the device makes', () => {
    for (const length of LENGTHS)
      expect(fateOf(`${shared.id}/${length}/made`)).toEqual(delivered(shared, packetOf(shared, 'linux', length).bytes));
  });

  test('the device unwraps what Linux makes', async () => {
    const tunnel = shared.sa.mode.endsWith('tunnel');
    for (const length of LENGTHS) {
      const { where, hex } = fateOf(`${shared.id}/${length}/plain`);
      expect(where).toBe('outside');
      const { status, data } = await request('inbound', shared.id, Buffer.from(hex, 'hex'));
      expect(status).toBe('ok');
      const plain = packetOf(shared, 'device', length).bytes;
      expect(Buffer.from(data)).toEqual(tunnel ? afterHop(plain) : plain);
    }
  });
});

describe.each(scenes.map(({ name, ...scene }) => [name, scene] as const))('5.9.7.9 %s', (_, { shared, steps }) => {
  test('Linux and the device say of each packet what is expected', async () => {
    for (const [at, { what, bytes, linux, device }] of steps.entries()) {
      const fate = typeof linux === 'string' ? { where: linux, hex: '' } : delivered(shared, linux);
      expect({ what, ...fateOf(`${shared.id}/${at}`) }).toEqual({ what, ...fate });
      const { status } = await request('inbound', shared.id, bytes);
      expect({ what, status }).toEqual({ what, status: device });
    }
  });
});

describe.each(extended.map((shared) => [shared.name, shared] as const))(
  '5.9.7.9 %s, with more headers',
  (_, shared) => {
    const { mode } = shared.sa;
    const all = [...shapesOf(shared).entries()].map(([at, shape]) => [shape.what, at, shape] as const);
    const fields = (shape: Shape, to: End) => packetOf(shared, to, 61, shape.fields(to));

    test.each(all.filter(([, , { order }]) => order))('where the header stands: %s', (_what, at, { order }) => {
      const linux = headersBefore(Buffer.from(fateOf(`${shared.id}/${at}/plain`).hex, 'hex'));
      expect({ linux, device: headersBefore(madeOf.get(`${shared.id}/${at}`) ?? Buffer.alloc(0)) }).toEqual(order);
    });

    test.each(all)('Linux unwraps what the device makes: %s', (_what, at, shape) => {
      const plain = fields(shape, 'linux').bytes;
      const refused = mode.startsWith('ah') ? shape.ah?.linux : undefined;
      const bytes = travelled(shape, plain, 'linux');
      shape.cleared?.(bytes);
      // In transport mode over IPv6, what stands behind the headers.
      const fate =
        shared.inner === 6 && mode.endsWith('transport')
          ? { where: 'local6', hex: bytes.subarray(-61).toString('hex') }
          : delivered(shared, bytes);
      expect(fateOf(`${shared.id}/${at}/made`)).toEqual(refused ? { where: refused, hex: '' } : fate);
    });

    test.each(all)('the device unwraps what Linux makes: %s', async (_what, at, shape) => {
      const { where, hex } = fateOf(`${shared.id}/${at}/plain`);
      expect(where).toBe('outside');
      const arrived = travelled(shape, Buffer.from(hex, 'hex'), 'device');
      const { status, data } = await request('inbound', shared.id, arrived);
      const refused = mode.startsWith('ah') ? shape.ah?.device : undefined;
      expect(status).toBe(refused ?? 'ok');
      if (refused) return;
      const plain = travelled(shape, fields(shape, 'device').bytes, 'device');
      expect(Buffer.from(data)).toEqual(mode.endsWith('tunnel') ? afterHop(plain) : plain);
    });
  },
);

/** An outer header without what differs in every packet: its identification, checksum and addresses. */
function comparable(bytes: Buffer, version: 4 | 6): string {
  const header = Buffer.from(bytes.subarray(0, version === 4 ? 12 : 8));
  if (version === 4) header.fill(0, 4, 6).fill(0, 10, 12);
  return header.toString('hex');
}

describe.each(copying.map((shared) => [shared.name, shared] as const))(
  '5.9.7.9 %s, options for headers',
  (_, shared) => {
    test('the outer headers of the device are those of Linux', () => {
      for (const at of KINDS.keys()) {
        const linux = Buffer.from(fateOf(`${shared.id}/${at}/plain`).hex, 'hex');
        const device = madeOf.get(`${shared.id}/${at}`) ?? Buffer.alloc(0);
        expect(comparable(device, shared.outer)).toBe(comparable(linux, shared.outer));
      }
    });

    test('RFC 6040: congestion on the way reaches the inner packet as in Linux', async () => {
      for (const [at, kind] of KINDS.entries()) {
        if (kind.traffic % 4 === 0) continue;
        const made = madeOf.get(`${shared.id}/${at}`) ?? Buffer.alloc(0);
        const { status, data } = await request('inbound', shared.id, congested(shared, made));
        expect(status).toBe('ok');
        const { where, hex } = fateOf(`${shared.id}/${at}/congested`);
        expect({ where, hex }).toEqual({ where: 'inside', hex: Buffer.from(data).toString('hex') });
        expect(Buffer.from(data)).not.toEqual(afterHop(packetOf(shared, 'linux', 61, kind).bytes));
      }
    });
  },
);

test('5.9.7.9 AH whose header Linux fills to 8 bytes in IPv4: the device takes it, Linux takes no other', async () => {
  for (const length of LENGTHS) {
    expect(fateOf(`${filled.id}/${length}/made`)).toEqual({ where: 'XfrmInStateProtoError', hex: '' });
    const { where, hex } = fateOf(`${filled.id}/${length}/plain`);
    expect(where).toBe('outside');
    const { status, data } = await request('inbound', filled.id, Buffer.from(hex, 'hex'));
    expect({ status, data: Buffer.from(data) }).toEqual({
      status: 'ok',
      data: packetOf(filled, 'device', length).bytes,
    });
  }
});

/** The ECN bits of a packet. */
const ecnOf = (bytes: Buffer, version: 4 | 6) => (version === 4 ? bytes.readUInt8(1) : bytes.readUInt8(1) >> 4) & CE;

test.each(copying.map((shared) => [shared.name, shared] as const))(
  '5.9.7.9 %s: an inner packet that has met congestion (RFC 6040; Linux follows RFC 3168)',
  async (_, shared) => {
    const linux = Buffer.from(fateOf(`${shared.id}/met`).hex, 'hex');
    expect(ecnOf(linux, shared.outer)).toBe(ECT_0);
    const { data } = await request('outbound', shared.id, packetOf(shared, 'linux', 61, MET).bytes);
    expect(ecnOf(Buffer.from(data), shared.outer)).toBe(CE);
    const { status } = await request('inbound', shared.id, linux);
    expect(status).toBe('ok');
  },
);
