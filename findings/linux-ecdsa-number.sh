#!/usr/bin/env bash
# linux/virtio_crypto.h of Debian's package linux-libc-dev, 6.1.192 of Debian 12. It needs apt-get, dpkg-deb and cc.
# Expected by readers of virtio 1.3 and 1.4 (5.9.5, algorithms of the AKCIPHER service): NO 0, RSA 1, ECDSA 2.
# Seen: the header has DSA 2, which no version of the specification knows, and ECDSA 3. A driver that is written with it asks for an
# algorithm, and tests a bit of akcipher_algo, that a device of the specification never offers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq linux-libc-dev=6.1.192-3 > /dev/null 2>&1
dpkg-deb -x linux-libc-dev_*.deb .
dpkg-deb -f linux-libc-dev_*.deb Package Version
cat > numbers.c << 'C'
#include <linux/virtio_crypto.h>
#include <stdio.h>
int main(void) {
  printf("RSA %d, DSA %d, ECDSA %d\n", VIRTIO_CRYPTO_AKCIPHER_RSA, VIRTIO_CRYPTO_AKCIPHER_DSA, VIRTIO_CRYPTO_AKCIPHER_ECDSA);
  return VIRTIO_CRYPTO_AKCIPHER_DSA != 2 || VIRTIO_CRYPTO_AKCIPHER_ECDSA != 3;
}
C
cc -I usr/include -I "usr/include/$(cc -dumpmachine)" -o numbers numbers.c
./numbers
