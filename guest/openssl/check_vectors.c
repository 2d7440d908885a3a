/*
 * Published results through EVP. A line of standard input is `KIND NAME KEY IV AAD TEXT RESULT TAG valid|invalid`, in hexadecimal, with `-`
 * for nothing. KIND is `aead`, `cipher` (TAG is nothing), `mac` or `digest` (RESULT is nothing, and TAG the result).
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define FIELD_MAX 4096
struct bytes {
  uint8_t at[FIELD_MAX / 2];
  int count;
};

struct vector {
  char kind[16], name[32];
  struct bytes key, iv, aad, text, result, tag;
  bool valid;
};

static bool read_bytes(const char *text, struct bytes *bytes) {
  bytes->count = 0;
  if (strcmp(text, "-") == 0) return true;
  for (; text[2 * bytes->count]; bytes->count++) {
    char digits[3] = {text[2 * bytes->count], text[2 * bytes->count + 1], 0}, *end;
    bytes->at[bytes->count] = (uint8_t)strtoul(digits, &end, 16);
    if (*end || !digits[1]) return false;
  }
  return true;
}

static bool read_vector(char *line, struct vector *vector) {
  static char fields[6][FIELD_MAX + 1];
  char valid[16];
  if (sscanf(line, "%15s %31s %4096s %4096s %4096s %4096s %4096s %4096s %15s", vector->kind, vector->name, fields[0], fields[1],
             fields[2], fields[3], fields[4], fields[5], valid) != 9)
    return false;
  struct bytes *bytes[] = {&vector->key, &vector->iv, &vector->aad, &vector->text, &vector->result, &vector->tag};
  for (int i = 0; i < 6; i++) {
    if (!read_bytes(fields[i], bytes[i])) return false;
  }
  vector->valid = strcmp(valid, "valid") == 0;
  return true;
}

static bool equal(const struct bytes *expected, const uint8_t *found, int count) {
  return expected->count == count && memcmp(expected->at, found, (size_t)count) == 0;
}

/** One direction of a cipher. False: it fails, or its tag is wrong. */
static bool run_cipher(const struct vector *vector, EVP_CIPHER *cipher, bool encrypt, bool aead, uint8_t *out, int *count,
                       uint8_t *tag) {
  const struct bytes *in = encrypt ? &vector->text : &vector->result;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int done = 0;
  bool good = EVP_CipherInit_ex2(context, cipher, NULL, NULL, encrypt, NULL);
  if (aead) good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, vector->iv.count, NULL) > 0;
  good = good && EVP_CipherInit_ex2(context, NULL, vector->key.at, vector->iv.at, encrypt, NULL);
  if (aead && !encrypt)
    good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, vector->tag.count, (void *)vector->tag.at) > 0;
  if (vector->aad.count > 0) good = good && EVP_CipherUpdate(context, NULL, &done, vector->aad.at, vector->aad.count);
  good = good && EVP_CipherUpdate(context, out, count, in->at, in->count);
  good = good && EVP_CipherFinal_ex(context, out + *count, &done) > 0;
  *count += done;
  if (aead && encrypt) good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, vector->tag.count, tag) > 0;
  EVP_CIPHER_CTX_free(context);
  return good;
}

static bool check_cipher(const struct vector *vector, bool aead) {
  uint8_t out[FIELD_MAX], tag[16] = {0};
  int count = 0;
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, vector->name, AS_CONFIGURED);
  bool opened = cipher && run_cipher(vector, cipher, false, aead, out, &count, tag);
  bool good = opened == vector->valid && (!opened || equal(&vector->text, out, count));
  if (good && vector->valid) {
    good = run_cipher(vector, cipher, true, aead, out, &count, tag) && equal(&vector->result, out, count) &&
           (!aead || memcmp(tag, vector->tag.at, (size_t)vector->tag.count) == 0);
  }
  EVP_CIPHER_free(cipher);
  return good;
}

static bool check_mac(const struct vector *vector) {
  uint8_t out[EVP_MAX_MD_SIZE];
  size_t count = 0;
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", AS_CONFIGURED);
  EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)vector->name, 0), OSSL_PARAM_END};
  bool good = context && EVP_MAC_init(context, vector->key.at, (size_t)vector->key.count, params) &&
              EVP_MAC_update(context, vector->text.at, (size_t)vector->text.count) &&
              EVP_MAC_final(context, out, &count, sizeof out) && (int)count >= vector->tag.count &&
              (memcmp(out, vector->tag.at, (size_t)vector->tag.count) == 0) == vector->valid;
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  return good;
}

static bool check_digest(const struct vector *vector) {
  uint8_t out[EVP_MAX_MD_SIZE];
  unsigned count = 0;
  EVP_MD *digest = EVP_MD_fetch(NULL, vector->name, AS_CONFIGURED);
  bool good = digest && EVP_Digest(vector->text.at, (size_t)vector->text.count, out, &count, digest, NULL) &&
              equal(&vector->tag, out, (int)count) == vector->valid;
  EVP_MD_free(digest);
  return good;
}

static bool check_vector(const struct vector *vector) {
  if (strcmp(vector->kind, "aead") == 0) return check_cipher(vector, true);
  if (strcmp(vector->kind, "cipher") == 0) return check_cipher(vector, false);
  if (strcmp(vector->kind, "mac") == 0) return check_mac(vector);
  return strcmp(vector->kind, "digest") == 0 && check_digest(vector);
}

int check_vectors(void) {
  static char line[6 * FIELD_MAX];
  static struct vector vector;
  unsigned right = 0;
  while (fgets(line, sizeof line, stdin)) {
    if (!read_vector(line, &vector) || !check_vector(&vector)) {
      printf("differs: %s", line);
      return 1;
    }
    right++;
  }
  printf("%u vectors\n", right);
  return 0;
}
