/** The features and sizes that a reference driver accepts from a device. */
export interface DriverOptions {
  /** Bits of virtio features that the driver accepts if the device offers them. Default: all that the driver knows, without IN_ORDER. */
  features?: bigint;
  /**
   * The layout of requests (5.9.7). 'legacy', the default, is the layout of all drivers in the field. 'revision1' accepts
   * VIRTIO_CRYPTO_F_REVISION_1 and every stateless mode that the device offers.
   */
  layout?: 'legacy' | 'revision1';
  /** Whether VIRTIO_F_IN_ORDER is accepted: completions then come in the order of requests. Default false. */
  inOrder?: boolean;
  /** With the layout 'revision1': whether stateless modes are accepted. They change the layout of requests. Default true. */
  stateless?: boolean;
  /** Number of entries of each data queue. The driver takes at most the size that the device offers. Default: that size. */
  queueSize?: number;
}
