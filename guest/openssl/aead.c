/*
 * AEADs: a message that comes in one piece is one request to the device. Its additional data and its IV wait until the text comes, so
 * that a TLS record is one request. Everything else is done by the default provider's implementation (the original), in the same context:
 * it gets IV, additional data and text that were held back, or that the device had already, and goes on from there.
 */
#include "aead.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "../driver/vcrypto.h"
#include "../driver/wire.h"
#include "original.h"
#include "thresholds.h"

#define IV_BYTES 12u
#define KEY_MAX 32u

/** One algorithm. */
struct aead {
  const char *name;
  enum kind kind;
  uint32_t algorithm;
  uint32_t key_bytes;
  const OSSL_ALGORITHM *original;
  struct threshold threshold;
  OSSL_FUNC_cipher_newctx_fn *newctx;
  OSSL_FUNC_cipher_freectx_fn *freectx;
  OSSL_FUNC_cipher_dupctx_fn *dupctx;
  OSSL_FUNC_cipher_encrypt_init_fn *encrypt_init;
  OSSL_FUNC_cipher_decrypt_init_fn *decrypt_init;
  OSSL_FUNC_cipher_update_fn *update;
  OSSL_FUNC_cipher_final_fn *final;
  OSSL_FUNC_cipher_cipher_fn *cipher;
  OSSL_FUNC_cipher_get_ctx_params_fn *get_ctx_params;
  OSSL_FUNC_cipher_set_ctx_params_fn *set_ctx_params;
};

enum state {
  /** The original has the message. */
  ORIGINAL,
  /** There is an IV, and perhaps additional data. The original knows neither. */
  WAITING,
  /** The device had the text. The slot has what the original needs to go on, should more come. */
  COMPUTED,
  /** The message ended, and its IV must not be used again. */
  ENDED,
  /** The message cannot go on: what the device had is gone. */
  BROKEN,
};

struct context {
  const struct aead *aead;
  void *original;
  enum state state;
  bool encrypt, keyed, of_tls;
  /** Nothing made its IV other than IV_BYTES long. */
  bool iv_is_usual;
  uint8_t key[KEY_MAX];
  uint8_t iv[IV_BYTES];
  uint8_t tag[VC_TAG_BYTES], computed[VC_TAG_BYTES];
  size_t tag_bytes;
  /** The tag to compare with was given since the last init. */
  bool tag_given;
  /** The device found the tag to be right. */
  bool verified;
  bool session_encrypts;
  struct vc_session session;
  struct vc_slot slot;
  const uint8_t *replay;
  uint32_t text_bytes, missed, aad_bytes;
  uint8_t aad[VC_AAD_MAX];
};

static struct aead aeads[] = {
    {.name = "AES-128-GCM",
     .kind = KIND_AES_128_GCM,
     .algorithm = VIRTIO_CRYPTO_AEAD_GCM,
     .key_bytes = 16},
    {.name = "AES-256-GCM",
     .kind = KIND_AES_256_GCM,
     .algorithm = VIRTIO_CRYPTO_AEAD_GCM,
     .key_bytes = 32},
    {.name = "ChaCha20-Poly1305",
     .kind = KIND_CHACHA20_POLY1305,
     .algorithm = VIRTIO_CRYPTO_AEAD_CHACHA20_POLY1305,
     .key_bytes = 32},
};
#define AEADS (sizeof aeads / sizeof *aeads)

/** What fits a request to this device. */
static uint32_t text_max;

static int original_init(struct context *context, const uint8_t *key, size_t key_bytes, const uint8_t *iv, size_t iv_bytes,
                         const OSSL_PARAM *params) {
  const struct aead *aead = context->aead;
  return (context->encrypt ? aead->encrypt_init : aead->decrypt_init)(context->original, key, key_bytes, iv, iv_bytes, params);
}

/** Forgets the message, not the key. */
static void drop_message(struct context *context) {
  vc_slot_give(&context->slot);
  context->replay = NULL;
  context->aad_bytes = context->text_bytes = 0;
  context->tag_given = context->verified = false;
}

/** Hands the message over to the original: all of it so far, of which it need not tell the result again. */
static bool hand_over(struct context *context) {
  size_t done;
  if (context->state == ORIGINAL) return true;
  if (context->state != WAITING && context->state != COMPUTED) return false;
  bool computed = context->state == COMPUTED;
  context->state = BROKEN;
  if (!original_init(context, NULL, 0, context->iv, IV_BYTES, NULL)) return false;
  if (context->aad_bytes > 0 &&
      !context->aead->update(context->original, NULL, &done, context->aad_bytes, context->aad, context->aad_bytes))
    return false;
  if (computed) {
    // A child that was forked does not know what its parent has put into the slot since.
    if (!vc_slot_is_own(&context->slot)) return false;
    uint8_t *scratch = context->replay == context->slot.in ? context->slot.out : context->slot.in;
    if (!context->aead->update(context->original, scratch, &done, context->text_bytes, context->replay, context->text_bytes))
      return false;
  }
  vc_slot_give(&context->slot);
  context->state = ORIGINAL;
  return true;
}

/** Makes sure that there is a session in this direction. A device that had forgotten the one before has a new one then. */
static enum vc_result ensure_session(struct context *context, bool encrypt) {
  if (context->session_encrypts == encrypt && vc_session_is_open(&context->session)) return VC_OK;
  vc_session_close(&context->session);
  const struct vc_session_parameters parameters = {
      .service = VC_AEAD,
      .algorithm = context->aead->algorithm,
      .encrypt = encrypt,
      .key = context->key,
      .key_bytes = context->aead->key_bytes,
  };
  context->session_encrypts = encrypt;
  return vc_session_open(&parameters, &context->session);
}

static enum vc_result request(struct context *context, bool encrypt, uint32_t bytes) {
  const struct vc_aead wanted = {
      .encrypt = encrypt,
      .algorithm = context->aead->algorithm,
      .iv = context->iv,
      .iv_bytes = IV_BYTES,
      .aad = context->aad,
      .aad_bytes = context->aad_bytes,
      .text_bytes = bytes,
  };
  enum vc_result result = VC_NO_SESSION;
  for (int tries = 0; tries < 2 && result == VC_NO_SESSION; tries++) {
    result = ensure_session(context, encrypt);
    if (result == VC_OK) result = vc_aead(&context->session, &context->slot, &wanted);
    if (result == VC_NO_SESSION) context->session = (struct vc_session){0};
  }
  return result;
}

/**
 * Runs the text in the device. Where the tag to compare with is not known yet, the text is decrypted by encrypting it, since both are
 * the same exclusive or, and encrypted again for its tag.
 */
static bool run_in_device(struct context *context, uint8_t *out, const uint8_t *in, uint32_t bytes) {
  if (!vc_slot_take(&context->slot)) return false;
  struct vc_slot *slot = &context->slot;
  bool verify = !context->encrypt && context->tag_given && context->tag_bytes == VC_TAG_BYTES;
  memcpy(slot->in, in, bytes);
  if (verify) memcpy(slot->in + bytes, context->tag, VC_TAG_BYTES);
  if (request(context, !verify, bytes) != VC_OK) goto fail;
  context->replay = slot->in;
  if (!context->encrypt && !verify) {
    memcpy(slot->in, slot->out, bytes);
    if (request(context, true, bytes) != VC_OK) goto fail;
    memcpy(out, slot->in, bytes);
    context->replay = slot->out;
  } else {
    memcpy(out, slot->out, bytes);
  }
  if (verify) context->verified = true;
  else memcpy(context->computed, slot->out + bytes, VC_TAG_BYTES);
  context->text_bytes = bytes;
  context->state = COMPUTED;
  return true;
fail:
  vc_slot_give(slot);
  return false;
}

static bool goes_to_device(struct context *context, size_t bytes) {
  return context->state == WAITING && context->keyed && bytes <= text_max &&
         threshold_reached(&context->aead->threshold, context->session.id != 0, (uint32_t)bytes, &context->missed);
}

static int aead_update(void *at, unsigned char *out, size_t *out_bytes, size_t room, const unsigned char *in, size_t bytes) {
  struct context *context = at;
  if (context->state == WAITING) {
    if (bytes == 0) {
      *out_bytes = 0;
      return 1;
    }
    if (!out && bytes <= VC_AAD_MAX - context->aad_bytes) {
      memcpy(context->aad + context->aad_bytes, in, bytes);
      context->aad_bytes += (uint32_t)bytes;
      *out_bytes = bytes;
      return 1;
    }
    if (out && room >= bytes && goes_to_device(context, bytes) && run_in_device(context, out, in, (uint32_t)bytes)) {
      *out_bytes = bytes;
      return 1;
    }
  }
  return hand_over(context) && context->aead->update(context->original, out, out_bytes, room, in, bytes);
}

static int aead_final(void *at, unsigned char *out, size_t *out_bytes, size_t room) {
  struct context *context = at;
  if (context->state != COMPUTED)
    return hand_over(context) && context->aead->final(context->original, out, out_bytes, room);
  *out_bytes = 0;
  if (!context->encrypt && !context->verified) {
    if (context->tag_bytes == 0) return 0;
    if (CRYPTO_memcmp(context->computed, context->tag, context->tag_bytes) != 0) {
      context->state = ENDED;
      vc_slot_give(&context->slot);
      return 0;
    }
  }
  context->state = ENDED;
  vc_slot_give(&context->slot);
  return 1;
}

static int aead_cipher(void *at, unsigned char *out, size_t *out_bytes, size_t room, const unsigned char *in, size_t bytes) {
  struct context *context = at;
  return hand_over(context) && context->aead->cipher(context->original, out, out_bytes, room, in, bytes);
}

static int aead_init(struct context *context, bool encrypt, const unsigned char *key, size_t key_bytes, const unsigned char *iv,
                     size_t iv_bytes, const OSSL_PARAM *params) {
  if (params && params->key) context->iv_is_usual = false;
  // The original gets what waits, if a parameter or another direction concerns that.
  if (!iv && context->state == WAITING && (params || encrypt != context->encrypt) && !hand_over(context)) return 0;
  context->encrypt = encrypt;
  if (key) {
    vc_session_close(&context->session);
    context->missed = 0;
    context->keyed = false;
  }
  bool waits = iv && iv_bytes == IV_BYTES && !context->of_tls && !params;
  if (!waits && iv) {
    drop_message(context);
    context->state = ORIGINAL;
  }
  // Of all that is given, the IV alone can wait.
  if ((key || !waits) && !original_init(context, key, key_bytes, waits ? NULL : iv, waits ? 0 : iv_bytes, params)) return 0;
  if (key && key_bytes == context->aead->key_bytes) {
    memcpy(context->key, key, key_bytes);
    context->keyed = true;
  }
  if (waits) {
    drop_message(context);
    memcpy(context->iv, iv, IV_BYTES);
    context->state = WAITING;
  }
  return 1;
}

static int aead_encrypt_init(void *at, const unsigned char *key, size_t key_bytes, const unsigned char *iv, size_t iv_bytes,
                             const OSSL_PARAM params[]) {
  return aead_init(at, true, key, key_bytes, iv, iv_bytes, params);
}

static int aead_decrypt_init(void *at, const unsigned char *key, size_t key_bytes, const unsigned char *iv, size_t iv_bytes,
                             const OSSL_PARAM params[]) {
  return aead_init(at, false, key, key_bytes, iv, iv_bytes, params);
}

static int aead_get_ctx_params(void *at, OSSL_PARAM params[]) {
  struct context *context = at;
  // EVP asks for this before each IV, and the original takes its time to say it.
  if (context->iv_is_usual && params->key && strcmp(params->key, OSSL_CIPHER_PARAM_IVLEN) == 0 && !params[1].key)
    return OSSL_PARAM_set_size_t(params, IV_BYTES);
  OSSL_PARAM *tag = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
  bool computed = context->encrypt && (context->state == COMPUTED || context->state == ENDED);
  if (tag && computed) {
    if (tag->data_type != OSSL_PARAM_OCTET_STRING || tag->data_size == 0 || tag->data_size > VC_TAG_BYTES) return 0;
    if (!OSSL_PARAM_set_octet_string(tag, context->computed, tag->data_size)) return 0;
    if (tag == params && !params[1].key) return 1;
  }
  if (context->state != ORIGINAL && context->state != BROKEN &&
      (OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_IV) || OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_UPDATED_IV)) &&
      !original_init(context, NULL, 0, context->iv, IV_BYTES, NULL))
    return 0;
  return context->aead->get_ctx_params(context->original, params);
}

/** Parameters after which only the original knows the message: TLS 1.2, IVs that it makes itself, other lengths of IVs. */
static bool is_of_original(const OSSL_PARAM *param) {
  return strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TAG) != 0 && strcmp(param->key, OSSL_CIPHER_PARAM_KEYLEN) != 0;
}

static int aead_set_ctx_params(void *at, const OSSL_PARAM params[]) {
  struct context *context = at;
  for (const OSSL_PARAM *param = params; param && param->key; param++) {
    if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD) == 0) context->of_tls = true;
    if (is_of_original(param)) context->iv_is_usual = false;
    if (is_of_original(param) && context->state == WAITING && !hand_over(context)) return 0;
  }
  if (!context->aead->set_ctx_params(context->original, params)) return 0;
  const OSSL_PARAM *tag = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TAG);
  if (tag && tag->data_size <= VC_TAG_BYTES) {
    context->tag_bytes = tag->data_size;
    context->tag_given = tag->data != NULL;
    if (tag->data) memcpy(context->tag, tag->data, tag->data_size);
  }
  return 1;
}

static void *aead_new(unsigned index) {
  struct context *context = OPENSSL_zalloc(sizeof *context);
  if (!context) return NULL;
  context->aead = &aeads[index];
  context->iv_is_usual = true;
  context->original = aeads[index].newctx(original_context());
  if (context->original) return context;
  OPENSSL_free(context);
  return NULL;
}

static void aead_free(void *at) {
  struct context *context = at;
  if (!context) return;
  vc_slot_give(&context->slot);
  vc_session_close(&context->session);
  context->aead->freectx(context->original);
  OPENSSL_clear_free(context, sizeof *context);
}

/** A copy has a session of its own. A message that the device had is the original's in both, from then on. */
static void *aead_dup(void *at) {
  struct context *context = at;
  if (context->state == COMPUTED && !hand_over(context)) return NULL;
  struct context *copy = OPENSSL_memdup(context, sizeof *context);
  if (!copy) return NULL;
  copy->session = (struct vc_session){0};
  copy->slot = (struct vc_slot){0};
  copy->original = context->aead->dupctx(context->original);
  if (copy->original) return copy;
  OPENSSL_clear_free(copy, sizeof *copy);
  return NULL;
}

// The measurement

struct measured {
  struct context *context;
  struct vc_slot slot;
  uint8_t *text;
};

static bool measure_software(void *at, uint32_t bytes) {
  struct measured *measured = at;
  struct context *context = measured->context;
  size_t done;
  return original_init(context, NULL, 0, context->iv, IV_BYTES, NULL) &&
         context->aead->update(context->original, measured->text, &done, bytes, measured->text, bytes) &&
         context->aead->final(context->original, measured->text + bytes, &done, 0);
}

static bool measure_device(void *at, uint32_t bytes) {
  struct measured *measured = at;
  struct context *context = measured->context;
  context->state = WAITING;
  bool done = run_in_device(context, measured->text, measured->text, bytes);
  vc_slot_give(&context->slot);
  return done;
}

static bool measure_session(void *at) {
  struct measured *measured = at;
  vc_session_close(&measured->context->session);
  return ensure_session(measured->context, true) == VC_OK;
}

static void measure(unsigned index) {
  static const struct trial TRIAL = {measure_software, measure_device, measure_session};
  struct measured measured = {.context = aead_new(index), .text = OPENSSL_zalloc(4096)};
  uint8_t key[KEY_MAX] = {1};
  if (measured.context && measured.text &&
      aead_init(measured.context, true, key, aeads[index].key_bytes, NULL, 0, NULL))
    aeads[index].threshold = threshold_of(aeads[index].kind, &TRIAL, &measured);
  OPENSSL_free(measured.text);
  aead_free(measured.context);
}

// The tables

#define NEW(index) \
  static void *new_##index(void *provider) { \
    (void)provider; \
    return aead_new(index); \
  }
NEW(0)
NEW(1)
NEW(2)
static OSSL_FUNC_cipher_newctx_fn *const NEWS[] = {new_0, new_1, new_2};
_Static_assert(sizeof NEWS / sizeof *NEWS == AEADS, "each AEAD has a function for new contexts");

static OSSL_DISPATCH tables[AEADS][ORIGINAL_FUNCTIONS];

/** Takes the original's table, with our functions in it. False: the original lacks what ours needs. */
static bool build(unsigned index) {
  struct aead *aead = &aeads[index];
  const OSSL_DISPATCH *table = aead->original->implementation;
#define TAKE(field, number) \
  if (!(aead->field = (OSSL_FUNC_cipher_##field##_fn *)original_function(table, number))) return false
  TAKE(newctx, OSSL_FUNC_CIPHER_NEWCTX);
  TAKE(freectx, OSSL_FUNC_CIPHER_FREECTX);
  // Not every AEAD can be copied.
  aead->dupctx = (OSSL_FUNC_cipher_dupctx_fn *)original_function(table, OSSL_FUNC_CIPHER_DUPCTX);
  TAKE(encrypt_init, OSSL_FUNC_CIPHER_ENCRYPT_INIT);
  TAKE(decrypt_init, OSSL_FUNC_CIPHER_DECRYPT_INIT);
  TAKE(update, OSSL_FUNC_CIPHER_UPDATE);
  TAKE(final, OSSL_FUNC_CIPHER_FINAL);
  TAKE(cipher, OSSL_FUNC_CIPHER_CIPHER);
  TAKE(get_ctx_params, OSSL_FUNC_CIPHER_GET_CTX_PARAMS);
  TAKE(set_ctx_params, OSSL_FUNC_CIPHER_SET_CTX_PARAMS);
#undef TAKE
  const OSSL_DISPATCH ours[] = {
      {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))NEWS[index]},
      {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))aead_free},
      {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))aead_dup},
      {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))aead_encrypt_init},
      {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))aead_decrypt_init},
      {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))aead_update},
      {OSSL_FUNC_CIPHER_FINAL, (void (*)(void))aead_final},
      {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))aead_cipher},
      {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))aead_get_ctx_params},
      {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))aead_set_ctx_params},
      {0, NULL},
  };
  return original_overlay(table, ours, tables[index]);
}

unsigned aead_algorithms(OSSL_ALGORITHM *list, unsigned room) {
  unsigned count = 0;
  text_max = vc_text_max();
  for (unsigned index = 0; index < AEADS && count < room && text_max > 0; index++) {
    struct aead *aead = &aeads[index];
    if (!vc_offers(VC_AEAD, aead->algorithm)) continue;
    aead->original = original_find(OSSL_OP_CIPHER, aead->name);
    if (!aead->original || !build(index)) continue;
    measure(index);
    list[count++] = (OSSL_ALGORITHM){aead->original->algorithm_names, "provider=virtio-crypto", tables[index], NULL};
  }
  return count;
}

unsigned aead_missing(char *names, size_t bytes) {
  unsigned offered = 0;
  for (unsigned index = 0; index < AEADS; index++) {
    if (vc_offers(VC_AEAD, aeads[index].algorithm)) offered++;
    else original_add_name(names, bytes, aeads[index].name);
  }
  return offered;
}
