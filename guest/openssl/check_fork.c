/*
 * A process forks in the middle of a message, and both go on with the same context. What the child computes is right, or it fails: it never
 * gets bytes of its parent. A new message in the same context is right in both.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PIECE 3000
#define PIECES 3
static const char *const CIPHERS[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};

struct result {
  uint8_t text[PIECES * PIECE], tag[16];
};

static bool begin(EVP_CIPHER_CTX *context, EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv) {
  return EVP_CipherInit_ex2(context, cipher, key, iv, 1, NULL);
}

static bool pieces(EVP_CIPHER_CTX *context, struct result *result, const uint8_t *text, int from, int to) {
  int done;
  for (int piece = from; piece < to; piece++) {
    if (!EVP_CipherUpdate(context, result->text + piece * PIECE, &done, text + piece * PIECE, PIECE) || done != PIECE) return false;
  }
  return true;
}

static bool end(EVP_CIPHER_CTX *context, struct result *result) {
  int done;
  return EVP_CipherFinal_ex(context, result->tag, &done) && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, result->tag) > 0;
}

static bool whole(EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, const uint8_t *text, struct result *result) {
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  bool good = begin(context, cipher, key, iv) && pieces(context, result, text, 0, PIECES) && end(context, result);
  EVP_CIPHER_CTX_free(context);
  return good;
}

static bool same(const struct result *one, const struct result *other) {
  return memcmp(one->text, other->text, sizeof one->text) == 0 && memcmp(one->tag, other->tag, sizeof one->tag) == 0;
}

static bool round_of(unsigned *seed) {
  static uint8_t text[PIECES * PIECE];
  static struct result expected, next_expected, found;
  uint8_t key[32], iv[12], other_iv[12];
  const char *name = CIPHERS[next(seed, 3)];
  EVP_CIPHER *ours = EVP_CIPHER_fetch(NULL, name, AS_CONFIGURED), *theirs = EVP_CIPHER_fetch(NULL, name, BY_DEFAULT);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  fill(seed, text, sizeof text);
  fill(seed, key, sizeof key);
  fill(seed, iv, sizeof iv);
  fill(seed, other_iv, sizeof other_iv);
  int before = (int)next(seed, PIECES + 1);
  bool good = ours && theirs && whole(theirs, key, iv, text, &expected) && whole(theirs, key, other_iv, text, &next_expected) &&
              begin(context, ours, key, iv) && pieces(context, &found, text, 0, before);
  pid_t child = good ? fork() : -1;
  if (child < 0) return false;
  bool ended = pieces(context, &found, text, before, PIECES) && end(context, &found);
  // The parent's message goes on. The child's may end without a result.
  good = ended ? same(&found, &expected) : child == 0;
  good = good && begin(context, NULL, NULL, other_iv) && pieces(context, &found, text, 0, PIECES) && end(context, &found) &&
         same(&found, &next_expected);
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(ours);
  EVP_CIPHER_free(theirs);
  if (child == 0) _exit(good ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  if (!good || status != 0) printf("%s, forked behind %d pieces: parent %d, child's status %d\n", name, before, good, status);
  return good && status == 0;
}

int check_fork(unsigned rounds, unsigned seed) {
  for (unsigned round = 0; round < rounds; round++) {
    if (!round_of(&seed)) return 1;
  }
  printf("%u forks\n", rounds);
  return 0;
}
