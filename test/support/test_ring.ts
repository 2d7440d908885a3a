/** A buffer of a well-formed chain. */
export interface RawBuffer {
  address: number | bigint;
  bytes: number;
  write?: boolean;
}

/** Access to guest RAM by guest-physical address. */
export interface RawGuest {
  view(address: number, bytes: number): DataView;
}

/** A virtqueue that is written by hand, whichever ring it is: what tests of both rings have in common. */
export interface TestRing {
  readonly size: number;
  /** Guest-physical addresses of descriptor area, driver area and device area (2.6). */
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  /** What the device writes when it completes a chain, as guest-physical stretches. */
  readonly deviceWrites: readonly { address: number; bytes: number }[];
  /** Zeroes all three areas, as a driver does before it enables a queue. */
  clear(): void;
  /** Takes over where the driver of another ring stands, after that ring's memory was copied. */
  follow(other: this): void;
  /** Describes a chain that offer() names by `first`, or writes it into the indirect table at `table`. */
  describeChain(buffers: readonly RawBuffer[], first?: number, table?: number): void;
  /** Describes a chain in an indirect table at `table`, which offer() names by `index`. */
  describeIndirect(buffers: readonly RawBuffer[], table: number, index?: number, flags?: number): void;
  /** Makes the chain `head` available. */
  offer(head: number): void;
  /** Chains that the device completed, modulo 65536. */
  readonly usedIdx: number;
  /** The completion with this number, counted as usedIdx counts. */
  usedElement(index: number): { id: number; len: number };
}
