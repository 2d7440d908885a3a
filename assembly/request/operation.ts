/**
 * What a data request asks for, whatever its layout. The lengths are the driver's, unchecked. A field that the service
 * does not use keeps an old value or is 0.
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
  /** The windows of a chained request, as offsets into the source and lengths. */
  cipherStart: u32;
  cipherBytes: u32;
  hashStart: u32;
  hashBytes: u32;
  /** Whether aad comes before the source: in legacy chains (as in QEMU and DPDK) and in stateless chains. */
  aadFirst: u32;
}
export const OPERATION_BYTES: usize = 44;
