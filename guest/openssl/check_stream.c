/* Random messages of block ciphers, hashes and HMAC, in pieces, with each provider. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define MESSAGES_MAX 4
#define KEY_MAX 300u
#define OUT_MAX (TEXT_MAX + SLACK)

enum what { BLOCK, DIGEST, MAC };

/** What both sides are told. Each decides what is left open by the same seed. */
struct plan {
  enum what what;
  const char *name;
  bool encrypt, padded, in_place, aligned, copy, wraps;
  unsigned messages, pieces, seed;
  uint32_t key_bytes, text_bytes;
  const uint8_t *key, *text;
};

/** What one side found: all results of all messages, and what every call said. */
struct found {
  uint8_t *out;
  uint32_t bytes;
  uint32_t calls, good;
};

static void say(struct found *found, bool good) {
  found->calls++;
  found->good = found->good * 31u + good;
}

static uint32_t piece_of(const struct plan *plan, unsigned *seed, unsigned piece, uint32_t left) {
  if (piece + 1 == plan->pieces) return left;
  uint32_t bytes = next(seed, left + 1);
  return plan->aligned ? bytes / 16 * 16 : bytes;
}

static EVP_CIPHER_CTX *copy_cipher(EVP_CIPHER_CTX *context) {
  EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
  bool good = EVP_CIPHER_CTX_copy(copy, context);
  EVP_CIPHER_CTX_free(good ? context : copy);
  return good ? copy : context;
}

static void run_block(const struct plan *plan, const char *provider, struct found *found) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, plan->name, provider);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  unsigned seed = plan->seed;
  uint8_t iv[16], known[16];
  for (unsigned message = 0; message < plan->messages; message++) {
    bool again = message > 0 && one_in(&seed, 3), same_key = message > 0 && one_in(&seed, 2);
    fill(&seed, iv, sizeof iv);
    if (plan->wraps) memset(iv + 4, 0xff, 11);
    say(found, EVP_CipherInit_ex2(context, message > 0 ? NULL : cipher, same_key ? NULL : plan->key, again ? NULL : iv,
                                   plan->encrypt, NULL));
    EVP_CIPHER_CTX_set_padding(context, plan->padded);
    uint8_t *out = found->out;
    int done = 0, bytes = 0;
    if (plan->in_place) memcpy(out, plan->text, plan->text_bytes);
    for (uint32_t piece = 0, at = 0; piece < plan->pieces; piece++) {
      uint32_t size = piece_of(plan, &seed, piece, plan->text_bytes - at);
      say(found, EVP_CipherUpdate(context, out + bytes, &done, (plan->in_place ? out : plan->text) + at, (int)size));
      bytes += done;
      at += size;
      if (plan->copy && piece == 0) context = copy_cipher(context);
      if (one_in(&seed, 4)) {
        say(found, EVP_CIPHER_CTX_get_updated_iv(context, known, sizeof known));
        for (int i = 0; i < 16; i++) found->good = found->good * 31u + known[i];
        say(found, EVP_CIPHER_CTX_get_original_iv(context, known, sizeof known));
        for (int i = 0; i < 16; i++) found->good = found->good * 31u + known[i];
      }
    }
    done = 0;
    say(found, EVP_CipherFinal_ex(context, out + bytes, &done));
    bytes += done;
    found->out += bytes;
    found->bytes += (uint32_t)bytes;
  }
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(cipher);
}

static void run_digest(const struct plan *plan, const char *provider, struct found *found) {
  EVP_MD *digest = EVP_MD_fetch(NULL, plan->name, provider);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  unsigned seed = plan->seed, bytes = 0;
  for (unsigned message = 0; message < plan->messages; message++) {
    say(found, EVP_DigestInit_ex2(context, message > 0 && one_in(&seed, 2) ? NULL : digest, NULL));
    for (uint32_t piece = 0, at = 0; piece < plan->pieces; piece++) {
      uint32_t size = piece_of(plan, &seed, piece, plan->text_bytes - at);
      say(found, EVP_DigestUpdate(context, plan->text + at, size));
      at += size;
      if (plan->copy && piece == 0) {
        EVP_MD_CTX *copy = EVP_MD_CTX_new();
        say(found, EVP_MD_CTX_copy_ex(copy, context));
        EVP_MD_CTX_free(context);
        context = copy;
      }
    }
    say(found, EVP_DigestFinal_ex(context, found->out, &bytes));
    found->out += bytes;
    found->bytes += bytes;
  }
  EVP_MD_CTX_free(context);
  EVP_MD_free(digest);
}

static void run_mac(const struct plan *plan, const char *provider, struct found *found) {
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", provider);
  EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)plan->name, 0), OSSL_PARAM_END};
  unsigned seed = plan->seed;
  for (unsigned message = 0; message < plan->messages; message++) {
    bool again = message > 0 && one_in(&seed, 2);
    size_t bytes = 0;
    say(found, EVP_MAC_init(context, again ? NULL : plan->key, again ? 0 : plan->key_bytes, message > 0 ? NULL : params));
    for (uint32_t piece = 0, at = 0; piece < plan->pieces; piece++) {
      uint32_t size = piece_of(plan, &seed, piece, plan->text_bytes - at);
      say(found, EVP_MAC_update(context, plan->text + at, size));
      at += size;
      if (plan->copy && piece == 0) {
        EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(context);
        EVP_MAC_CTX_free(context);
        context = copy;
      }
    }
    say(found, EVP_MAC_final(context, found->out, &bytes, EVP_MAX_MD_SIZE));
    found->out += bytes;
    found->bytes += (uint32_t)bytes;
  }
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
}

static void carry_out(const struct plan *plan, const char *provider, struct found *found) {
  switch (plan->what) {
    case BLOCK: run_block(plan, provider, found); break;
    case DIGEST: run_digest(plan, provider, found); break;
    case MAC: run_mac(plan, provider, found); break;
  }
}

bool check_stream(struct run *run) {
  static const char *const CIPHERS[] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "AES-128-CTR", "AES-192-CTR", "AES-256-CTR"};
  static const char *const HASHES[] = {"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512"};
  unsigned *seed = &run->seed;
  uint8_t *text = malloc(TEXT_MAX), key[KEY_MAX];
  struct plan plan = {
      .what = one_in(seed, 2) ? BLOCK : one_in(seed, 2) ? DIGEST : MAC,
      .encrypt = one_in(seed, 2),
      .padded = one_in(seed, 2),
      .aligned = one_in(seed, 2),
      .copy = one_in(seed, 4),
      .wraps = one_in(seed, 4),
      .messages = 1 + next(seed, MESSAGES_MAX),
      .pieces = one_in(seed, 2) ? 1 : 1 + next(seed, 4),
      .key_bytes = 1 + next(seed, KEY_MAX),
      .text_bytes = size_of_message(seed),
      .key = key,
      .text = text,
  };
  plan.name = plan.what == BLOCK ? CIPHERS[next(seed, 6)] : HASHES[next(seed, 5)];
  if (plan.aligned && one_in(seed, 2)) plan.text_bytes &= ~15u;
  plan.in_place = plan.pieces == 1 && one_in(seed, 2);
  fill(seed, text, TEXT_MAX);
  fill(seed, key, sizeof key);
  plan.seed = *seed;
  uint8_t *ours = calloc(MESSAGES_MAX, OUT_MAX), *theirs = calloc(MESSAGES_MAX, OUT_MAX);
  struct found one = {.out = ours}, other = {.out = theirs};
  carry_out(&plan, AS_CONFIGURED, &one);
  carry_out(&plan, BY_DEFAULT, &other);
  bool same = one.bytes == other.bytes && one.calls == other.calls && one.good == other.good &&
              memcmp(ours, theirs, MESSAGES_MAX * OUT_MAX) == 0;
  if (!same) {
    printf("%s%s, %u messages of %u bytes in %u pieces, key %u%s%s%s%s%s%s differ: %u bytes, default %u\n",
           plan.what == MAC ? "HMAC of " : "", plan.name, plan.messages, plan.text_bytes, plan.pieces, plan.key_bytes,
           plan.encrypt ? " encrypt" : "", plan.padded ? " padded" : "", plan.in_place ? " in-place" : "",
           plan.aligned ? " aligned" : "", plan.copy ? " copy" : "", plan.wraps ? " wraps" : "", one.bytes, other.bytes);
  }
  run->messages += plan.messages;
  free(text);
  free(ours);
  free(theirs);
  return same;
}
