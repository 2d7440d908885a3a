/*
 * Encrypts by AF_ALG in a guest: af_alg DRIVER BYTES writes the ciphertext of BYTES bytes to standard output. Key, IV and plaintext are
 * fixed: byte i of each is (7 * i + BYTES) mod 256.
 */
#include <linux/if_alg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY_BYTES 16
#define IV_BYTES 16

static void fill(uint8_t *bytes, size_t length, size_t seed) {
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)(7 * i + seed);
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t length = strtoul(argv[2], NULL, 10);
  struct sockaddr_alg name = {.salg_family = AF_ALG, .salg_type = "skcipher"};
  strncpy((char *)name.salg_name, argv[1], sizeof name.salg_name - 1);
  uint8_t key[KEY_BYTES];
  fill(key, sizeof key, length);
  int cipher = socket(AF_ALG, SOCK_SEQPACKET, 0);
  if (cipher < 0 || bind(cipher, (struct sockaddr *)&name, sizeof name) < 0) return fail("bind");
  if (setsockopt(cipher, SOL_ALG, ALG_SET_KEY, key, sizeof key) < 0) return fail("key");
  int request = accept(cipher, NULL, 0);
  if (request < 0) return fail("accept");

  uint8_t *bytes = malloc(length);
  if (!bytes) return fail("malloc");
  fill(bytes, length, length);
  char control[CMSG_SPACE(4) + CMSG_SPACE(4 + IV_BYTES)] = {0};
  struct iovec part = {bytes, length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_ALG;
  header->cmsg_type = ALG_SET_OP;
  header->cmsg_len = CMSG_LEN(4);
  *(uint32_t *)CMSG_DATA(header) = ALG_OP_ENCRYPT;
  header = CMSG_NXTHDR(&message, header);
  header->cmsg_level = SOL_ALG;
  header->cmsg_type = ALG_SET_IV;
  header->cmsg_len = CMSG_LEN(4 + IV_BYTES);
  struct af_alg_iv *iv = (void *)CMSG_DATA(header);
  iv->ivlen = IV_BYTES;
  fill(iv->iv, IV_BYTES, length);
  if (sendmsg(request, &message, 0) != (ssize_t)length) return fail("sendmsg");
  for (size_t at = 0; at < length;) {
    ssize_t got = read(request, bytes + at, length - at);
    if (got <= 0) return fail("read");
    at += (size_t)got;
  }
  return fwrite(bytes, 1, length, stdout) == length ? 0 : fail("write");
}
