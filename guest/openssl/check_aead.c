/* Random messages of AEADs, with each provider. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"


/** One side: what it was told, it also tells of its results. */
struct side {
  EVP_CIPHER_CTX *context;
  EVP_CIPHER *cipher;
  uint8_t *text;
  uint8_t tag[16];
  int bytes, first, last;
};

struct plan {
  bool encrypt, in_place, tag_first, copy, again, bad_tag, stop_early;
  uint32_t key_bytes, iv_bytes, aad_bytes, text_bytes, pieces, tag_bytes;
  uint8_t key[32], iv[32], aad[600];
};

static const char *const CIPHERS[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};

static struct plan plan_of(unsigned *seed, bool gcm, uint32_t key_bytes) {
  struct plan plan = {
      .encrypt = one_in(seed, 2),
      .in_place = one_in(seed, 2),
      .tag_first = one_in(seed, 2),
      .copy = one_in(seed, 6),
      .again = one_in(seed, 3),
      .bad_tag = one_in(seed, 5),
      .stop_early = one_in(seed, 12),
      .key_bytes = key_bytes,
      .iv_bytes = one_in(seed, 6) ? 1 + next(seed, gcm ? 16 : 12) : 12,
      .aad_bytes = one_in(seed, 3) ? next(seed, 600) : one_in(seed, 3) ? 0 : 5,
      .text_bytes = size_of_message(seed),
      .pieces = one_in(seed, 3) ? 1 + next(seed, 4) : 1,
      .tag_bytes = one_in(seed, 4) ? 1 + next(seed, 16) : 16,
  };
  fill(seed, plan.key, sizeof plan.key);
  fill(seed, plan.iv, sizeof plan.iv);
  fill(seed, plan.aad, sizeof plan.aad);
  return plan;
}

/** Runs the plan: answers whether every call but the last succeeded, and keeps what the last said. */
static void carry_out(const struct plan *plan, unsigned seed, const uint8_t *input, const uint8_t *tag, bool keep_key, struct side *side) {
  EVP_CIPHER_CTX *context = side->context;
  int bytes = 0, done = 0;
  side->bytes = side->last = 0;
  int good = 1;
  if (!keep_key) good = EVP_CipherInit_ex2(context, side->cipher, NULL, NULL, plan->encrypt, NULL);
  good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)plan->iv_bytes, NULL) > 0;
  good = good && EVP_CipherInit_ex2(context, NULL, keep_key ? NULL : plan->key, plan->iv, plan->encrypt, NULL);
  if (!plan->encrypt && plan->tag_first)
    good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)plan->tag_bytes, (void *)tag) > 0;
  for (uint32_t at = 0; good && at < plan->aad_bytes;) {
    uint32_t piece = one_in(&seed, 2) ? plan->aad_bytes - at : 1 + next(&seed, plan->aad_bytes - at);
    good = EVP_CipherUpdate(context, NULL, &bytes, plan->aad + at, (int)piece);
    at += piece;
  }
  if (plan->in_place) memcpy(side->text, input, plan->text_bytes);
  for (uint32_t piece = 0, at = 0; good && piece < plan->pieces; piece++) {
    uint32_t size = piece + 1 == plan->pieces ? plan->text_bytes - at : next(&seed, plan->text_bytes - at + 1);
    good = EVP_CipherUpdate(context, side->text + at, &bytes, (plan->in_place ? side->text : input) + at, (int)size);
    side->bytes += bytes;
    at += size;
    if (plan->copy && piece == 0 && good) {
      EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
      // What has no copy in one provider has none in the other.
      if (EVP_CIPHER_CTX_copy(copy, context)) {
        EVP_CIPHER_CTX_free(context);
        context = side->context = copy;
      } else {
        EVP_CIPHER_CTX_free(copy);
        good = 0;
      }
    }
  }
  side->first = good;
  if (!good || plan->stop_early) return;
  if (!plan->encrypt && !plan->tag_first)
    good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)plan->tag_bytes, (void *)tag) > 0;
  side->last = good && EVP_CipherFinal_ex(context, side->text + side->bytes, &done) > 0;
  side->bytes += done;
  if (plan->encrypt && side->last)
    side->last = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)plan->tag_bytes, side->tag) > 0;
}

static bool same(const struct plan *plan, const struct side *one, const struct side *other) {
  return one->first == other->first && one->last == other->last && one->bytes == other->bytes &&
         memcmp(one->text, other->text, plan->text_bytes + SLACK) == 0 &&
         (!plan->encrypt || !one->last || memcmp(one->tag, other->tag, plan->tag_bytes) == 0);
}

static void show(const char *name, const struct plan *plan, const struct side *ours, const struct side *theirs) {
  printf("%s: text %u aad %u iv %u tag %u pieces %u%s%s%s%s%s%s%s: ours %d %d %d, default %d %d %d\n", name, plan->text_bytes,
         plan->aad_bytes, plan->iv_bytes, plan->tag_bytes, plan->pieces, plan->encrypt ? " encrypt" : " decrypt",
         plan->in_place ? " in-place" : "", plan->tag_first ? " tag-first" : "", plan->copy ? " copy" : "",
         plan->again ? " again" : "", plan->bad_tag ? " bad-tag" : "", plan->stop_early ? " stop" : "", ours->first, ours->last,
         ours->bytes, theirs->first, theirs->last, theirs->bytes);
}

/** One plan, and perhaps the next message under the same key. */
static bool compare(struct run *run, const char *name, struct side *ours, struct side *theirs, uint8_t *input, uint8_t *cipher) {
  bool gcm = strstr(name, "GCM") != NULL;
  struct plan plan = plan_of(&run->seed, gcm, (uint32_t)EVP_CIPHER_get_key_length(theirs->cipher));
  for (int message = 0; message <= (plan.again ? 3 : 0); message++) {
    uint8_t tag[16] = {0};
    const uint8_t *from = input;
    fill(&run->seed, input, plan.text_bytes < 64 ? plan.text_bytes : 64);
    if (!plan.encrypt) {
      // What is decrypted was encrypted by the default provider, in a context of its own.
      struct plan before = plan;
      struct side maker = {.context = EVP_CIPHER_CTX_new(), .cipher = theirs->cipher, .text = cipher};
      before.encrypt = true;
      before.in_place = before.copy = before.stop_early = false;
      before.tag_bytes = 16;
      carry_out(&before, 1, input, NULL, false, &maker);
      EVP_CIPHER_CTX_free(maker.context);
      memcpy(tag, maker.tag, 16);
      if (plan.bad_tag) tag[next(&run->seed, plan.tag_bytes)] ^= 0x80;
      from = cipher;
    }
    memset(ours->text, 0x5a, TEXT_MAX + SLACK);
    memset(theirs->text, 0x5a, TEXT_MAX + SLACK);
    unsigned seed = run->seed;
    carry_out(&plan, seed, from, tag, message > 0, ours);
    carry_out(&plan, seed, from, tag, message > 0, theirs);
    if (!same(&plan, ours, theirs)) {
      show(name, &plan, ours, theirs);
      return false;
    }
    run->messages++;
    plan.iv[0]++;
  }
  return true;
}

bool check_aead(struct run *run) {
  const char *name = CIPHERS[next(&run->seed, 3)];
  uint8_t *input = malloc(TEXT_MAX), *cipher = malloc(TEXT_MAX + SLACK);
  struct side ours = {.text = malloc(TEXT_MAX + SLACK)}, theirs = {.text = malloc(TEXT_MAX + SLACK)};
  unsigned seed = run->seed;
  fill(&seed, input, TEXT_MAX);
  ours.cipher = EVP_CIPHER_fetch(NULL, name, AS_CONFIGURED);
  theirs.cipher = EVP_CIPHER_fetch(NULL, name, BY_DEFAULT);
  ours.context = EVP_CIPHER_CTX_new();
  theirs.context = EVP_CIPHER_CTX_new();
  bool good = ours.cipher && theirs.cipher && compare(run, name, &ours, &theirs, input, cipher);
  EVP_CIPHER_CTX_free(ours.context);
  EVP_CIPHER_CTX_free(theirs.context);
  EVP_CIPHER_free(ours.cipher);
  EVP_CIPHER_free(theirs.cipher);
  free(input);
  free(cipher);
  free(ours.text);
  free(theirs.text);
  return good;
}
