/* How long messages take, in each provider. Both are measured by turns, so that what else the host does weighs on both. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define BATCH_US 25000.0
#define ROUNDS 40
#define HMAC "HMAC-"

/** One provider's side. What the algorithm is not is NULL. */
struct side {
  EVP_CIPHER *cipher;
  EVP_CIPHER_CTX *cipher_context;
  EVP_MD *digest;
  EVP_MD_CTX *digest_context;
  EVP_MAC *mac;
  EVP_MAC_CTX *mac_context;
  bool aead;
  uint8_t *text;
  int bytes;
  unsigned batch;
  /** Microseconds a message, by the best batch. */
  double best;
};

/** A message of a key that was set before. */
static bool run_message(struct side *side) {
  static const uint8_t IV[16] = {1}, AAD[5] = {23, 3, 3};
  uint8_t result[EVP_MAX_MD_SIZE];
  unsigned count;
  size_t size;
  int done;
  if (side->digest) {
    return EVP_DigestInit_ex2(side->digest_context, NULL, NULL) &&
           EVP_DigestUpdate(side->digest_context, side->text, (size_t)side->bytes) &&
           EVP_DigestFinal_ex(side->digest_context, result, &count);
  }
  if (side->mac) {
    return EVP_MAC_init(side->mac_context, NULL, 0, NULL) && EVP_MAC_update(side->mac_context, side->text, (size_t)side->bytes) &&
           EVP_MAC_final(side->mac_context, result, &size, sizeof result);
  }
  EVP_CIPHER_CTX *context = side->cipher_context;
  if (!EVP_CipherInit_ex2(context, NULL, NULL, IV, 1, NULL)) return false;
  if (side->aead && !EVP_CipherUpdate(context, NULL, &done, AAD, sizeof AAD)) return false;
  if (!EVP_CipherUpdate(context, side->text, &done, side->text, side->bytes) || !EVP_CipherFinal_ex(context, side->text + done, &done))
    return false;
  return !side->aead || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, result) > 0;
}

static bool open_side(struct side *side, const char *name, const char *provider, int bytes) {
  static const uint8_t KEY[32] = {2};
  *side = (struct side){.text = calloc(1, (size_t)bytes + SLACK), .bytes = bytes, .batch = 1, .best = -1};
  if (strncmp(name, HMAC, strlen(HMAC)) == 0) {
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)name + strlen(HMAC), 0),
                                 OSSL_PARAM_END};
    side->mac = EVP_MAC_fetch(NULL, "HMAC", provider);
    side->mac_context = EVP_MAC_CTX_new(side->mac);
    return side->mac_context && EVP_MAC_init(side->mac_context, KEY, sizeof KEY, params);
  }
  side->cipher = EVP_CIPHER_fetch(NULL, name, provider);
  if (side->cipher) {
    side->aead = (EVP_CIPHER_get_flags(side->cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0;
    side->cipher_context = EVP_CIPHER_CTX_new();
    return EVP_CipherInit_ex2(side->cipher_context, side->cipher, KEY, NULL, 1, NULL) &&
           EVP_CIPHER_CTX_set_padding(side->cipher_context, 0);
  }
  side->digest = EVP_MD_fetch(NULL, name, provider);
  side->digest_context = EVP_MD_CTX_new();
  return side->digest && EVP_DigestInit_ex2(side->digest_context, side->digest, NULL);
}

static void close_side(struct side *side) {
  EVP_CIPHER_CTX_free(side->cipher_context);
  EVP_CIPHER_free(side->cipher);
  EVP_MD_CTX_free(side->digest_context);
  EVP_MD_free(side->digest);
  EVP_MAC_CTX_free(side->mac_context);
  EVP_MAC_free(side->mac);
  free(side->text);
}

static bool run_batch(struct side *side) {
  double start = now_us();
  for (unsigned i = 0; i < side->batch; i++) {
    if (!run_message(side)) return false;
  }
  double taken = now_us() - start;
  if (side->best < 0 || taken / side->batch < side->best) side->best = taken / side->batch;
  if (taken < BATCH_US) side->batch *= 2;
  return true;
}

int check_speed(const char *name, int bytes) {
  struct side software, device;
  bool good = open_side(&software, name, BY_DEFAULT, bytes);
  good = open_side(&device, name, "provider=virtio-crypto", bytes) && good;
  for (int round = 0; good && round < ROUNDS; round++) good = run_batch(&software) && run_batch(&device);
  close_side(&software);
  close_side(&device);
  if (!good) {
    printf("%s: not in both providers\n", name);
    return 1;
  }
  printf("speed %s %d: software %.2f us, device %.2f us\n", name, bytes, software.best, device.best);
  return 0;
}
