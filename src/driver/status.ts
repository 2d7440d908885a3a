import * as spec from '../../spec/crypto.ts';

/**
 * The status of a request (5.9.7.1): the specification's names without VIRTIO_CRYPTO_, in lower case. 'soft-expiry' is a success: of an
 * IPSEC request whose security association has reached a soft limit.
 */
export type Status = 'ok' | 'err' | 'badmsg' | 'notsupp' | 'invsess' | 'nospc' | 'key-rejected' | 'soft-expiry';

const STATUS_NAMES: Record<number, Status> = {
  [spec.CRYPTO_OK]: 'ok',
  [spec.CRYPTO_ERR]: 'err',
  [spec.CRYPTO_BADMSG]: 'badmsg',
  [spec.CRYPTO_NOTSUPP]: 'notsupp',
  [spec.CRYPTO_INVSESS]: 'invsess',
  [spec.CRYPTO_NOSPC]: 'nospc',
  [spec.CRYPTO_KEY_REJECTED]: 'key-rejected',
  [spec.CRYPTO_SOFT_EXPIRY]: 'soft-expiry',
};

/** @throws Error for a number that the specification does not define */
export function statusName(status: number): Status {
  const name = STATUS_NAMES[status];
  if (!name) throw new Error(`The device answered with status ${status}, which the specification does not define.`);
  return name;
}
