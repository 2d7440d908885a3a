/*
 * AES-CBC and AES-CTR: as long as a message comes in whole blocks, each piece that the device gains from is a request, and the chaining
 * value is kept here. The first piece that is short or has a part of a block ends this: the default provider's implementation (the
 * original) gets the chaining value, and has the rest of the message, with its padding.
 */
#include "block.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#include "../driver/vcrypto.h"
#include "../driver/wire.h"
#include "original.h"
#include "thresholds.h"

#define BLOCK 16u
#define KEY_MAX 32u

/** One algorithm. */
struct block {
  const char *name;
  /** CBC; else CTR. */
  bool chains;
  uint32_t algorithm;
  uint32_t key_bytes;
  const OSSL_ALGORITHM *original;
  /** Of decryption and of encryption. */
  struct threshold thresholds[2];
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

struct context {
  const struct block *block;
  void *original;
  bool encrypt, keyed, padded;
  /** A parameter was set that only the original knows about. */
  bool special;
  /** The message may go to the device: all of it so far was in whole blocks, and `iv` is the chaining value. */
  bool ours;
  /** The device had a part of it, which the original does not know. */
  bool ahead;
  /** The original was told another IV than the first one. */
  bool moved;
  bool iv_known, session_encrypts;
  uint8_t key[KEY_MAX], first_iv[BLOCK], iv[BLOCK];
  struct vc_session session;
  uint32_t missed;
};

#define CBC(bits) {.name = "AES-" #bits "-CBC", .chains = true, .algorithm = VIRTIO_CRYPTO_CIPHER_AES_CBC, .key_bytes = bits / 8}
#define CTR(bits) {.name = "AES-" #bits "-CTR", .chains = false, .algorithm = VIRTIO_CRYPTO_CIPHER_AES_CTR, .key_bytes = bits / 8}
// The first of each kind is measured for all of its kind: longer keys gain more.
static struct block blocks[] = {CBC(128), CBC(192), CBC(256), CTR(128), CTR(192), CTR(256)};
#define BLOCKS (sizeof blocks / sizeof *blocks)
static uint32_t chunk;

static int original_init(struct context *context, const uint8_t *key, size_t key_bytes, const uint8_t *iv, const OSSL_PARAM *params) {
  const struct block *block = context->block;
  return (context->encrypt ? block->encrypt_init : block->decrypt_init)(context->original, key, key_bytes, iv, iv ? BLOCK : 0, params);
}

/** The original goes on from here. */
static bool hand_over(struct context *context) {
  context->ours = false;
  if (!context->ahead) return true;
  context->ahead = false;
  context->moved = true;
  return original_init(context, NULL, 0, context->iv, NULL);
}

static enum vc_result ensure_session(struct context *context) {
  // Counter mode is the same in both directions.
  bool encrypt = context->encrypt || !context->block->chains;
  if (context->session_encrypts == encrypt && vc_session_is_open(&context->session)) return VC_OK;
  vc_session_close(&context->session);
  const struct vc_session_parameters parameters = {
      .service = VC_CIPHER,
      .algorithm = context->block->algorithm,
      .encrypt = encrypt,
      .key = context->key,
      .key_bytes = context->block->key_bytes,
  };
  context->session_encrypts = encrypt;
  return vc_session_open(&parameters, &context->session);
}

static enum vc_result request(struct context *context, const struct vc_slot *slot, uint32_t bytes) {
  enum vc_result result = VC_NO_SESSION;
  for (int tries = 0; tries < 2 && result == VC_NO_SESSION; tries++) {
    result = ensure_session(context);
    if (result == VC_OK)
      result = vc_cipher(&context->session, slot, context->block->algorithm, context->session_encrypts, context->iv, BLOCK, bytes);
    if (result == VC_NO_SESSION) context->session = (struct vc_session){0};
  }
  return result;
}

/** The chaining value behind a piece. */
static void advance(struct context *context, const struct vc_slot *slot, uint32_t bytes) {
  if (context->block->chains) {
    memcpy(context->iv, (context->encrypt ? slot->out : slot->in) + bytes - BLOCK, BLOCK);
    return;
  }
  uint32_t carry = bytes / BLOCK;
  for (int i = BLOCK - 1; i >= 0 && carry > 0; i--) {
    carry += context->iv[i];
    context->iv[i] = (uint8_t)carry;
    carry >>= 8;
  }
}

/** Runs whole blocks in the device. Returns the bytes that are done: fewer, if the device fails. */
static size_t run_in_device(struct context *context, uint8_t *out, const uint8_t *in, size_t bytes) {
  struct vc_slot slot;
  size_t done = 0;
  if (!vc_slot_take(&slot)) return 0;
  while (done < bytes) {
    uint32_t piece = bytes - done < chunk ? (uint32_t)(bytes - done) : chunk;
    memcpy(slot.in, in + done, piece);
    if (request(context, &slot, piece) != VC_OK) break;
    advance(context, &slot, piece);
    memcpy(out + done, slot.out, piece);
    done += piece;
    context->ahead = true;
  }
  vc_slot_give(&slot);
  return done;
}

static int block_update(void *at, unsigned char *out, size_t *out_bytes, size_t room, const unsigned char *in, size_t bytes) {
  struct context *context = at;
  if (context->ours && bytes >= context->block->thresholds[context->encrypt].open) {
    size_t whole = bytes - bytes % BLOCK, more = 0;
    // The original keeps the last block back, and takes its padding away at the end.
    if (context->block->chains && context->padded && !context->encrypt && whole == bytes) whole -= BLOCK;
    if (out && whole > 0 && room >= whole &&
        threshold_reached(&context->block->thresholds[context->encrypt], context->session.id != 0, (uint32_t)whole, &context->missed)) {
      size_t done = run_in_device(context, out, in, whole);
      *out_bytes = done;
      if (done == bytes) return 1;
      if (!hand_over(context)) return 0;
      if (!context->block->update(context->original, out + done, &more, room - done, in + done, bytes - done)) return 0;
      *out_bytes = done + more;
      return 1;
    }
  }
  return hand_over(context) && context->block->update(context->original, out, out_bytes, room, in, bytes);
}

static int block_final(void *at, unsigned char *out, size_t *out_bytes, size_t room) {
  struct context *context = at;
  if (context->ahead && (!context->block->chains || !context->padded)) {
    *out_bytes = 0;
    return 1;
  }
  return hand_over(context) && context->block->final(context->original, out, out_bytes, room);
}

static int block_cipher(void *at, unsigned char *out, size_t *out_bytes, size_t room, const unsigned char *in, size_t bytes) {
  struct context *context = at;
  return hand_over(context) && context->block->cipher(context->original, out, out_bytes, room, in, bytes);
}

/** Takes note of parameters. Those that are not for every message make the context one of the original. */
static void note(struct context *context, const OSSL_PARAM *params) {
  for (const OSSL_PARAM *param = params; param && param->key; param++) {
    unsigned padded;
    if (strcmp(param->key, OSSL_CIPHER_PARAM_PADDING) == 0 && OSSL_PARAM_get_uint(param, &padded)) {
      context->padded = padded != 0;
    } else if (strcmp(param->key, OSSL_CIPHER_PARAM_KEYLEN) != 0) {
      context->special = true;
    }
  }
}

static int block_init(struct context *context, bool encrypt, const unsigned char *key, size_t key_bytes, const unsigned char *iv,
                      size_t iv_bytes, const OSSL_PARAM *params) {
  // Without a new IV, CBC begins again with the first one, and CTR goes on.
  if (iv && iv_bytes != BLOCK) {
    context->ours = context->ahead = context->iv_known = false;
    return (encrypt ? context->block->encrypt_init : context->block->decrypt_init)(context->original, key, key_bytes, iv, iv_bytes,
                                                                                  params);
  }
  const unsigned char *told = iv;
  if (!iv && context->iv_known && context->block->chains) told = context->first_iv;
  else if (!iv && context->ahead) told = context->iv;
  bool goes_on = !iv && !context->block->chains;
  context->encrypt = encrypt;
  if (!original_init(context, key, key_bytes, told, params)) return 0;
  note(context, params);
  context->ahead = false;
  if (key) {
    vc_session_close(&context->session);
    context->missed = 0;
    context->keyed = key_bytes == context->block->key_bytes;
    if (context->keyed) memcpy(context->key, key, key_bytes);
  }
  if (iv) memcpy(context->first_iv, iv, BLOCK);
  if (iv) context->iv_known = true;
  if (!goes_on) {
    memcpy(context->iv, context->first_iv, BLOCK);
    context->moved = false;
    context->ours = context->iv_known;
  } else if (told) {
    context->moved = true;
  }
  context->ours = context->ours && context->keyed && !context->special;
  return 1;
}

static int block_encrypt_init(void *at, const unsigned char *key, size_t key_bytes, const unsigned char *iv, size_t iv_bytes,
                              const OSSL_PARAM params[]) {
  return block_init(at, true, key, key_bytes, iv, iv_bytes, params);
}

static int block_decrypt_init(void *at, const unsigned char *key, size_t key_bytes, const unsigned char *iv, size_t iv_bytes,
                              const OSSL_PARAM params[]) {
  return block_init(at, false, key, key_bytes, iv, iv_bytes, params);
}

/** The original writes an IV as it knows it. Ours takes its place. */
static bool put_iv(OSSL_PARAM *param, const uint8_t *iv) {
  if (param->data_type == OSSL_PARAM_OCTET_PTR) return OSSL_PARAM_set_octet_ptr(param, iv, BLOCK);
  return OSSL_PARAM_set_octet_string(param, iv, BLOCK);
}

static int block_get_ctx_params(void *at, OSSL_PARAM params[]) {
  struct context *context = at;
  // EVP asks for this before each IV, and the original takes its time to say it.
  if (params->key && strcmp(params->key, OSSL_CIPHER_PARAM_IVLEN) == 0 && !params[1].key)
    return OSSL_PARAM_set_size_t(params, BLOCK);
  if (!context->block->get_ctx_params(context->original, params)) return 0;
  OSSL_PARAM *first = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_IV);
  OSSL_PARAM *updated = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_UPDATED_IV);
  if (first && (context->moved || context->ahead) && !put_iv(first, context->first_iv)) return 0;
  return !updated || !context->ahead || put_iv(updated, context->iv);
}

static int block_set_ctx_params(void *at, const OSSL_PARAM params[]) {
  struct context *context = at;
  bool ours = context->ours && !context->ahead;
  if (context->ahead && !hand_over(context)) return 0;
  note(context, params);
  context->ours = ours && !context->special;
  return context->block->set_ctx_params(context->original, params);
}

static void *block_new(unsigned index) {
  struct context *context = OPENSSL_zalloc(sizeof *context);
  if (!context) return NULL;
  context->block = &blocks[index];
  context->padded = true;
  context->original = blocks[index].newctx(original_context());
  if (context->original) return context;
  OPENSSL_free(context);
  return NULL;
}

static void block_free(void *at) {
  struct context *context = at;
  if (!context) return;
  vc_session_close(&context->session);
  context->block->freectx(context->original);
  OPENSSL_clear_free(context, sizeof *context);
}

/** A copy has a session of its own. */
static void *block_dup(void *at) {
  struct context *context = at;
  struct context *copy = OPENSSL_memdup(context, sizeof *context);
  if (!copy) return NULL;
  copy->session = (struct vc_session){0};
  copy->original = context->block->dupctx(context->original);
  if (copy->original) return copy;
  OPENSSL_clear_free(copy, sizeof *copy);
  return NULL;
}

// The measurement

struct measured {
  struct context *context;
  uint8_t *text;
};

static bool measure_software(void *at, uint32_t bytes) {
  const struct measured *measured = at;
  size_t done;
  return original_init(measured->context, NULL, 0, measured->context->first_iv, NULL) &&
         measured->context->block->update(measured->context->original, measured->text, &done, bytes, measured->text, bytes);
}

static bool measure_device(void *at, uint32_t bytes) {
  const struct measured *measured = at;
  return run_in_device(measured->context, measured->text, measured->text, bytes) == bytes && hand_over(measured->context);
}

static bool measure_session(void *at) {
  const struct measured *measured = at;
  vc_session_close(&measured->context->session);
  return ensure_session(measured->context) == VC_OK;
}

static struct threshold measure(unsigned index, bool encrypt, enum kind kind) {
  static const struct trial TRIAL = {measure_software, measure_device, measure_session};
  struct threshold found = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
  struct measured measured = {.context = block_new(index), .text = OPENSSL_zalloc(4096)};
  static const uint8_t KEY[KEY_MAX] = {1}, IV[BLOCK] = {0};
  if (measured.context && measured.text && block_init(measured.context, encrypt, KEY, blocks[index].key_bytes, IV, BLOCK, NULL))
    found = threshold_of(kind, &TRIAL, &measured);
  OPENSSL_free(measured.text);
  block_free(measured.context);
  return found;
}

// The tables

#define NEW(index) \
  static void *new_##index(void *provider) { \
    (void)provider; \
    return block_new(index); \
  }
NEW(0)
NEW(1)
NEW(2)
NEW(3)
NEW(4)
NEW(5)
static OSSL_FUNC_cipher_newctx_fn *const NEWS[] = {new_0, new_1, new_2, new_3, new_4, new_5};
_Static_assert(sizeof NEWS / sizeof *NEWS == BLOCKS, "each cipher has a function for new contexts");

static OSSL_DISPATCH tables[BLOCKS][ORIGINAL_FUNCTIONS];

/** Takes the original's table, with our functions in it. False: the original lacks what ours needs. */
static bool build(unsigned index) {
  struct block *block = &blocks[index];
  const OSSL_DISPATCH *table = block->original->implementation;
#define TAKE(field, number) \
  if (!(block->field = (OSSL_FUNC_cipher_##field##_fn *)original_function(table, number))) return false
  TAKE(newctx, OSSL_FUNC_CIPHER_NEWCTX);
  TAKE(freectx, OSSL_FUNC_CIPHER_FREECTX);
  TAKE(dupctx, OSSL_FUNC_CIPHER_DUPCTX);
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
      {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))block_free},
      {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))block_dup},
      {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))block_encrypt_init},
      {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))block_decrypt_init},
      {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))block_update},
      {OSSL_FUNC_CIPHER_FINAL, (void (*)(void))block_final},
      {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))block_cipher},
      {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))block_get_ctx_params},
      {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))block_set_ctx_params},
      {0, NULL},
  };
  return original_overlay(table, ours, tables[index]);
}

unsigned block_algorithms(OSSL_ALGORITHM *list, unsigned room) {
  unsigned count = 0;
  struct threshold known[2][2];
  bool is_known[2] = {false, false};
  chunk = vc_text_max() / BLOCK * BLOCK;
  for (unsigned index = 0; index < BLOCKS && count < room && chunk > 0; index++) {
    struct block *block = &blocks[index];
    if (!vc_offers(VC_CIPHER, block->algorithm)) continue;
    block->original = original_find(OSSL_OP_CIPHER, block->name);
    if (!block->original || !build(index)) continue;
    if (!is_known[block->chains]) {
      is_known[block->chains] = true;
      known[block->chains][1] = measure(index, true, block->chains ? KIND_AES_CBC_ENCRYPT : KIND_AES_CTR);
      known[block->chains][0] = block->chains ? measure(index, false, KIND_AES_CBC_DECRYPT) : known[block->chains][1];
    }
    memcpy(block->thresholds, known[block->chains], sizeof block->thresholds);
    list[count++] = (OSSL_ALGORITHM){block->original->algorithm_names, "provider=virtio-crypto", tables[index], NULL};
  }
  return count;
}

unsigned block_missing(char *names, size_t bytes) {
  static const struct {
    uint32_t algorithm;
    const char *name;
  } MODES[] = {{VIRTIO_CRYPTO_CIPHER_AES_CBC, "AES-CBC"}, {VIRTIO_CRYPTO_CIPHER_AES_CTR, "AES-CTR"}};
  unsigned offered = 0;
  for (unsigned i = 0; i < 2; i++) {
    if (vc_offers(VC_CIPHER, MODES[i].algorithm)) offered++;
    else original_add_name(names, bytes, MODES[i].name);
  }
  return offered;
}
