/*
 * An OpenSSL provider over the device. Its algorithms are the default provider's, with the work that the device gains from in the
 * device. Where there is no device it offers nothing, and OpenSSL works on with its own code.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../driver/vcrypto.h"
#include "aead.h"
#include "block.h"
#include "digest.h"
#include "mac.h"
#include "original.h"
#include "thresholds.h"

static OSSL_FUNC_core_get_params_fn *core_get_params;
static const OSSL_CORE_HANDLE *core;
static bool usable;

/** Whether the provider's section of the configuration says this. */
static bool configured(const char *name) {
  const char *value = NULL;
  OSSL_PARAM params[] = {OSSL_PARAM_DEFN(name, OSSL_PARAM_UTF8_PTR, &value, 0), OSSL_PARAM_END};
  return core_get_params && core_get_params(core, params) && value && strcmp(value, "yes") == 0;
}

static const OSSL_PARAM *gettable_params(void *provider) {
  (void)provider;
  static const OSSL_PARAM PARAMS[] = {
      OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
      OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
      OSSL_PARAM_END,
  };
  return PARAMS;
}

static int get_params(void *provider, OSSL_PARAM params[]) {
  (void)provider;
  OSSL_PARAM *name = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
  OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
  return (!name || OSSL_PARAM_set_utf8_ptr(name, "virtio crypto device")) && (!status || OSSL_PARAM_set_int(status, usable));
}

#define CIPHERS_MAX 16u
static OSSL_ALGORITHM ciphers[CIPHERS_MAX + 1];

static void list_ciphers(void) {
  unsigned count = aead_algorithms(ciphers, CIPHERS_MAX);
  block_algorithms(ciphers + count, CIPHERS_MAX - count);
}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache) {
  (void)provider;
  *no_cache = 0;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!usable) return NULL;
  switch (operation) {
    case OSSL_OP_CIPHER: pthread_once(&once, list_ciphers); return ciphers;
    case OSSL_OP_DIGEST: return digest_algorithms();
    case OSSL_OP_MAC: return mac_algorithms();
    default: return NULL;
  }
}

static void tell(const char *why) { fprintf(stderr, "virtio-crypto: OpenSSL works with its own code: %s\n", why); }

/** Whether the device offers something of use here. If it lacks something, a line says what. */
static bool offers_enough(bool quiet) {
  char missing[160] = "";
  if (vc_text_max() == 0) {
    if (!quiet) tell("the device has no room for a request");
    return false;
  }
  unsigned offered = aead_missing(missing, sizeof missing) + block_missing(missing, sizeof missing) +
                     digest_missing(missing, sizeof missing) + mac_missing(missing, sizeof missing);
  if (offered > 0 && missing[0] && !quiet)
    fprintf(stderr, "virtio-crypto: OpenSSL's own code computes what this device does not offer: %s\n", missing);
  if (offered == 0 && !quiet) tell("the device offers none of its algorithms");
  return offered > 0;
}

static void teardown(void *provider) {
  (void)provider;
  digest_end();
  original_unload();
}

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out, void **provider) {
  static const OSSL_DISPATCH FUNCTIONS[] = {
      {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
      {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params},
      {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
      {0, NULL},
  };
  core = handle;
  core_get_params = (OSSL_FUNC_core_get_params_fn *)original_function(in, OSSL_FUNC_CORE_GET_PARAMS);
  bool quiet = configured("quiet");
  if (!quiet) vc_on_lost(tell);
  if (configured("always")) threshold_always();
  if (!vc_open()) {
    if (!quiet) tell(vc_why());
  } else if (!original_load()) {
    if (!quiet) tell("its default provider is missing");
  } else {
    usable = offers_enough(quiet);
  }
  static int context;
  *provider = &context;
  *out = FUNCTIONS;
  return 1;
}
