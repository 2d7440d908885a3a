/** What a reference driver takes up of a device. */
export interface DriverOptions {
  /** Feature bits that the driver accepts, as far as the device offers them. Default: every bit that the driver knows. */
  features?: bigint;
  /**
   * The layout of requests (5.9.7): 'legacy' (the default), as every driver in the field has it, or 'revision1', and with it the
   * stateless mode of every service that the device offers it for.
   */
  layout?: 'legacy' | 'revision1';
  /** Whether VIRTIO_F_IN_ORDER is accepted: completions then come in the order of requests. Default false. */
  inOrder?: boolean;
  /** With the layout 'revision1': whether stateless modes are accepted. They change the layout of requests. Default true. */
  stateless?: boolean;
  /** Size of the data queues, at most what the device offers. Default: that. */
  queueSize?: number;
}
