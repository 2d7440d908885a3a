import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import * as pci from '../../spec/virtio_pci.ts';

/** The wire for C: each number of `spec/` as a macro. So the guest's driver reads the same description as everything else. */
export function wireHeader(): string {
  const rooms: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['VIRTIO_', virtio],
    ['VIRTIO_PCI_', pci],
    ['VIRTIO_CRYPTO_', crypto],
  ];
  const lines = rooms.flatMap(([prefix, numbers]) =>
    Object.entries(numbers)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => `#define ${prefix}${name} ${value}u`),
  );
  return `${['/* Generated from spec/. */', '#pragma once', ...lines].join('\n')}\n`;
}
