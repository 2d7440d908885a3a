/*
 * RSA by the kernel's keys in a guest: rsa sign|decrypt KEY INPUT writes a PKCS #1 v1.5 signature of a SHA-256 digest, or a plaintext, to
 * standard output. KEY is a file with a private key in PKCS #8, INPUT one with the digest or the ciphertext.
 */
#include <linux/keyctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BYTES_MAX 4096
/* Of a key of 2048 bits. The kernel refuses more room than a result can need. */
#define RESULT_BYTES 256

static uint8_t key[BYTES_MAX], input[BYTES_MAX], output[RESULT_BYTES];

static size_t load(const char *path, uint8_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  size_t length = fread(bytes, 1, BYTES_MAX, file);
  fclose(file);
  return length;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int signs = strcmp(argv[1], "sign") == 0;
  size_t key_bytes = load(argv[2], key);
  size_t input_bytes = load(argv[3], input);
  long id = syscall(SYS_add_key, "asymmetric", "test", key, key_bytes, KEY_SPEC_PROCESS_KEYRING);
  if (id < 0) {
    perror("add_key");
    return 1;
  }
  struct keyctl_pkey_params parameters = {.key_id = (int32_t)id, .in_len = (uint32_t)input_bytes};
  parameters.out_len = sizeof output;
  const char *info = signs ? "enc=pkcs1 hash=sha256" : "enc=pkcs1";
  long length = syscall(SYS_keyctl, signs ? KEYCTL_PKEY_SIGN : KEYCTL_PKEY_DECRYPT, &parameters, info, input, output);
  if (length < 0) {
    perror(argv[1]);
    return 1;
  }
  return fwrite(output, 1, (size_t)length, stdout) == (size_t)length ? 0 : 1;
}
