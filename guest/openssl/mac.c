/* HMAC of SHA-1 and SHA-2: held and handed over like a hash (digest.c), with a session for each key. */
#include "mac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <pthread.h>

#include "../driver/vcrypto.h"
#include "../driver/wire.h"
#include "digest.h"
#include "held.h"
#include "original.h"

struct context {
  void *original;
  /** The original has nothing of the message, and the device could have all of it. */
  bool holds;
  /** The key is one for the device, of the hash that was chosen before. */
  bool keyed;
  /** A parameter was set that only the original knows about. */
  bool special;
  bool hash_known;
  struct hash hash;
  uint8_t key[VC_KEY_MAX];
  uint32_t key_bytes, missed;
  struct vc_session session;
  struct held held;
};

static struct {
  const OSSL_ALGORITHM *algorithm;
  OSSL_FUNC_mac_newctx_fn *newctx;
  OSSL_FUNC_mac_freectx_fn *freectx;
  OSSL_FUNC_mac_dupctx_fn *dupctx;
  OSSL_FUNC_mac_init_fn *init;
  OSSL_FUNC_mac_update_fn *update;
  OSSL_FUNC_mac_final_fn *final;
  OSSL_FUNC_mac_set_ctx_params_fn *set_ctx_params;
} original;
static uint32_t limit;

static bool run_in_device(struct context *context, uint8_t *out) {
  struct vc_slot slot;
  enum vc_result result = VC_NO_SESSION;
  if (!vc_slot_take(&slot)) return false;
  memcpy(slot.in, context->held.at, context->held.bytes);
  for (int tries = 0; tries < 2 && result == VC_NO_SESSION; tries++) {
    result = VC_OK;
    if (!vc_session_is_open(&context->session)) {
      const struct vc_session_parameters parameters = {
          .service = VC_MAC,
          .algorithm = context->hash.mac,
          .key = context->key,
          .key_bytes = context->key_bytes,
          .result_bytes = context->hash.result_bytes,
      };
      result = vc_session_open(&parameters, &context->session);
    }
    if (result == VC_OK)
      result = vc_digest(&context->session, &slot, VC_MAC, context->hash.mac, context->held.bytes, context->hash.result_bytes);
    if (result == VC_NO_SESSION) context->session = (struct vc_session){0};
  }
  if (result == VC_OK) memcpy(out, slot.out, context->hash.result_bytes);
  vc_slot_give(&slot);
  return result == VC_OK;
}

static bool hand_over(struct context *context) {
  if (!context->holds) return true;
  context->holds = false;
  uint32_t bytes = context->held.bytes;
  context->held.bytes = 0;
  return bytes == 0 || original.update(context->original, context->held.at, bytes);
}

/** Takes note of parameters. Another hash needs its key anew. */
static void note(struct context *context, const OSSL_PARAM *params) {
  for (const OSSL_PARAM *param = params; param && param->key; param++) {
    const char *name;
    if (strcmp(param->key, OSSL_MAC_PARAM_DIGEST) == 0 && OSSL_PARAM_get_utf8_string_ptr(param, &name)) {
      context->hash_known = digest_find(name, &context->hash);
      context->keyed = false;
    } else if (strcmp(param->key, OSSL_MAC_PARAM_PROPERTIES) != 0) {
      context->special = true;
    }
  }
}

static int mac_init(void *at, const unsigned char *key, size_t key_bytes, const OSSL_PARAM params[]) {
  struct context *context = at;
  context->held.bytes = 0;
  note(context, params);
  if (key) {
    vc_session_close(&context->session);
    context->missed = 0;
    context->keyed = context->hash_known && key_bytes > 0 && key_bytes <= VC_KEY_MAX;
    context->key_bytes = context->keyed ? (uint32_t)key_bytes : 0;
    memcpy(context->key, key, context->key_bytes);
  }
  context->holds = context->keyed && !context->special;
  return original.init(context->original, key, key_bytes, params);
}

static int mac_update(void *at, const unsigned char *in, size_t bytes) {
  struct context *context = at;
  if (context->holds && (context->held.bytes > 0 || bytes >= context->hash.threshold.open) &&
      held_add(&context->held, in, bytes, limit))
    return 1;
  return hand_over(context) && original.update(context->original, in, bytes);
}

static int mac_final(void *at, unsigned char *out, size_t *out_bytes, size_t room) {
  struct context *context = at;
  if (context->holds && context->held.bytes > 0 && room >= context->hash.result_bytes &&
      threshold_reached(&context->hash.threshold, context->session.id != 0, context->held.bytes, &context->missed) &&
      run_in_device(context, out)) {
    *out_bytes = context->hash.result_bytes;
    context->held.bytes = 0;
    return 1;
  }
  return hand_over(context) && original.final(context->original, out, out_bytes, room);
}

static int mac_set_ctx_params(void *at, const OSSL_PARAM params[]) {
  struct context *context = at;
  if (!hand_over(context)) return 0;
  note(context, params);
  return original.set_ctx_params(context->original, params);
}

static int mac_get_ctx_params(void *at, OSSL_PARAM params[]) {
  const struct context *context = at;
  OSSL_FUNC_mac_get_ctx_params_fn *get =
      (OSSL_FUNC_mac_get_ctx_params_fn *)original_function(original.algorithm->implementation, OSSL_FUNC_MAC_GET_CTX_PARAMS);
  return get && get(context->original, params);
}

static void *mac_new(void *provider) {
  (void)provider;
  struct context *context = OPENSSL_zalloc(sizeof *context);
  if (!context) return NULL;
  context->original = original.newctx(original_context());
  if (context->original) return context;
  OPENSSL_free(context);
  return NULL;
}

static void mac_free(void *at) {
  struct context *context = at;
  if (!context) return;
  vc_session_close(&context->session);
  held_free(&context->held);
  original.freectx(context->original);
  OPENSSL_clear_free(context, sizeof *context);
}

static void *mac_dup(void *at) {
  struct context *context = at;
  struct context *copy = OPENSSL_memdup(context, sizeof *context);
  if (!copy) return NULL;
  copy->session = (struct vc_session){0};
  copy->original = original.dupctx(context->original);
  if (copy->original && held_copy(&copy->held)) return copy;
  if (copy->original) original.freectx(copy->original);
  OPENSSL_clear_free(copy, sizeof *copy);
  return NULL;
}

static OSSL_DISPATCH table[ORIGINAL_FUNCTIONS];
static OSSL_ALGORITHM algorithms[2];

static bool build(void) {
  const OSSL_DISPATCH *from = original.algorithm->implementation;
#define TAKE(field, number) \
  if (!(original.field = (OSSL_FUNC_mac_##field##_fn *)original_function(from, number))) return false
  TAKE(newctx, OSSL_FUNC_MAC_NEWCTX);
  TAKE(freectx, OSSL_FUNC_MAC_FREECTX);
  TAKE(dupctx, OSSL_FUNC_MAC_DUPCTX);
  TAKE(init, OSSL_FUNC_MAC_INIT);
  TAKE(update, OSSL_FUNC_MAC_UPDATE);
  TAKE(final, OSSL_FUNC_MAC_FINAL);
  TAKE(set_ctx_params, OSSL_FUNC_MAC_SET_CTX_PARAMS);
#undef TAKE
  const OSSL_DISPATCH ours[] = {
      {OSSL_FUNC_MAC_NEWCTX, (void (*)(void))mac_new},
      {OSSL_FUNC_MAC_FREECTX, (void (*)(void))mac_free},
      {OSSL_FUNC_MAC_DUPCTX, (void (*)(void))mac_dup},
      {OSSL_FUNC_MAC_INIT, (void (*)(void))mac_init},
      {OSSL_FUNC_MAC_UPDATE, (void (*)(void))mac_update},
      {OSSL_FUNC_MAC_FINAL, (void (*)(void))mac_final},
      {OSSL_FUNC_MAC_SET_CTX_PARAMS, (void (*)(void))mac_set_ctx_params},
      {OSSL_FUNC_MAC_GET_CTX_PARAMS, (void (*)(void))mac_get_ctx_params},
      {0, NULL},
  };
  return original_overlay(from, ours, table);
}

static void build_once(void) {
  struct hash hash;
  limit = vc_text_max();
  original.algorithm = original_find(OSSL_OP_MAC, "HMAC");
  if (limit == 0 || !digest_find("SHA2-256", &hash) || !original.algorithm || !build()) return;
  algorithms[0] = (OSSL_ALGORITHM){original.algorithm->algorithm_names, "provider=virtio-crypto", table, NULL};
}

const OSSL_ALGORITHM *mac_algorithms(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, build_once);
  return algorithms;
}

unsigned mac_missing(char *names, size_t bytes) {
  if (vc_offers(VC_MAC, VIRTIO_CRYPTO_MAC_HMAC_SHA_256)) return 1;
  original_add_name(names, bytes, "HMAC");
  return 0;
}
