/*
 * SHA-1 and SHA-2. A message whose first piece is worth it is held until its end, and hashed by one request. Shorter ones, and what is
 * longer than a request, go to the default provider's implementation (the original) in the same context. Hashes have no key, so all
 * contexts of a process share one session for each algorithm.
 */
#include "digest.h"

#include <pthread.h>

#include "../driver/vcrypto.h"
#include "../driver/wire.h"
#include "held.h"
#include "original.h"

struct digest {
  const char *name;
  enum kind kind;
  uint32_t algorithm, mac;
  uint32_t result_bytes;
  const OSSL_ALGORITHM *original;
  struct threshold threshold;
  pthread_mutex_t lock;
  struct vc_session session;
  OSSL_FUNC_digest_newctx_fn *newctx;
  OSSL_FUNC_digest_freectx_fn *freectx;
  OSSL_FUNC_digest_dupctx_fn *dupctx;
  OSSL_FUNC_digest_init_fn *init;
  OSSL_FUNC_digest_update_fn *update;
  OSSL_FUNC_digest_final_fn *final;
  /** NULL: it takes no parameters. */
  OSSL_FUNC_digest_set_ctx_params_fn *set_ctx_params;
};

struct context {
  struct digest *digest;
  void *original;
  /** The original has nothing of the message. */
  bool holds;
  struct held held;
};

#define HASH(text, size, how) \
  {.name = text, .kind = how, .lock = PTHREAD_MUTEX_INITIALIZER, .algorithm = VIRTIO_CRYPTO_HASH_##size, \
   .mac = VIRTIO_CRYPTO_MAC_HMAC_##size
// One of each kind is measured: the shorter results of a kind are as fast.
static struct digest digests[] = {
    HASH("SHA1", SHA1, KIND_SHA_1), .result_bytes = 20},
    HASH("SHA2-256", SHA_256, KIND_SHA_256), .result_bytes = 32},
    HASH("SHA2-224", SHA_224, KIND_SHA_256), .result_bytes = 28},
    HASH("SHA2-512", SHA_512, KIND_SHA_512), .result_bytes = 64},
    HASH("SHA2-384", SHA_384, KIND_SHA_512), .result_bytes = 48},
};
#define DIGESTS (sizeof digests / sizeof *digests)
static uint32_t limit;

/** A copy of the session that all contexts share; false if it cannot be had at once. */
static bool session_of(struct digest *digest, struct vc_session *session) {
  // A process that was forked may have the lock of a thread that it does not have.
  if (pthread_mutex_trylock(&digest->lock) != 0) return false;
  bool open = vc_session_is_open(&digest->session);
  if (!open) {
    const struct vc_session_parameters parameters = {
        .service = VC_HASH, .algorithm = digest->algorithm, .result_bytes = digest->result_bytes};
    open = vc_session_open(&parameters, &digest->session) == VC_OK;
  }
  *session = digest->session;
  pthread_mutex_unlock(&digest->lock);
  return open;
}

static bool run_in_device(struct digest *digest, const struct held *held, uint8_t *out) {
  struct vc_slot slot;
  struct vc_session session;
  if (!session_of(digest, &session) || !vc_slot_take(&slot)) return false;
  memcpy(slot.in, held->at, held->bytes);
  bool good = vc_digest(&session, &slot, VC_HASH, digest->algorithm, held->bytes, digest->result_bytes) == VC_OK;
  if (good) memcpy(out, slot.out, digest->result_bytes);
  vc_slot_give(&slot);
  return good;
}

static bool hand_over(struct context *context) {
  if (!context->holds) return true;
  context->holds = false;
  uint32_t bytes = context->held.bytes;
  context->held.bytes = 0;
  return bytes == 0 || context->digest->update(context->original, context->held.at, bytes);
}

static int digest_init(void *at, const OSSL_PARAM params[]) {
  struct context *context = at;
  context->held.bytes = 0;
  context->holds = !params || !params->key;
  return context->digest->init(context->original, params);
}

static int digest_update(void *at, const unsigned char *in, size_t bytes) {
  struct context *context = at;
  if (context->holds && (context->held.bytes > 0 || bytes >= context->digest->threshold.open) &&
      held_add(&context->held, in, bytes, limit))
    return 1;
  return hand_over(context) && context->digest->update(context->original, in, bytes);
}

static int digest_final(void *at, unsigned char *out, size_t *out_bytes, size_t room) {
  struct context *context = at;
  if (context->holds && context->held.bytes > 0 && room >= context->digest->result_bytes &&
      run_in_device(context->digest, &context->held, out)) {
    *out_bytes = context->digest->result_bytes;
    context->held.bytes = 0;
    return 1;
  }
  return hand_over(context) && context->digest->final(context->original, out, out_bytes, room);
}

static int digest_set_ctx_params(void *at, const OSSL_PARAM params[]) {
  struct context *context = at;
  return hand_over(context) && context->digest->set_ctx_params(context->original, params);
}

static void *digest_new(unsigned index) {
  struct context *context = OPENSSL_zalloc(sizeof *context);
  if (!context) return NULL;
  context->digest = &digests[index];
  context->original = digests[index].newctx(original_context());
  if (context->original) return context;
  OPENSSL_free(context);
  return NULL;
}

static void digest_free(void *at) {
  struct context *context = at;
  if (!context) return;
  held_free(&context->held);
  context->digest->freectx(context->original);
  OPENSSL_free(context);
}

static void *digest_dup(void *at) {
  struct context *context = at;
  struct context *copy = OPENSSL_memdup(context, sizeof *context);
  if (!copy) return NULL;
  copy->original = context->digest->dupctx(context->original);
  if (copy->original && held_copy(&copy->held)) return copy;
  if (copy->original) context->digest->freectx(copy->original);
  OPENSSL_free(copy);
  return NULL;
}

// The measurement

struct measured {
  struct context *context;
  struct held held;
};

static bool measure_software(void *at, uint32_t bytes) {
  const struct measured *measured = at;
  uint8_t result[VC_DIGEST_MAX];
  size_t done;
  const struct digest *digest = measured->context->digest;
  return digest->init(measured->context->original, NULL) && digest->update(measured->context->original, measured->held.at, bytes) &&
         digest->final(measured->context->original, result, &done, sizeof result);
}

static bool measure_device(void *at, uint32_t bytes) {
  const struct measured *measured = at;
  struct context *context = measured->context;
  uint8_t result[VC_DIGEST_MAX];
  context->held.bytes = 0;
  return held_add(&context->held, measured->held.at, bytes, limit) && run_in_device(context->digest, &context->held, result);
}

static bool measure_session(void *at) {
  const struct measured *measured = at;
  struct digest *digest = measured->context->digest;
  struct vc_session session;
  vc_session_close(&digest->session);
  return session_of(digest, &session);
}

static struct threshold measure(unsigned index) {
  static const struct trial TRIAL = {measure_software, measure_device, measure_session};
  static const uint8_t TEXT[HELD_STEP] = {1};
  struct threshold found = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
  struct measured measured = {.context = digest_new(index)};
  if (measured.context && held_add(&measured.held, TEXT, sizeof TEXT, sizeof TEXT))
    found = threshold_of(digests[index].kind, &TRIAL, &measured);
  held_free(&measured.held);
  digest_free(measured.context);
  return found;
}

// The tables

#define NEW(index) \
  static void *new_##index(void *provider) { \
    (void)provider; \
    return digest_new(index); \
  }
NEW(0)
NEW(1)
NEW(2)
NEW(3)
NEW(4)
static OSSL_FUNC_digest_newctx_fn *const NEWS[] = {new_0, new_1, new_2, new_3, new_4};
_Static_assert(sizeof NEWS / sizeof *NEWS == DIGESTS, "each hash has a function for new contexts");

static OSSL_DISPATCH tables[DIGESTS][ORIGINAL_FUNCTIONS];
static OSSL_ALGORITHM algorithms[DIGESTS + 1];

static bool build(unsigned index) {
  struct digest *digest = &digests[index];
  const OSSL_DISPATCH *table = digest->original->implementation;
#define TAKE(field, number) \
  if (!(digest->field = (OSSL_FUNC_digest_##field##_fn *)original_function(table, number))) return false
  TAKE(newctx, OSSL_FUNC_DIGEST_NEWCTX);
  TAKE(freectx, OSSL_FUNC_DIGEST_FREECTX);
  TAKE(dupctx, OSSL_FUNC_DIGEST_DUPCTX);
  TAKE(init, OSSL_FUNC_DIGEST_INIT);
  TAKE(update, OSSL_FUNC_DIGEST_UPDATE);
  TAKE(final, OSSL_FUNC_DIGEST_FINAL);
#undef TAKE
  digest->set_ctx_params = (OSSL_FUNC_digest_set_ctx_params_fn *)original_function(table, OSSL_FUNC_DIGEST_SET_CTX_PARAMS);
  const OSSL_DISPATCH ours[] = {
      {OSSL_FUNC_DIGEST_NEWCTX, (void (*)(void))NEWS[index]},
      {OSSL_FUNC_DIGEST_FREECTX, (void (*)(void))digest_free},
      {OSSL_FUNC_DIGEST_DUPCTX, (void (*)(void))digest_dup},
      {OSSL_FUNC_DIGEST_INIT, (void (*)(void))digest_init},
      {OSSL_FUNC_DIGEST_UPDATE, (void (*)(void))digest_update},
      {OSSL_FUNC_DIGEST_FINAL, (void (*)(void))digest_final},
      {OSSL_FUNC_DIGEST_SET_CTX_PARAMS, (void (*)(void))digest_set_ctx_params},
      {0, NULL},
  };
  return original_overlay(table, ours, tables[index]);
}

static void build_all(void) {
  unsigned count = 0;
  limit = vc_text_max();
  for (unsigned index = 0; index < DIGESTS && limit > 0; index++) {
    struct digest *digest = &digests[index];
    if (!vc_offers(VC_HASH, digest->algorithm)) continue;
    digest->original = original_find(OSSL_OP_DIGEST, digest->name);
    if (!digest->original || !build(index)) continue;
    bool measured = index > 0 && digests[index - 1].kind == digest->kind && digests[index - 1].original;
    digest->threshold = measured ? digests[index - 1].threshold : measure(index);
    algorithms[count++] = (OSSL_ALGORITHM){digest->original->algorithm_names, "provider=virtio-crypto", tables[index], NULL};
  }
}

const OSSL_ALGORITHM *digest_algorithms(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, build_all);
  return algorithms;
}

bool digest_find(const char *name, struct hash *hash) {
  digest_algorithms();
  for (unsigned index = 0; index < DIGESTS; index++) {
    const struct digest *digest = &digests[index];
    if (!digest->original || !original_has_name(digest->original, name)) continue;
    *hash = (struct hash){.mac = digest->mac, .result_bytes = digest->result_bytes, .threshold = digest->threshold};
    return vc_offers(VC_MAC, digest->mac);
  }
  return false;
}

unsigned digest_missing(char *names, size_t bytes) {
  unsigned offered = 0;
  for (unsigned index = 0; index < DIGESTS; index++) {
    if (vc_offers(VC_HASH, digests[index].algorithm)) offered++;
    else original_add_name(names, bytes, digests[index].name);
  }
  return offered;
}

void digest_end(void) {
  for (unsigned index = 0; index < DIGESTS; index++) vc_session_close(&digests[index].session);
}
