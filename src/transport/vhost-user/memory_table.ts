// SET_MEM_TABLE: which parts of the client's files are guest memory, and where the guest and the client see them.
import { MEM_TABLE_HEAD_BYTES, REGION_BYTES, REGIONS_MAX, VhostUserError } from './protocol.ts';

/** One region of a memory table. */
export interface TableRegion {
  /** Guest-physical address of its first byte. */
  readonly guestAddress: number;
  readonly bytes: number;
  /** Where the client itself has it mapped: the addresses of rings are such. */
  readonly userAddress: bigint;
  /** Offset of its first byte in the file whose descriptor came with the table. */
  readonly fileOffset: number;
}

/** No guest-physical address is as high as this. The device has memory of its own from here on. */
export const GUEST_ADDRESS_END: number = 2 ** 52;
const USER_ADDRESS_END = 1n << 64n;

/**
 * Reads the payload of SET_MEM_TABLE, and checks it: no region is empty, wraps, or overlaps another one.
 * @param descriptors number of descriptors that came with it
 * @throws VhostUserError that names the region and the field
 */
export function parseMemoryTable(payload: DataView, descriptors: number): TableRegion[] {
  const count = payload.getUint32(0, true);
  const held = (payload.byteLength - MEM_TABLE_HEAD_BYTES) / REGION_BYTES;
  if (count > REGIONS_MAX || count !== held) {
    refuse(`nregions is ${count}, and the message has ${held} of at most ${REGIONS_MAX}.`);
  }
  if (descriptors !== count) refuse(`nregions is ${count}, and ${descriptors} descriptors came with it.`);
  const regions: TableRegion[] = [];
  for (let index = 0; index < count; index++) {
    const region = parseRegion(payload, index);
    const other = regions.findIndex((earlier) => overlap(earlier, region));
    if (other >= 0) refuse(`region ${index} and region ${other} overlap.`);
    regions.push(region);
  }
  return regions;
}

function parseRegion(payload: DataView, index: number): TableRegion {
  const at = MEM_TABLE_HEAD_BYTES + index * REGION_BYTES;
  const guestAddress = payload.getBigUint64(at, true);
  const bytes = payload.getBigUint64(at + 8, true);
  const userAddress = payload.getBigUint64(at + 16, true);
  const fileOffset = payload.getBigUint64(at + 24, true);
  const end = BigInt(GUEST_ADDRESS_END);
  const region = `region ${index}`;
  if (bytes === 0n) refuse(`${region}: memory_size is 0.`);
  if (bytes > end) refuse(`${region}: memory_size is 0x${bytes.toString(16)}, more than a machine can have.`);
  if (guestAddress + bytes > end) {
    refuse(`${region}: guest_phys_addr is 0x${guestAddress.toString(16)}, and it ends beyond 0x${end.toString(16)}.`);
  }
  if (userAddress + bytes > USER_ADDRESS_END) {
    refuse(`${region}: userspace_addr is 0x${userAddress.toString(16)}, and it ends beyond the last address.`);
  }
  if (fileOffset + bytes > end) refuse(`${region}: mmap_offset is 0x${fileOffset.toString(16)}, beyond any file.`);
  // Loads of 16 bits from even guest addresses are one access only if the file has them at even addresses, too.
  if ((guestAddress ^ fileOffset) & 1n) refuse(`${region}: guest_phys_addr and mmap_offset are not both even or odd.`);
  return { guestAddress: Number(guestAddress), bytes: Number(bytes), userAddress, fileOffset: Number(fileOffset) };
}

function overlap(a: TableRegion, b: TableRegion): boolean {
  const guest = a.guestAddress < b.guestAddress + b.bytes && b.guestAddress < a.guestAddress + a.bytes;
  const user = a.userAddress < b.userAddress + BigInt(b.bytes) && b.userAddress < a.userAddress + BigInt(a.bytes);
  return guest || user;
}

/** The guest-physical address that the client has at its own address; undefined if no region has it. */
export function guestAddressOf(regions: readonly TableRegion[], userAddress: bigint): number | undefined {
  const region = regions.find(
    ({ userAddress: start, bytes }) => userAddress >= start && userAddress < start + BigInt(bytes),
  );
  return region && region.guestAddress + Number(userAddress - region.userAddress);
}

function refuse(what: string): never {
  throw new VhostUserError(`SET_MEM_TABLE: ${what}`);
}
