// IP packets for the tests of the IPSEC service, by hand.

/** A whole packet, and where a header of IPsec goes in it in transport mode. */
export interface Packet {
  bytes: Buffer;
  /** Where the header goes, and the offset of the field that will name it. */
  insert: { at: number; field: number };
  /** The bytes in front of that place as AH sees them at the destination: mutable fields are zeros. */
  immutable: (head: Buffer) => Buffer;
  /** The destination that a checksum counts in IPv6, if it is not the one in the header. */
  finalDestination?: Buffer;
}

export function ipv4Checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  if (bytes.length % 2 === 1) sum += bytes.readUInt8(bytes.length - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface Ipv4Fields {
  payload: Buffer;
  protocol?: number;
  tos?: number;
  ttl?: number;
  id?: number;
  /** Flags and fragment offset. */
  fragment?: number;
  options?: Buffer;
  /** The options as AH sees them. Default: as they are. */
  immutableOptions?: Buffer;
  source?: string;
  destination?: string;
  /** The destination as AH sees it, at the end of a source route. */
  finalDestination?: string;
}

export const address4 = (text: string) => Buffer.from(text.split('.').map(Number));

export function ipv4(fields: Ipv4Fields): Packet {
  const { payload, protocol = 17, tos = 0, ttl = 64, id = 1, fragment = 0, options = Buffer.alloc(0) } = fields;
  const { source = '192.0.2.1', destination = '198.51.100.2' } = fields;
  const header = Buffer.alloc(20 + options.length);
  header.writeUInt8(0x40 | (header.length / 4), 0);
  header.writeUInt8(tos, 1);
  header.writeUInt16BE(header.length + payload.length, 2);
  header.writeUInt16BE(id, 4);
  header.writeUInt16BE(fragment, 6);
  header.writeUInt8(ttl, 8);
  header.writeUInt8(protocol, 9);
  address4(source).copy(header, 12);
  address4(destination).copy(header, 16);
  options.copy(header, 20);
  header.writeUInt16BE(ipv4Checksum(header), 10);
  return {
    bytes: Buffer.concat([header, payload]),
    insert: { at: header.length, field: 9 },
    immutable: (head) => {
      const still = Buffer.from(head);
      still.writeUInt8(0, 1);
      still.fill(0, 6, 9);
      still.writeUInt16BE(0, 10);
      if (fields.finalDestination) address4(fields.finalDestination).copy(still, 16);
      (fields.immutableOptions ?? options).copy(still, 20);
      return still;
    },
  };
}

/** An extension header: its type, its bytes from the third on, and whether IPsec's header goes behind it. */
export interface Extension {
  type: number;
  data: Buffer;
  before: boolean;
  /** The data as AH sees them. Default: as they are. */
  immutable?: Buffer;
}

export interface Ipv6Fields {
  payload: Buffer;
  next?: number;
  traffic?: number;
  flow?: number;
  hopLimit?: number;
  extensions?: Extension[];
  source?: Buffer;
  destination?: Buffer;
  /** The destination as AH and checksums see it, at the end of a route. */
  finalDestination?: Buffer;
}

export const address6 = (last: number) => {
  const bytes = Buffer.from('20010db8000000000000000000000000', 'hex');
  bytes.writeUInt8(last, 15);
  return bytes;
};

export function ipv6(fields: Ipv6Fields): Packet {
  const { payload, next = 17, traffic = 0, flow = 0, hopLimit = 64, extensions = [] } = fields;
  const { source = address6(1), destination = address6(2) } = fields;
  const header = Buffer.alloc(40);
  header.writeUInt32BE(0x60000000 + traffic * 0x100000 + flow, 0);
  header.writeUInt8(extensions[0]?.type ?? next, 6);
  header.writeUInt8(hopLimit, 7);
  source.copy(header, 8);
  destination.copy(header, 24);
  const insert = { at: 40, field: 6 };
  let at = 40;
  const headers = extensions.map(({ type, data, before }, index) => {
    const following = extensions[index + 1]?.type ?? next;
    // A fragment header's second byte is reserved.
    const bytes = Buffer.concat([Buffer.from([following, type === 44 ? 0 : (data.length + 2) / 8 - 1]), data]);
    if (before) Object.assign(insert, { at: at + bytes.length, field: at });
    at += bytes.length;
    return bytes;
  });
  const content = Buffer.concat([...headers, payload]);
  header.writeUInt16BE(content.length, 4);
  return {
    bytes: Buffer.concat([header, content]),
    insert,
    immutable: (head) => {
      const still = Buffer.from(head.subarray(0, 40));
      still.writeUInt32BE(0x60000000, 0);
      still.writeUInt8(0, 7);
      fields.finalDestination?.copy(still, 24);
      const kept = [still];
      let place = 40;
      for (const { type, data, immutable } of extensions.filter(({ before }) => before)) {
        const following = head.readUInt8(place);
        place += data.length + 2;
        // RFC 4302 appendix A2: without the fragment header of a whole packet, as if there were none.
        if (type === 44) {
          const last = kept[kept.length - 1] ?? still;
          last.writeUInt8(following, last === still ? 6 : 0);
          still.writeUInt16BE(still.readUInt16BE(4) - 8, 4);
        } else kept.push(Buffer.from([following, head.readUInt8(place - data.length - 1), ...(immutable ?? data)]));
      }
      return Buffer.concat(kept);
    },
    ...(fields.finalDestination && { finalDestination: fields.finalDestination }),
  };
}
