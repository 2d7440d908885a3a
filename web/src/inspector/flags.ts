import * as spec from '../../../spec/virtio.ts';

const NAMES: readonly [bit: number, name: string][] = [
  [spec.DESC_F_NEXT, 'NEXT'],
  [spec.DESC_F_WRITE, 'WRITE'],
  [spec.DESC_F_INDIRECT, 'INDIRECT'],
  [spec.PACKED_DESC_F_AVAIL, 'AVAIL'],
  [spec.PACKED_DESC_F_USED, 'USED'],
];

/** A descriptor's flags by name (2.7.5, 2.8.13). */
export function flagNames(flags: number): string {
  return NAMES.filter(([bit]) => flags & bit)
    .map(([, name]) => name)
    .join(' ');
}
