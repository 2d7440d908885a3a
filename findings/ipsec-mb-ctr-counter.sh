#!/usr/bin/env bash
# intel-ipsec-mb 1.3 (Debian 12's libipsec-mb1), which DPDK's driver crypto_aesni_mb computes with; beside it the command openssl.
# It needs an x86-64 processor with AES instructions, apt-get, dpkg-deb, cc and openssl.
# Expected by readers of SP 800-38A, of Linux's ctr(aes) and of OpenSSL: an IV of 16 bytes is the first counter block, one number of 128 bits.
# Seen: IMB_CIPHER_CNTR, which takes IVs of 12 and 16 bytes, counts in the last 32 bits, as RFC 3686 does, and IMB_CIPHER_CNTR_BITLEN, which
# takes 16 bytes alone, in the last 64: a carry out of them is dropped, and all blocks behind it are others, without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq libipsec-mb1=1.3-2 libipsec-mb-dev=1.3-2 > /dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat > ctr.c << 'C'
#include <intel-ipsec-mb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ctr BITS: 64 bytes of 3 under a key of 7, from a counter block of 1 whose low BITS are ones, in both modes, each as a line. */
int main(int argc, char **argv) {
  (void)argc;
  IMB_MGR *manager = alloc_mb_mgr(0);
  init_mb_mgr_sse(manager);
  static uint8_t keys[2][16 * 15] __attribute__((aligned(16)));
  uint8_t key[16], block[16], text[64];
  memset(key, 7, sizeof key);
  memset(text, 3, sizeof text);
  memset(block, 1, sizeof block);
  int ones = atoi(argv[1]) / 8;
  memset(block + 16 - ones, 255, ones);
  IMB_AES_KEYEXP_128(manager, key, keys[0], keys[1]);
  for (int bits = 0; bits < 2; bits++) {
    uint8_t out[64];
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
    memset(job, 0, sizeof *job);
    job->cipher_mode = bits ? IMB_CIPHER_CNTR_BITLEN : IMB_CIPHER_CNTR;
    job->hash_alg = IMB_AUTH_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_CIPHER_HASH;
    job->enc_keys = job->dec_keys = keys[0];
    job->key_len_in_bytes = sizeof key;
    job->iv = block;
    job->iv_len_in_bytes = sizeof block;
    job->src = text;
    job->dst = out;
    job->msg_len_to_cipher_in_bytes = bits ? 8 * sizeof text : sizeof text;
    job = IMB_SUBMIT_JOB(manager);
    if (job == NULL) job = IMB_FLUSH_JOB(manager);
    if (job == NULL || job->status != IMB_STATUS_COMPLETED) return 1;
    for (size_t at = 0; at < sizeof out; at++) printf("%02x", out[at]);
    printf("\n");
  }
  free_mb_mgr(manager);
  return 0;
}
C
libraries=usr/lib/x86_64-linux-gnu
cc -I usr/include -o ctr ctr.c -L "$libraries" -lIPSec_MB
repeat() { local bytes='' i; for ((i = 0; i < $2; i++)); do bytes+=$1; done; printf %s "$bytes"; }
changed=0
for ones in 24 32 64; do
  block=$(repeat 01 $((16 - ones / 8)))$(repeat ff $((ones / 8)))
  right=$(printf "$(repeat '\x03' 64)" | openssl enc -aes-128-ctr -K "$(repeat 07 16)" -iv "$block" | od -An -v -tx1 | tr -d ' \n')
  LD_LIBRARY_PATH=$libraries ./ctr "$ones" > out.txt
  for mode in CNTR CNTR_BITLEN; do
    read -r made
    blocks=0
    for at in 0 32 64 96; do if [ "${made:at:32}" = "${right:at:32}" ]; then blocks=$((blocks + 1)); fi; done
    echo "$ones low bits of the counter are ones: IMB_CIPHER_$mode has $blocks of 4 blocks as openssl has"
    case $mode-$ones in CNTR-32 | CNTR-64 | CNTR_BITLEN-64) wanted=1 ;; *) wanted=4 ;; esac
    if [ "$blocks" != "$wanted" ]; then changed=1; fi
  done < out.txt
done
exit "$changed"
