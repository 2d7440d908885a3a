/* How long messages take, in each provider. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define SLACK 64u
#define SPEED_US 400000.0

static bool encrypt_record(EVP_CIPHER_CTX *context, uint8_t *text, int bytes) {
  static const uint8_t IV[12] = {1}, AAD[5] = {23, 3, 3};
  uint8_t tag[16];
  int done;
  return EVP_CipherInit_ex2(context, NULL, NULL, IV, 1, NULL) && EVP_CipherUpdate(context, NULL, &done, AAD, sizeof AAD) &&
         EVP_CipherUpdate(context, text, &done, text, bytes) && EVP_CipherFinal_ex(context, text + bytes, &done) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) > 0;
}

/** Microseconds a record, by the best of some runs: what else the host does does not weigh on it. Negative if it fails. */
static double record_us(const char *name, const char *provider, int bytes) {
  static const uint8_t KEY[32] = {2};
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, provider);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  uint8_t *text = calloc(1, (size_t)bytes + SLACK);
  double best = -1, end = now_us() + 3 * SPEED_US;
  bool good = cipher && EVP_CipherInit_ex2(context, cipher, KEY, NULL, 1, NULL);
  for (unsigned batch = 1; good && now_us() < end;) {
    double start = now_us();
    for (unsigned i = 0; good && i < batch; i++) good = encrypt_record(context, text, bytes);
    double taken = now_us() - start;
    if (best < 0 || taken / batch < best) best = taken / batch;
    if (taken < SPEED_US / 20) batch *= 2;
  }
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(cipher);
  free(text);
  return good ? best : -1;
}

int check_speed(const char *name, int bytes) {
  double software = record_us(name, "provider=default", bytes), device = record_us(name, "provider=virtio-crypto", bytes);
  if (software < 0 || device < 0) {
    printf("%s: not in both providers\n", name);
    return 1;
  }
  printf("speed %s %d: software %.2f us, device %.2f us\n", name, bytes, software, device);
  return 0;
}
