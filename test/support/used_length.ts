/**
 * What the used element of a data request says (2.7.8.2): the longest run of bytes from the start of the writable part that were
 * written. The status, which is always written, is the last byte.
 * @param result bytes of the result; 0 where the status is not OK
 * @param writable bytes of the whole writable part
 */
export function usedLength(result: number, writable: number): number {
  return result === writable - 1 ? writable : result;
}
