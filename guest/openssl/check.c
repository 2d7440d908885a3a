/*
 * `evp-check speed CIPHER BYTES`: how many messages a second each provider encrypts, as TLS 1.3 asks for them: an IV, 5 bytes of
 * additional data, the text in one piece, the tag.
 *
 * `evp-check COUNT SEED [THREADS]`: random EVP calls through the provider, each beside the same calls through the default provider.
 * Prints the first difference and ends with status 1, or the number of calls that were equal.
 */
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 70000u
#define SLACK 64u
#define THREADS_MAX 16

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

struct run {
  unsigned count, seed, calls;
  bool failed;
};

static const char *const CIPHERS[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};

static uint32_t next(unsigned *seed, uint32_t limit) {
  *seed = *seed * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)(*seed >> 8) * limit) >> 24);
}

static bool one_in(unsigned *seed, uint32_t chance) { return next(seed, chance) == 0; }

static void fill(unsigned *seed, uint8_t *at, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i++) at[i] = (uint8_t)next(seed, 256);
}

/** Sizes of all magnitudes, a record's among them. */
static uint32_t size_of_text(unsigned *seed) {
  switch (next(seed, 8)) {
    case 0: return next(seed, 40);
    case 1: return 16384;
    case 2: return 65520 + next(seed, 40);
    default: return next(seed, 16u << next(seed, 11));
  }
}

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
      .text_bytes = size_of_text(seed),
      .pieces = one_in(seed, 3) ? 1 + next(seed, 4) : 1,
      .tag_bytes = one_in(seed, 6) ? 12 + next(seed, 5) : 16,
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
    run->calls++;
    plan.iv[0]++;
  }
  return true;
}

static void *work(void *at) {
  struct run *run = at;
  uint8_t *input = malloc(TEXT_MAX), *cipher = malloc(TEXT_MAX + SLACK);
  struct side ours = {.text = malloc(TEXT_MAX + SLACK)}, theirs = {.text = malloc(TEXT_MAX + SLACK)};
  fill(&run->seed, input, TEXT_MAX);
  while (run->calls < run->count && !run->failed) {
    const char *name = CIPHERS[next(&run->seed, 3)];
    ours.cipher = EVP_CIPHER_fetch(NULL, name, "provider=virtio-crypto");
    theirs.cipher = EVP_CIPHER_fetch(NULL, name, "provider=default");
    ours.context = EVP_CIPHER_CTX_new();
    theirs.context = EVP_CIPHER_CTX_new();
    if (!ours.cipher || !theirs.cipher) {
      printf("%s: not in both providers\n", name);
      run->failed = true;
    } else if (!compare(run, name, &ours, &theirs, input, cipher)) {
      run->failed = true;
    }
    EVP_CIPHER_CTX_free(ours.context);
    EVP_CIPHER_CTX_free(theirs.context);
    EVP_CIPHER_free(ours.cipher);
    EVP_CIPHER_free(theirs.cipher);
  }
  free(input);
  free(cipher);
  free(ours.text);
  free(theirs.text);
  return NULL;
}

#define SPEED_US 400000.0

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

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

static int speed(const char *name, int bytes) {
  double software = record_us(name, "provider=default", bytes), device = record_us(name, "provider=virtio-crypto", bytes);
  if (software < 0 || device < 0) {
    printf("%s: not in both providers\n", name);
    return 1;
  }
  printf("speed %s %d: software %.2f us, device %.2f us\n", name, bytes, software, device);
  return 0;
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "speed") == 0 && atoi(arguments[3]) > 0) return speed(arguments[2], atoi(arguments[3]));
  unsigned threads = count > 3 ? (unsigned)atoi(arguments[3]) : 1;
  if (count < 3 || threads == 0 || threads > THREADS_MAX) {
    fprintf(stderr, "usage: evp-check COUNT SEED [THREADS] | evp-check speed CIPHER BYTES\n");
    return 2;
  }
  pthread_t handles[THREADS_MAX];
  struct run runs[THREADS_MAX];
  for (unsigned i = 0; i < threads; i++) {
    runs[i] = (struct run){.count = (unsigned)atoi(arguments[1]), .seed = (unsigned)atoi(arguments[2]) + i * 7919u};
    pthread_create(&handles[i], NULL, work, &runs[i]);
  }
  unsigned calls = 0;
  bool failed = false;
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
    calls += runs[i].calls;
    failed = failed || runs[i].failed;
  }
  printf("%u messages equal\n", calls);
  return failed;
}
