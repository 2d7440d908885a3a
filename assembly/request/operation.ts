/**
 * What a data request asks for, whichever layout it came in: lengths as the driver gave them, unchecked. Fields that a
 * service does not have are left as they were.
 */
@unmanaged
export class Operation {
  ivBytes: u32;
  sourceBytes: u32;
  destinationBytes: u32;
  aadBytes: u32;
  /** hash_result_len. */
  resultBytes: u32;
  tagBytes: u32;
  /** The windows of a chain, in source data. */
  cipherStart: u32;
  cipherBytes: u32;
  hashStart: u32;
  hashBytes: u32;
  /**
   * Whether aad stands before the source: QEMU's and DPDK's order in a legacy chain, and the order of stateless chains.
   */
  aadFirst: u32;
}
export const OPERATION_BYTES: usize = 44;
