#!/usr/bin/env bash
# libtomcrypt 1.18.2 (Debian 12's libtomcrypt1), beside node:crypto. It needs apt-get, dpkg-deb, cc and node.
# Expected by readers of RFC 8439 (2.8): the additional data is filled up to 16 bytes before the text comes, also if the text is empty.
# Seen: with an empty text it is not filled up: where its length is no multiple of 16, the tag of ChaCha20-Poly1305 is another than that of
# node:crypto. With one byte of text, or with 0, 16 or 32 bytes of additional data, it is the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq libtomcrypt1=1.18.2-6 libtomcrypt-dev=1.18.2-6 libtommath1=1.2.0-6+deb12u1 > /dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat > tag.c << 'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tomcrypt.h>

/* tag AAD TEXT: prints the tag over so many bytes of 3 and 4. */
int main(int argc, char **argv) {
  (void)argc;
  unsigned char key[32], nonce[12], aad[64], text[64], ciphertext[64], tag[16];
  unsigned long tag_bytes = sizeof tag;
  memset(key, 1, sizeof key);
  memset(nonce, 2, sizeof nonce);
  memset(aad, 3, sizeof aad);
  memset(text, 4, sizeof text);
  if (chacha20poly1305_memory(key, sizeof key, nonce, sizeof nonce, aad, atoi(argv[1]), text, atoi(argv[2]), ciphertext, tag,
                              &tag_bytes, CHACHA20POLY1305_ENCRYPT) != CRYPT_OK)
    return 1;
  for (int at = 0; at < 16; at++) printf("%02x", tag[at]);
  printf("\n");
  return 0;
}
C
libraries=usr/lib/x86_64-linux-gnu
cc -I usr/include -o tag tag.c "$libraries/libtomcrypt.so.1" -Wl,-rpath-link,"$libraries"
cat > right.js << 'JS'
const { createCipheriv } = require('node:crypto');
const [aadBytes, bytes] = process.argv.slice(2).map(Number);
const cipher = createCipheriv('chacha20-poly1305', Buffer.alloc(32, 1), Buffer.alloc(12, 2), { authTagLength: 16 });
cipher.setAAD(Buffer.alloc(aadBytes, 3), { plaintextLength: bytes });
cipher.update(Buffer.alloc(bytes, 4));
cipher.final();
console.log(cipher.getAuthTag().toString('hex'));
JS
changed=0
for bytes in 0 1; do
  for aad in 0 1 12 13 16 32; do
    seen='another tag than'
    if [ "$(LD_LIBRARY_PATH=$libraries ./tag "$aad" "$bytes")" = "$(node right.js "$aad" "$bytes")" ]; then seen='the tag of'; fi
    echo "$aad bytes of additional data, $bytes of text: $seen node:crypto"
    wanted='the tag of'
    if [ "$bytes" = 0 ] && ((aad % 16 != 0)); then wanted='another tag than'; fi
    if [ "$seen" != "$wanted" ]; then changed=1; fi
  done
done
exit "$changed"
